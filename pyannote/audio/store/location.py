"""Cache folder of all features, and writing into it under a shared lock."""

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
"""Environment variable with the path of the cache folder."""

_EARLIER = Path("~/.cache/pyannote.audio/features")
"""Default of earlier versions on all platforms, which is used if it exists."""


def cache_folder() -> Path:
    """Cache folder: that of PYANNOTE_AUDIO_CACHE, or else that of the platform.

    Examples
    --------
    >>> getfixture("monkeypatch").setenv("PYANNOTE_AUDIO_CACHE", "/data/cache")
    >>> cache_folder().as_posix()
    '/data/cache'
    """
    if path := os.environ.get(VARIABLE):
        return Path(path).expanduser()
    earlier = _EARLIER.expanduser()
    return earlier if earlier.is_dir() else user_cache_path("pyannote.audio", appauthor=False) / "features"


def write_shared(folder: Path, write: Callable[[], None]) -> None:
    """Write into a folder under a shared lock.

    The only process that holds the lock removes temporary files of earlier processes first.

    Raises
    ------
    StorageError
        The folder cannot be written. The message explains how to choose another one.

    Examples
    --------
    >>> folder = getfixture("tmp_path")
    >>> write_shared(folder, (folder / "a.npy").touch)
    >>> (folder / "a.npy").exists()
    True
    """
    with cache_folder_hint(), shared_lock(folder, remove_temporaries):
        write()


@contextmanager
def cache_folder_hint() -> Iterator[None]:
    """Add to storage errors how to choose another cache folder.

    Examples
    --------
    >>> try:
    ...     with cache_folder_hint():
    ...         raise StorageError("The disk is full.")
    ... except StorageError as error:
    ...     print(error.fix)
    Set PYANNOTE_AUDIO_CACHE to a writable folder with enough space.
    """
    try:
        yield
    except StorageError as error:
        fix = f"Set {VARIABLE} to a writable folder with enough space."
        raise StorageError(error.message, file=error.file, fix=fix) from error
