"""Errors of the operating system about files, translated into sentences."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

from pyannote.audio.core.errors import StorageError

_REASONS = {
    errno.ENOSPC: ("the disk is full", "Free some space, or choose another folder."),
    errno.EDQUOT: ("the disk quota is used up", "Free some space, or choose another folder."),
    errno.EFBIG: (
        "the file is larger than the disk or the limit of the shell allows",
        "Choose another folder.",
    ),
    errno.EROFS: ("the disk is read-only", "Choose another folder."),
    errno.EACCES: ("permission is denied", "Choose another folder, or change its permissions."),
    errno.EPERM: ("permission is denied", "Choose another folder, or change its permissions."),
    errno.ENOENT: ("there is no such file", "Check the path."),
    errno.ENOTDIR: ("a part of the path is a file, not a folder", "Choose another folder."),
    errno.EEXIST: ("a part of the path is a file, not a folder", "Choose another folder."),
    errno.EISDIR: ("there is a folder of that name", "Remove it, or choose another name."),
    errno.ENAMETOOLONG: ("the name is too long", "Choose a shorter one."),
    errno.EMFILE: ("too many files are open", "Allow more with `ulimit -n`."),
    errno.ENFILE: ("too many files are open on this machine", "Close other programs."),
}


def storage_error(
    error: OSError, path: str | os.PathLike[str], *, size: int | None = None, action: str = "written"
) -> StorageError:
    """Translate an error of the operating system about a file.

    Parameters
    ----------
    error : OSError
        Error of the operating system.
    path : path
        The file or folder that it is about.
    size : int, optional
        Number of bytes that were to be written.
    action : str, optional
        Participle of the operation that failed, such as "written" or "read".

    Examples
    --------
    >>> print(storage_error(OSError(errno.ENAMETOOLONG, ""), "/nowhere/a.npy", size=12))
    /nowhere/a.npy: It cannot be written: the name is too long (12 bytes needed). Choose a shorter one.
    """
    reason, fix = _REASONS.get(error.errno or 0, (error.strerror or str(error) or "unknown reason", None))
    details = [] if size is None else [f"{size} bytes needed"]
    if error.errno == errno.ENOSPC and Path(path).parent.is_dir():
        details.append(f"{shutil.disk_usage(Path(path).parent).free} bytes free")
    brackets = f" ({', '.join(details)})" if details else ""
    return StorageError(f"It cannot be {action}: {reason}{brackets}.", file=path, fix=fix)
