"""Writer of curves for tensorboard."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from torch.utils.tensorboard import SummaryWriter

from pyannote.audio.io.storage_errors import storage_error


class Curves(SummaryWriter):
    """Writer of curves, and of pictures, of which it keeps nothing in memory."""

    def add_figure(self, tag: str, figure: Any, *others: Any, **options: Any) -> None:
        """Draw a figure, which cannot be drawn again.

        Parameters
        ----------
        tag : str
        figure : Figure
        *others, **options
            See `SummaryWriter.add_figure`.
        """
        super().add_figure(tag, figure, *others, **options)
        # A figure and its canvas hold each other: megabytes would stay until Python looks for circles.
        figure.clear()
        figure.canvas = None


@contextmanager
def curves(folder: Path, purge_step: int | None = None) -> Iterator[SummaryWriter]:
    """Writer of the curves in a folder.

    Parameters
    ----------
    folder : Path
        Made if missing.
    purge_step : int, optional
        Values of earlier curves from this epoch on are hidden.

    Raises
    ------
    StorageError
        If they cannot be written. tensorboard writes in a thread of its own: this comes with a later call.
    """
    try:
        with Curves(log_dir=str(folder), purge_step=purge_step) as writer:
            yield writer
    except BrokenPipeError:
        # this is about what is printed
        raise
    except OSError as error:
        if error.errno is None:
            # not the operating system says so, but a library whose parts cannot be loaded
            raise
        raise storage_error(error, folder / "events.out.tfevents") from error
