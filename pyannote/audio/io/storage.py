"""The one writer of files: whole or not at all, below the folder that was meant, by one process at a time."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

import numpy as np
from numpy.typing import ArrayLike

from pyannote.audio.core.errors import DataError
from pyannote.audio.io.locks import FolderLock, is_locked
from pyannote.audio.io.storage_errors import storage_error
from pyannote.audio.io.system import flush_folder

__all__ = [
    "FolderLock",
    "digest",
    "digest_of",
    "inside",
    "is_locked",
    "move",
    "one_part",
    "remove",
    "storage_error",
    "write_array",
    "write_bytes",
    "write_text",
    "write_with",
]

TEMPORARY_SUFFIX = ".part"

LONGEST_NAME, LONGEST_PATH = 255, 3800
"""Bytes of a part of a path, and of all that follows the folder."""


def write_with(
    path: Path,
    writer: Callable[[BinaryIO], object],
    *,
    size: int | None = None,
    scratch: Path | None = None,
) -> None:
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
    scratch : path, optional
        Where the bytes go before the file is complete: a folder on the same disk, which is there. Whoever
        made it can then remove what writers have left that were killed.

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
    # Hidden, so that nobody lists it, and short, because the name of the file may be as long as names can be.
    temporary = folder / f".{uuid4().hex}{TEMPORARY_SUFFIX}"
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def remove(paths: Iterable[Path]) -> None:
    """Remove files in this order, for good even after a power cut; what is not there is no error.

    Raises
    ------
    StorageError
        One of them cannot be removed.
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
    """Give a whole file another place on the same disk; what was there is replaced."""
    try:
        _make(target.parent)
        path.replace(target)
        flush_folder(target.parent)
    except OSError as error:
        raise storage_error(error, target) from error


def _make(folder: Path) -> None:
    """Make a folder and those above it, safe from a power cut: their names have reached the disk."""
    missing = list(takewhile(lambda one: not one.exists(), (folder, *folder.parents)))
    folder.mkdir(parents=True, exist_ok=True)
    for made in missing:
        flush_folder(made.parent)


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
    try:
        with Path(path).open("rb") as stream:
            return digest_of(stream)
    except OSError as error:
        raise storage_error(error, path, action="read") from error


def digest_of(stream: BinaryIO) -> str:
    """SHA-256 of what is left in a stream, as 64 hexadecimal digits."""
    state = hashlib.sha256()
    while block := stream.read(1 << 20):
        state.update(block)
    return state.hexdigest()


def inside(folder: Path, name: str, suffix: str = "") -> Path:
    """Path of a file below `folder`, never above or beside it.

    Parts of the name that are too long for a disk are shortened, and end with a digest of all of it.

    Parameters
    ----------
    folder : Path
        The folder that nothing may leave.
    name : str
        Name of a file, possibly with folders, as it stands in somebody's data.
    suffix : str, optional
        What the name of the file ends with.

    Raises
    ------
    DataError
        The name is empty, absolute, climbs with ``..``, has empty parts, holds a NUL or half of a character,
        is too long for a disk, or leads out of the folder by a symbolic link.

    Examples
    --------
    >>> inside(Path("scores"), "speaker1/a001", ".npy").as_posix()
    'scores/speaker1/a001.npy'
    >>> inside(Path("scores"), "../a001.npy")
    Traceback (most recent call last):
    pyannote.audio.core.errors.DataError: The name '../a001.npy' climbs out of its folder. Rename the file.
    >>> len(inside(Path("scores"), 255 * "x", ".npy").name)
    255
    """
    problem = _problem(name)
    if problem is None:
        *parents, last = name.split("/")
        path = Path(folder, *map(_short, parents), f"{_short(last, suffix)}{suffix}")
        if path.parent.resolve().is_relative_to(Path(folder).resolve()):
            return path
        problem = "leads out of its folder by a symbolic link"
    shown = name if len(name) <= 60 else f"{name[:57]}..."
    raise DataError(f"The name {shown!r} {problem}.", fix="Rename the file.")


def one_part(name: str) -> str:
    """Name without slashes, for a file that is not to lie in another folder; different names stay different.

    Examples
    --------
    >>> one_part("car"), one_part("car/bus")
    ('car', 'car_bus~439207d68918a546')
    """
    return f"{name.replace('/', '_')}~{_short_digest(name)}" if "/" in name else name


def _problem(name: str) -> str | None:
    parts = name.split("/")
    if not name:
        return "is empty"
    if "\0" in name:
        return "holds a NUL character"
    if not parts[0]:
        return "is an absolute path"
    if ".." in parts:
        return "climbs out of its folder"
    if "" in parts or "." in parts:
        # another name would lead to the same file
        return "has an empty part"
    try:
        size = len(os.fsencode(name))
    except UnicodeEncodeError:
        return "holds half of a character"
    return f"is longer than the {LONGEST_PATH} bytes that disks allow" if size > LONGEST_PATH else None


def _short(part: str, suffix: str = "") -> str:
    """Part of a path, short enough to be followed by a suffix."""
    room = LONGEST_NAME - len(os.fsencode(suffix))
    encoded = os.fsencode(part)
    if len(encoded) <= room:
        return part
    digest = _short_digest(part)
    return f"{encoded[: room - len(digest) - 1].decode(errors='ignore')}~{digest}"


def _short_digest(name: str) -> str:
    return hashlib.sha256(os.fsencode(name)).hexdigest()[:16]
