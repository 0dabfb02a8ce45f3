"""Temporary folders for unfinished files, and removal of those of killed processes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

from pyannote.audio.io.storage import TEMPORARY_SUFFIX
from pyannote.audio.io.storage_errors import storage_error

FOLDER_PREFIX = ".work-"


@contextmanager
def temporary_folder(folder: Path) -> Iterator[Path]:
    """Temporary folder in a folder, for unfinished files; removed with its content at the end.

    Raises
    ------
    StorageError
        It cannot be created.

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
        temporary = TemporaryDirectory(dir=folder, prefix=FOLDER_PREFIX, ignore_cleanup_errors=True)
    except OSError as error:
        raise storage_error(error, folder) from error
    with temporary as scratch:
        yield Path(scratch)


def remove_temporaries(folder: Path) -> None:
    """Remove temporary files and folders of killed processes from a folder and its direct subfolders.

    No other process may be writing there. Folders further down may be in use by others, and are unchanged.
    Files that cannot be removed stay: they do no harm.

    Examples
    --------
    >>> folder = getfixture("tmp_path")
    >>> (folder / f".0{TEMPORARY_SUFFIX}").touch()
    >>> (folder / f"{FOLDER_PREFIX}0").mkdir()
    >>> remove_temporaries(folder)
    >>> list(folder.iterdir())
    []
    """
    for left in Path(folder).glob(f"{FOLDER_PREFIX}*"):
        shutil.rmtree(left, ignore_errors=True)
    for left in chain.from_iterable(
        Path(folder).glob(f"{parent}.*{TEMPORARY_SUFFIX}") for parent in ("", "*/")
    ):
        with suppress(OSError):
            left.unlink()
