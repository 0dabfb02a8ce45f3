"""Atomic writing, moving and removal of files, safe from power cuts."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

import numpy as np
from numpy.typing import ArrayLike

from pyannote.audio.io.locks import FolderLock, is_locked
from pyannote.audio.io.storage_errors import storage_error
from pyannote.audio.io.system import flush_folder

__all__ = [
    "FolderLock",
    "digest",
    "digest_of",
    "is_locked",
    "move",
    "move_all",
    "remove",
    "storage_error",
    "write_array",
    "write_bytes",
    "write_text",
    "write_with",
]

TEMPORARY_SUFFIX = ".part"


def write_with(
    path: Path,
    writer: Callable[[BinaryIO], object],
    *,
    size: int | None = None,
    scratch: Path | None = None,
) -> None:
    """Write a file atomically: it appears under its name completely or not at all.

    The bytes are written to a hidden file beside it and flushed; then that file is renamed. If anything
    fails, it is removed and an earlier file is unchanged. Missing parent folders are created.

    Parameters
    ----------
    path : Path
        The file to write.
    writer : callable
        Called once with a binary stream open for writing.
    size : int, optional
        Number of bytes, if known, for the error message.
    scratch : path, optional
        Existing folder on the same disk for the unfinished file, which is removed as a whole if the process
        is killed (see `temporary_folder`). Defaults to the folder of the file.

    Raises
    ------
    StorageError
        The file cannot be written; with the reason.

    Examples
    --------
    >>> folder = getfixture("tmp_path")
    >>> write_with(folder / "new" / "a.bin", lambda stream: stream.write(b"abc"))
    >>> (folder / "new" / "a.bin").read_bytes()
    b'abc'
    """
    path = Path(path)
    try:
        _make(path.parent)
        with _temporary_in(scratch or path.parent) as temporary:
            with temporary.open("xb") as stream:
                writer(stream)
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(path)
        flush_folder(path.parent)
    except OSError as error:
        raise storage_error(error, path, size=size) from error


@contextmanager
def _temporary_in(folder: Path) -> Iterator[Path]:
    # hidden, so that no reader lists it; short, because the name of the file may have the highest length
    temporary = folder / f".{uuid4().hex}{TEMPORARY_SUFFIX}"
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def remove(paths: Iterable[Path]) -> None:
    """Remove files in the given order and flush their folders; missing files are ignored.

    Raises
    ------
    StorageError
        A file cannot be removed.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "a.txt"
    >>> write_text(path, "abc")
    >>> remove([path, path])
    >>> path.exists()
    False
    """
    folders = set()
    for path in paths:
        try:
            path.unlink()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise storage_error(error, path, action="removed") from error
        folders.add(path.parent)
    for folder in folders:
        flush_folder(folder)


def move(path: Path, target: Path) -> None:
    """Move a file on the same disk; a file of the same name is replaced.

    Examples
    --------
    >>> folder = getfixture("tmp_path")
    >>> write_text(folder / "a.txt", "abc")
    >>> move(folder / "a.txt", folder / "new" / "b.txt")
    >>> (folder / "new" / "b.txt").read_text()
    'abc'
    """
    move_all({path: target})


def move_all(targets: Mapping[Path, Path]) -> None:
    """Move files on the same disk, in the given order, and flush each folder once, at the end.

    Parameters
    ----------
    targets : mapping of Path to Path
        New path of each file; files that have these paths are replaced.

    Raises
    ------
    StorageError
        A file cannot be moved; with the new path.

    Examples
    --------
    >>> folder = getfixture("tmp_path")
    >>> write_text(folder / "a.txt", "abc")
    >>> move_all({folder / "a.txt": folder / "new" / "b.txt"})
    >>> (folder / "new" / "b.txt").read_text()
    'abc'
    """
    folders = {}
    for path, target in targets.items():
        try:
            _make(target.parent)
            path.replace(target)
        except OSError as error:
            raise storage_error(error, target) from error
        folders[target.parent] = target
    for folder, target in folders.items():
        try:
            flush_folder(folder)
        except OSError as error:
            raise storage_error(error, target) from error


def _make(folder: Path) -> None:
    """Create a folder and its parents, and flush their names to the disk."""
    missing = list(takewhile(lambda one: not one.exists(), (folder, *folder.parents)))
    folder.mkdir(parents=True, exist_ok=True)
    for created in missing:
        flush_folder(created.parent)


def write_bytes(path: Path, data: bytes) -> None:
    """Write bytes atomically (see `write_with`).

    Examples
    --------
    >>> path = getfixture("tmp_path") / "a.bin"
    >>> write_bytes(path, b"abc")
    >>> path.read_bytes()
    b'abc'
    """
    write_with(path, lambda stream: stream.write(data), size=len(data))


def write_text(path: Path, text: str) -> None:
    """Write text as UTF-8, atomically (see `write_with`).

    Examples
    --------
    >>> path = getfixture("tmp_path") / "a.txt"
    >>> write_text(path, "é")
    >>> path.read_bytes().decode()
    'é'
    """
    write_bytes(path, text.encode("utf-8"))


def write_array(path: Path, array: ArrayLike) -> None:
    """Write an array of any shape in npy format, atomically (see `write_with`).

    Examples
    --------
    >>> path = getfixture("tmp_path") / "a.npy"
    >>> write_array(path, [[1, 2], [3, 4]])
    >>> np.load(path).shape
    (2, 2)
    """
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
    try:
        with Path(path).open("rb") as stream:
            return digest_of(stream)
    except OSError as error:
        raise storage_error(error, path, action="read") from error


def digest_of(stream: BinaryIO) -> str:
    """SHA-256 of the rest of a stream, as 64 hexadecimal digits.

    Examples
    --------
    >>> import io
    >>> digest_of(io.BytesIO(b""))[:8]
    'e3b0c442'
    """
    state = hashlib.sha256()
    while block := stream.read(1 << 20):
        state.update(block)
    return state.hexdigest()
