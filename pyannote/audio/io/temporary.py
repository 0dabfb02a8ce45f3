"""What is being made, apart from what is whole, and gone with whoever made it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

from pyannote.audio.io.storage import TEMPORARY_SUFFIX
from pyannote.audio.io.storage_errors import storage_error

SCRATCH_PREFIX = ".work-"


@contextmanager
def temporary_folder(folder: Path) -> Iterator[Path]:
    """A new folder in a folder, for what is being made; at the end it is removed with all that is left in it.

    Raises
    ------
    StorageError
        It cannot be made.

    Examples
    --------
    >>> from pyannote.audio.io.storage import move, write_text
    >>> folder = getfixture("tmp_path")
    >>> with temporary_folder(folder) as scratch:
    ...     write_text(scratch / "a.txt", "abc")
    ...     move(scratch / "a.txt", folder / "new" / "a.txt")
    >>> [path.name for path in folder.iterdir()]
    ['new']
    """
    try:
        made = TemporaryDirectory(dir=folder, prefix=SCRATCH_PREFIX, ignore_cleanup_errors=True)
    except OSError as error:
        raise storage_error(error, folder) from error
    with made as scratch:
        yield Path(scratch)


def remove_temporaries(folder: Path) -> None:
    """Remove what writers have left that were killed, in a folder and in those directly in it.

    No one else may be writing there. Folders further down may be somebody else's, and stay as they are. What
    cannot be removed stays as well: it does no harm.

    Examples
    --------
    >>> folder = getfixture("tmp_path")
    >>> (folder / f".0{TEMPORARY_SUFFIX}").touch()
    >>> (folder / f"{SCRATCH_PREFIX}0").mkdir()
    >>> remove_temporaries(folder)
    >>> list(folder.iterdir())
    []
    """
    for left in Path(folder).glob(f"{SCRATCH_PREFIX}*"):
        shutil.rmtree(left, ignore_errors=True)
    for left in chain.from_iterable(
        Path(folder).glob(f"{where}.*{TEMPORARY_SUFFIX}") for where in ("", "*/")
    ):
        with suppress(OSError):
            left.unlink()
