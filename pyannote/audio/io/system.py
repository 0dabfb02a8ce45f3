"""Operating system calls that some platforms lack: locks of files and folders, flushing of folders."""

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
"""Offset of the byte that is locked on Windows: far behind the name of the holder."""


def lock(stream: IO[Any], *, shared: bool = False) -> None:
    """Lock an open file until it is closed. Without effect on a platform without locks.

    Parameters
    ----------
    stream : file object
        On POSIX the whole file is locked (flock), on Windows one byte beyond its end.
    shared : bool, optional
        Lock that only excludes exclusive locks. Windows has exclusive locks only.

    Raises
    ------
    BlockingIOError
        Another process holds the lock.
    OSError
        The disk does not support locks.

    Examples
    --------
    >>> with (getfixture("tmp_path") / "lock").open("w") as stream:
    ...     lock(stream)
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
    """Remove a locked file and close it, in the order that the platform allows.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "lock"
    >>> remove_locked(path, path.open("w"))
    >>> path.exists()
    False
    """
    try:
        # removed while it is locked, so that no other process locks a file that is being removed
        path.unlink(missing_ok=True)
        stream.close()
    except PermissionError:
        # Windows cannot remove a file that this or another process has open
        stream.close()
        with suppress(OSError):
            path.unlink(missing_ok=True)


def open_without_link(path: str, flags: int) -> int:
    """Opener for `open` that refuses symbolic links, whose targets would be truncated.

    Raises
    ------
    OSError
        The path is a symbolic link.

    Examples
    --------
    >>> with open(getfixture("tmp_path") / "a.txt", "w", opener=open_without_link) as stream:
    ...     stream.writable()
    True
    """
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)


def open_folder(folder: Path) -> int | None:
    """Descriptor of a folder, to flush or lock it; None on a platform without these (Windows).

    Examples
    --------
    >>> os.close(open_folder(getfixture("tmp_path")))
    """
    return os.open(folder, os.O_RDONLY) if hasattr(os, "O_DIRECTORY") else None


def flush_folder(folder: Path) -> None:
    """Flush the names in a folder to the disk, on platforms that support it.

    Examples
    --------
    >>> flush_folder(getfixture("tmp_path"))
    """
    if (descriptor := open_folder(folder)) is not None:
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def lock_folder(descriptor: int, *, shared: bool) -> bool:
    """Lock an open folder until it is closed; False if it could not be locked.

    Parameters
    ----------
    descriptor : int
        From `open_folder`.
    shared : bool
        Wait for a shared lock, instead of trying to get an exclusive one.

    Returns
    -------
    bool
        False if another process holds a lock, or if disk or platform do not support locks of folders.

    Examples
    --------
    >>> descriptor = open_folder(getfixture("tmp_path"))
    >>> lock_folder(descriptor, shared=True)
    True
    >>> os.close(descriptor)
    """
    if _fcntl is None:
        return False
    try:
        _fcntl.flock(descriptor, _fcntl.LOCK_SH if shared else _fcntl.LOCK_EX | _fcntl.LOCK_NB)
    except OSError:
        return False
    return True
