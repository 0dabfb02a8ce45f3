"""Arrays on disk: written completely or not at all, and taken for missing where they are damaged."""

from __future__ import annotations

import errno
import io
import math
import mmap
import os
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.io.archives import check_archive
from pyannote.audio.io.storage import write_with
from pyannote.audio.io.storage_errors import storage_error

Features = NDArray[np.float32]

_TRAILER, _TRAILER_SIZE = b"crc32:", 14
"""How a checksum begins, and bytes of it."""

_BLOCK = 1 << 18
"""Bytes of which a checksum is taken at once, while they are in the cache of the processor."""


def save_pieces(
    path: Path, pieces: Iterable[Features], shape: tuple[int, ...], scratch: Path | None = None
) -> None:
    """Write an npy file with a checksum, piece by piece, so that it never lies in memory as a whole.

    The file is whole or not there (see `write_with`). After the numbers follow ``crc32:`` and the CRC-32 of
    all that is before, as eight hexadecimal digits. `numpy.load` passes over what follows the numbers.

    Parameters
    ----------
    path : Path
    pieces : iterable of float32
        Consecutive parts of the array.
    shape : tuple of int
        That of the array.
    scratch : path, optional
        See `write_with`.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "a.npy"
    >>> save_pieces(path, [np.zeros((1, 2)), np.ones((2, 2))], (3, 2))
    >>> np.load(path).shape, is_intact(path)
    ((3, 2), True)
    """
    size = 4 * math.prod(shape) + _TRAILER_SIZE
    write_with(path, lambda stream: _write_pieces(stream, pieces, shape), size=size, scratch=scratch)


def _write_pieces(stream: BinaryIO, pieces: Iterable[Features], shape: tuple[int, ...]) -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": shape})
    stream.write(header.getvalue())
    checksum = zlib.crc32(header.getvalue())
    for piece in pieces:
        numbers = np.ascontiguousarray(piece, dtype="<f4").data
        checksum = zlib.crc32(numbers, checksum)
        stream.write(numbers)
    stream.write(_trailer(checksum))


def _trailer(checksum: int) -> bytes:
    return _TRAILER + f"{checksum:08x}".encode()


def load_features(path: Path, dimension: int) -> Features | None:
    """Map features into memory; None if there are none, and they must be computed."""
    features = load_array(path)
    return features if features is not None and features.shape[1:] == (dimension,) else None


def load_array(path: Path) -> NDArray[np.float32] | None:
    """Map an array into memory; None if there is none, or it is damaged and must be computed again.

    Of what the file says of the array, all is checked; the numbers themselves are checked by `is_intact`.
    """
    try:
        array = np.load(path, mmap_mode="c", allow_pickle=False)
    except Exception as error:
        _pass_over(path, error)
        return None
    sound = array.dtype == np.dtype("<f4") and is_whole(array, path)
    return cast(NDArray[np.float32], array) if sound else None


def is_whole(array: NDArray[Any], path: Path) -> bool:
    """Whether a file that is mapped into memory is as long as its header says: no header but its own fits.

    It may end with a checksum (see `save_pieces`).
    """
    if not isinstance(array, np.memmap):
        return False
    with path.open("rb") as stream:
        stream.seek(array.offset + array.nbytes)
        rest = stream.read(_TRAILER_SIZE + 1)
    has_checksum = rest.startswith(_TRAILER) and len(rest) == _TRAILER_SIZE
    return path.stat().st_size == array.offset + array.nbytes + len(rest) and (has_checksum or not rest)


def is_intact(path: Path) -> bool:
    """Whether an array is what was written: its file has a checksum, which is that of its content.

    All of the file is read, in blocks, which takes about a quarter of a second a GB.

    Raises
    ------
    StorageError
        The process has too many open files.
    """
    try:
        with path.open("rb") as stream:
            left, checksum = os.fstat(stream.fileno()).st_size - _TRAILER_SIZE, 0
            while left > 0 and (block := stream.read(min(left, _BLOCK))):
                checksum, left = zlib.crc32(block, checksum), left - len(block)
            return left == 0 and stream.read() == _trailer(checksum)
    except OSError as error:
        _pass_over(path, error)
        return False


def read_into(path: Path, array: Features) -> bool:
    """Read all numbers of a file that `save_pieces` has written, and tell whether they are intact.

    Parameters
    ----------
    path : Path
    array : float32
        Contiguous, of the shape that is expected. It holds anything if the answer is no.

    Examples
    --------
    >>> path, array = getfixture("tmp_path") / "a.npy", np.zeros((3, 2), dtype=np.float32)
    >>> save_pieces(path, [np.ones((3, 2))], (3, 2))
    >>> read_into(path, array), array.sum().item()
    (True, 6.0)
    """
    try:
        with path.open("rb") as stream:
            np.lib.format.read_magic(stream)
            shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(stream)
            numbers = stream.tell()
            stream.seek(0)
            checksum = zlib.crc32(stream.read(numbers))
            if fortran_order or shape != array.shape or dtype != np.dtype("<f4"):
                return False
            # of an incomplete file, something else than a checksum follows
            stream.readinto(array.data.cast("B"))
            return stream.read(_TRAILER_SIZE + 1) == _trailer(zlib.crc32(array.data, checksum))
    except Exception as error:
        _pass_over(path, error)
        return False


def _pass_over(path: Path, error: Exception) -> None:
    """Pass over what cannot be read: numpy and zipfile answer damage with a dozen kinds of exceptions."""
    if getattr(error, "errno", None) in (errno.EMFILE, errno.ENFILE, errno.ENOMEM):
        # it is there, and computing it again would not help
        raise storage_error(cast(OSError, error), path, action="read") from error


def save_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write named arrays to a file, completely or not at all."""
    size = sum(array.nbytes for array in arrays.values())
    write_with(path, lambda stream: np.savez(stream, **arrays), size=size)  # type: ignore[arg-type]


def load_arrays(path: Path, *names: str) -> list[NDArray[Any]] | None:
    """Arrays of a file by their names; None if there is no such file, or it is damaged."""
    try:
        check_archive(path)
        with np.load(path, allow_pickle=False) as arrays:
            return [arrays[name] for name in names]
    except Exception as error:
        _pass_over(path, error)
        return None


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """The array of the same file, mapped so that its memory can be given back (see `release`).

    Parameters
    ----------
    array : ndarray
        From `np.load`, as a whole. What is not mapped is returned as it is.
    """
    if not isinstance(array, np.memmap) or array.filename is None:
        return array
    mapped: NDArray[Any] = np.load(array.filename, mmap_mode="r", allow_pickle=False)
    return mapped


def release(array: NDArray[Any]) -> None:
    """Give back the memory that parts of a file were read into; they are read again where they are needed.

    Nothing happens to arrays that are not mapped, and to those that may have been changed in memory.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "a.npy"
    >>> np.save(path, np.arange(3))
    >>> array = np.load(path, mmap_mode="r")
    >>> release(array)
    >>> array.tolist()
    [0, 1, 2]
    """
    if isinstance(array, np.memmap) and array.mode == "r" and hasattr(mmap, "MADV_DONTNEED"):
        array._mmap.madvise(mmap.MADV_DONTNEED)  # type: ignore[attr-defined]
