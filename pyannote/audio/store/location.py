"""The folder that features of all kinds are stored in, and writing into a folder of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from platformdirs import user_cache_path

from pyannote.audio.core.errors import StorageError
from pyannote.audio.io.locks import shared_lock
from pyannote.audio.io.temporary import remove_temporaries

VARIABLE = "PYANNOTE_AUDIO_CACHE"
"""Environment variable that names the folder of stored features."""

_EARLIER = Path("~/.cache/pyannote.audio/features")
"""Default on all platforms in earlier versions, which is used where it exists."""


def cache_folder() -> Path:
    """Folder of stored features: the one that PYANNOTE_AUDIO_CACHE names, or that of the platform.

    Examples
    --------
    >>> getfixture("monkeypatch").setenv("PYANNOTE_AUDIO_CACHE", "/data/cache")
    >>> cache_folder().as_posix()
    '/data/cache'
    """
    if chosen := os.environ.get(VARIABLE):
        return Path(chosen).expanduser()
    earlier = _EARLIER.expanduser()
    return earlier if earlier.is_dir() else user_cache_path("pyannote.audio", appauthor=False) / "features"


def write_beside(folder: Path, write: Callable[[], None]) -> None:
    """Write into a folder that other processes write into; the only one there removes unfinished files.

    Raises
    ------
    StorageError
        The folder cannot be written. The sentence tells how another one is chosen.
    """
    with explained(), shared_lock(folder, remove_temporaries):
        write()


@contextmanager
def explained() -> Iterator[None]:
    """Let errors of storage within tell how another folder is chosen."""
    try:
        yield
    except StorageError as error:
        fix = f"Name a folder with enough space, which can be written, in {VARIABLE}."
        raise StorageError(error.message, file=error.file, fix=fix) from error
