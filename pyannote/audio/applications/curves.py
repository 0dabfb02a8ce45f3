"""Curves for tensorboard."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter

from pyannote.audio.io.refusals import storage_error


@contextmanager
def curves(folder: Path, purge_step: int | None = None) -> Iterator[SummaryWriter]:
    """Writer of the curves in a folder.

    Parameters
    ----------
    folder : Path
        Made if missing.
    purge_step : int, optional
        What earlier curves say of this epoch and later ones is hidden.

    Raises
    ------
    StorageError
        If they cannot be written. tensorboard writes in a thread of its own: this comes with a later call.
    """
    try:
        with SummaryWriter(log_dir=str(folder), purge_step=purge_step) as writer:
            yield writer
    except BrokenPipeError:
        # this is about what is printed
        raise
    except OSError as error:
        if error.errno is None or not Path(error.filename or folder).is_relative_to(folder):
            # this is about something else
            raise
        raise storage_error(error, folder / "events.out.tfevents") from error
