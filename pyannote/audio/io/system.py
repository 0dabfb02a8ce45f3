"""Calls to the operating system that some platforms lack: locks of files, flushing and locking of folders."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

_fcntl: Any = None
_msvcrt: Any = None
with suppress(ImportError):
    import fcntl as _fcntl
with suppress(ImportError):
    import msvcrt as _msvcrt

_BYTE = 1 << 30
"""Offset of the byte that is locked where locks are of bytes: far from those that name the holder."""


def lock(stream: IO[Any], *, shared: bool = False) -> None:
    """Lock an open file until it is closed; on a platform without locks, do nothing.

    Parameters
    ----------
    stream : file object
        On POSIX the whole file is locked (flock), on Windows one byte beyond its end.
    shared : bool, optional
        Exclude exclusive locks only. Windows knows exclusive ones only.

    Raises
    ------
    BlockingIOError
        Another process holds the lock.
    OSError
        The disk knows no locks.
    """
    if _fcntl is not None:
        _fcntl.flock(stream, (_fcntl.LOCK_SH if shared else _fcntl.LOCK_EX) | _fcntl.LOCK_NB)
    elif _msvcrt is not None:
        os.lseek(stream.fileno(), _BYTE, os.SEEK_SET)
        try:
            _msvcrt.locking(stream.fileno(), _msvcrt.LK_NBLCK, 1)
        except OSError as error:
            raise BlockingIOError(*error.args) from error


def remove_locked(path: Path, stream: IO[Any]) -> None:
    """Remove a locked file and close it, in the order that the platform allows."""
    try:
        # removed while it is locked, so that no other process locks a file that is about to go
        path.unlink(missing_ok=True)
        stream.close()
    except PermissionError:
        # Windows removes no open file, also not one that another process has opened meanwhile
        stream.close()
        with suppress(OSError):
            path.unlink(missing_ok=True)


def open_without_link(path: str, flags: int) -> int:
    """Opener of a file that is no symbolic link: what a link leads to would be emptied.

    Raises
    ------
    OSError
        The path is a symbolic link.
    """
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)


def open_folder(folder: Path) -> int | None:
    """Descriptor of a folder, to flush or lock it; None on a platform that opens files only (Windows)."""
    return os.open(folder, os.O_RDONLY) if hasattr(os, "O_DIRECTORY") else None


def flush_folder(folder: Path) -> None:
    """Wait until the names in a folder have reached the disk, where the platform can tell."""
    if (descriptor := open_folder(folder)) is not None:
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def lock_folder(descriptor: int, *, shared: bool) -> bool:
    """Lock an open folder until it is closed, and tell whether it is locked.

    Parameters
    ----------
    descriptor : int
        Given by `open_folder`.
    shared : bool
        Wait for a lock that many processes can hold, instead of asking for one that excludes all others.

    Returns
    -------
    bool
        False if another process holds a lock, or if neither disk nor platform know locks of folders.
    """
    if _fcntl is None:
        return False
    try:
        _fcntl.flock(descriptor, _fcntl.LOCK_SH if shared else _fcntl.LOCK_EX | _fcntl.LOCK_NB)
    except OSError:
        return False
    return True
