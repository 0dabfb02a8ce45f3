"""Arrays in files with checksums: atomic writing, and readers that treat damaged files as missing."""

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
"""Prefix of the checksum at the end of a file, and its length in bytes."""

_BLOCK = 1 << 18
"""Bytes of a block whose checksum is computed while it is in the cache of the processor."""


def save_pieces(
    path: Path, pieces: Iterable[Features], shape: tuple[int, ...], scratch: Path | None = None
) -> None:
    """Write an npy file with a checksum, piece by piece, without holding the whole array in memory.

    The file is written atomically (see `write_with`). The numbers are followed by ``crc32:`` and the CRC-32
    of all bytes before it, as eight hexadecimal digits. `numpy.load` ignores bytes after the numbers.

    Parameters
    ----------
    path : Path
    pieces : iterable of ndarray of float32
        Consecutive parts of the array along its first axis.
    shape : tuple of int
        Shape of the array.
    scratch : path, optional
        Temporary folder (see `write_with`).

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
    """Map features into memory.

    Parameters
    ----------
    path : Path
    dimension : int
        Expected dimension of the features.

    Returns
    -------
    ndarray of float32, shape (frames, dimension), or None
        None if there is no intact file of this dimension, so that the features must be computed.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "a.npy"
    >>> save_pieces(path, [np.zeros((3, 2))], (3, 2))
    >>> load_features(path, dimension=2).shape, load_features(path, dimension=5)
    ((3, 2), None)
    """
    features = load_array(path)
    return features if features is not None and features.shape[1:] == (dimension,) else None


def load_array(path: Path) -> NDArray[np.float32] | None:
    """Map an array into memory; None if the file is missing or damaged, so that it must be computed again.

    Type, shape and length of the file are checked here; the numbers are checked by `is_intact`.

    Raises
    ------
    StorageError
        The process has too many open files, or too little memory.

    Examples
    --------
    >>> load_array(getfixture("tmp_path") / "missing.npy") is None
    True
    """
    try:
        array = np.load(path, mmap_mode="c", allow_pickle=False)
    except Exception as error:
        _raise_if_exhausted(path, error)
        return None
    valid = array.dtype == np.dtype("<f4") and is_whole(array, path)
    return cast(NDArray[np.float32], array) if valid else None


def is_whole(array: NDArray[Any], path: Path) -> bool:
    """Whether a file that is mapped into memory has as many bytes as its header promises.

    A checksum may follow the numbers (see `save_pieces`).

    Examples
    --------
    >>> path = getfixture("tmp_path") / "a.npy"
    >>> save_pieces(path, [np.zeros((3, 2))], (3, 2))
    >>> is_whole(np.load(path, mmap_mode="r"), path)
    True
    """
    if not isinstance(array, np.memmap):
        return False
    with path.open("rb") as stream:
        stream.seek(array.offset + array.nbytes)
        rest = stream.read(_TRAILER_SIZE + 1)
    has_checksum = rest.startswith(_TRAILER) and len(rest) == _TRAILER_SIZE
    return path.stat().st_size == array.offset + array.nbytes + len(rest) and (has_checksum or not rest)


def is_intact(path: Path) -> bool:
    """Whether a file has a checksum, and its content has not changed since it was written.

    The whole file is read, in about a quarter of a second per GB.

    Raises
    ------
    StorageError
        The process has too many open files, or too little memory.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "a.npy"
    >>> save_pieces(path, [np.zeros((3, 2))], (3, 2))
    >>> intact = is_intact(path)
    >>> _ = path.write_bytes(path.read_bytes().replace(b"crc32:", b"crc23:"))
    >>> intact, is_intact(path)
    (True, False)
    """
    try:
        with path.open("rb") as stream:
            left, checksum = os.fstat(stream.fileno()).st_size - _TRAILER_SIZE, 0
            while left > 0 and (block := stream.read(min(left, _BLOCK))):
                checksum, left = zlib.crc32(block, checksum), left - len(block)
            return left == 0 and stream.read() == _trailer(checksum)
    except OSError as error:
        _raise_if_exhausted(path, error)
        return False


def read_into(path: Path, array: Features) -> bool:
    """Read all numbers of a file of `save_pieces` into an array; False if they are not intact.

    Parameters
    ----------
    path : Path
    array : ndarray of float32
        Contiguous, of the expected shape. Its content is undefined if the result is False.

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
            # in an incomplete file, no checksum follows
            stream.readinto(array.data.cast("B"))
            return stream.read(_TRAILER_SIZE + 1) == _trailer(zlib.crc32(array.data, checksum))
    except Exception as error:
        _raise_if_exhausted(path, error)
        return False


def _raise_if_exhausted(path: Path, error: Exception) -> None:
    """Raise errors about open files and memory; all others, of a dozen classes, mean a damaged file."""
    if getattr(error, "errno", None) in (errno.EMFILE, errno.ENFILE, errno.ENOMEM):
        # the file exists, and computing it again would not help
        raise storage_error(cast(OSError, error), path, action="read") from error


def save_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write named arrays of any shape to an npz file, atomically.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "a.npz"
    >>> save_arrays(path, {"mean": np.zeros(3)})
    >>> load_arrays(path, "mean")
    [array([0., 0., 0.])]
    """
    size = sum(array.nbytes for array in arrays.values())
    write_with(path, lambda stream: np.savez(stream, **arrays), size=size)  # type: ignore[arg-type]


def load_arrays(path: Path, *names: str) -> list[NDArray[Any]] | None:
    """Arrays of an npz file by their names; None if the file is missing or damaged.

    Returns
    -------
    arrays : list of ndarray, shape (names,), optional
        In the order of `names`.

    Examples
    --------
    >>> load_arrays(getfixture("tmp_path") / "missing.npz", "mean") is None
    True
    """
    try:
        check_archive(path)
        with np.load(path, allow_pickle=False) as arrays:
            return [arrays[name] for name in names]
    except Exception as error:
        _raise_if_exhausted(path, error)
        return None


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """Map the file of an array again, read-only, so that its memory can be released (see `release`).

    Parameters
    ----------
    array : ndarray of any shape
        Unsliced result of `np.load`. An array that is not mapped is returned unchanged.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "a.npy"
    >>> np.save(path, np.arange(3))
    >>> read_only(np.load(path, mmap_mode="c")).flags.writeable
    False
    """
    if not isinstance(array, np.memmap) or array.filename is None:
        return array
    mapped: NDArray[Any] = np.load(array.filename, mmap_mode="r", allow_pickle=False)
    return mapped


def release(array: NDArray[Any]) -> None:
    """Free the memory of an array that is mapped read-only; it is read again from its file when needed.

    All other arrays are left unchanged.

    Parameters
    ----------
    array : ndarray, any shape

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
