"""The one writer of files: whole or not at all, below the folder that was meant, by one process at a time."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import IO, BinaryIO
from uuid import uuid4

import numpy as np
from numpy.typing import ArrayLike

from pyannote.audio.core.errors import BusyError, DataError, StorageError

LOCK_NAME = ".lock"
TEMPORARY_SUFFIX = ".part"

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
}


def storage_error(
    error: OSError, path: str | os.PathLike[str], *, size: int | None = None, action: str = "written"
) -> StorageError:
    """Say in a sentence why the operating system refused `path`.

    Parameters
    ----------
    error : OSError
        What the operating system said.
    path : path
        The file or folder that it was about.
    size : int, optional
        How many bytes were to be written.
    action : str, optional
        What could not be done to the file.

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


def write_with(path: Path, writer: Callable[[BinaryIO], object], *, size: int | None = None) -> None:
    """Let `writer` write a file, which appears under its name complete or not at all.

    The bytes go to a hidden sibling, reach the disk, and only then take the name of the file. If anything
    fails, the sibling is removed and what was there before is untouched. Missing parent folders are made.

    Parameters
    ----------
    path : Path
        The file to write.
    writer : callable
        Called once with a binary stream open for writing.
    size : int, optional
        How many bytes will be written, if known, for the message of the error.

    Raises
    ------
    StorageError
        The file cannot be written. The sentence tells why.

    Examples
    --------
    >>> folder = getfixture("tmp_path")
    >>> write_with(folder / "new" / "a.bin", lambda stream: stream.write(b"abc"))
    >>> (folder / "new" / "a.bin").read_bytes()
    b'abc'
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _temporary_sibling(path) as temporary:
            with temporary.open("xb") as stream:
                writer(stream)
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise storage_error(error, path, size=size) from error


@contextmanager
def _temporary_sibling(path: Path) -> Iterator[Path]:
    # Hidden, so that nobody lists it, and short, because the name of the file may be as long as names can be.
    temporary = path.with_name(f".{uuid4().hex}{TEMPORARY_SUFFIX}")
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    # The new name is safe from a power cut only when the folder that lists it has reached the disk too.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_bytes(path: Path, data: bytes) -> None:
    """Write bytes, completely or not at all (see `write_with`)."""
    write_with(path, lambda stream: stream.write(data), size=len(data))


def write_text(path: Path, text: str) -> None:
    """Write text as UTF-8, completely or not at all (see `write_with`)."""
    write_bytes(path, text.encode("utf-8"))


def write_array(path: Path, array: ArrayLike) -> None:
    """Write a numpy array in npy format, completely or not at all (see `write_with`)."""
    values = np.asarray(array)
    write_with(path, lambda stream: np.save(stream, values, allow_pickle=False), size=values.nbytes)


def digest(path: Path) -> str:
    """SHA-256 of the content of a file, as 64 hexadecimal digits.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "empty"
    >>> write_bytes(path, b"")
    >>> digest(path)[:8]
    'e3b0c442'
    """
    state = hashlib.sha256()
    try:
        with Path(path).open("rb") as stream:
            while block := stream.read(1 << 20):
                state.update(block)
    except OSError as error:
        raise storage_error(error, path, action="read") from error
    return state.hexdigest()


def inside(folder: Path, uri: str) -> Path:
    """Path of `uri` below `folder`, never above or beside it.

    Parameters
    ----------
    folder : Path
        The folder that nothing may leave.
    uri : str
        Name of a file, possibly with folders, as it stands in somebody's data.

    Raises
    ------
    DataError
        The name is empty, absolute, climbs with ``..``, holds a NUL, or is too long for a disk.

    Examples
    --------
    >>> inside(Path("scores"), "speaker1/a001.npy").as_posix()
    'scores/speaker1/a001.npy'
    >>> inside(Path("scores"), "../a001.npy")
    Traceback (most recent call last):
    pyannote.audio.core.errors.DataError: The name '../a001.npy' climbs out of its folder. Rename the file.
    """
    problem = _problem(uri)
    if problem is not None:
        shown = uri if len(uri) <= 60 else f"{uri[:57]}..."
        raise DataError(f"The name {shown!r} {problem}.", fix="Rename the file.")
    return Path(folder) / uri


def _problem(uri: str) -> str | None:
    parts = PurePosixPath(uri).parts
    if not parts:
        return "is empty"
    if "\0" in uri:
        return "holds a NUL character"
    if PurePosixPath(uri).is_absolute():
        return "is an absolute path"
    if ".." in parts:
        return "climbs out of its folder"
    encoded = [len(os.fsencode(part)) for part in parts]
    if max(encoded) > 255 or sum(encoded) + len(encoded) > 4000:
        return "is longer than the 255 bytes a part, 4000 in all, that disks allow"
    return None


class FolderLock:
    """Context within which no other process that asks for the same lock works in a folder.

    The lock belongs to the process, so that it is gone when the process is, however it died.

    Parameters
    ----------
    folder : Path
        The folder, made if missing.
    purpose : str
        What it is locked for, e.g. ``"training"``. Locks of different purposes do not exclude each other.

    Raises
    ------
    BusyError
        On entry, if another process holds the lock. The sentence names it.
    StorageError
        On entry, if the folder cannot be written.

    Examples
    --------
    >>> folder = getfixture("tmp_path")
    >>> with FolderLock(folder, "training"):
    ...     (folder / ".lock.training").exists()
    True
    >>> (folder / ".lock.training").exists()
    False
    """

    def __init__(self, folder: Path, purpose: str) -> None:
        self.folder = Path(folder)
        self.purpose = purpose
        self.path = self.folder / f"{LOCK_NAME}.{purpose.replace(' ', '_').replace('/', '_')}"
        self._stream: IO[str] | None = None

    def __enter__(self) -> FolderLock:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            while self._stream is None:
                self._stream = self._try()
        except OSError as error:
            raise storage_error(error, self.path, action="locked") from error
        return self

    def _try(self) -> IO[str] | None:
        stream = self.path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not self._is_current(stream):
                stream.close()
                return None
            stream.truncate(0)
            stream.write(f"process {os.getpid()} on {socket.gethostname()}")
            stream.flush()
        except BlockingIOError as error:
            raise self._busy(stream) from error
        except BaseException:
            stream.close()
            raise
        return stream

    def _is_current(self, stream: IO[str]) -> bool:
        # Between opening and locking, the holder before us may have removed the file that we opened.
        try:
            return os.path.samestat(os.fstat(stream.fileno()), self.path.stat())
        except FileNotFoundError:
            return False

    def _busy(self, stream: IO[str]) -> BusyError:
        with stream:
            stream.seek(0)
            holder = stream.read(200) or "another process"
        return BusyError(
            f"The folder is in use for {self.purpose} by {holder}.",
            file=self.folder,
            fix="Wait until it has ended, or choose another folder.",
        )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._stream is not None:
            self.path.unlink(missing_ok=True)
            self._stream.close()
            self._stream = None
