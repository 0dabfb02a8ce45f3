"""Arrays on disk: written completely or not at all, and taken for missing where they are damaged."""

from __future__ import annotations

import errno
import mmap
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.io.archives import check_archive
from pyannote.audio.io.refusals import storage_error
from pyannote.audio.io.storage import write_with

Features = NDArray[np.float32]


def save_pieces(
    path: Path, pieces: Iterable[Features], shape: tuple[int, int], scratch: Path | None = None
) -> None:
    """Write an npy file piece by piece, so that it never lies in memory as a whole (see `write_with`)."""
    write_with(
        path,
        lambda stream: _write_pieces(stream, pieces, shape),
        size=4 * shape[0] * shape[1],
        scratch=scratch,
    )


def _write_pieces(stream: BinaryIO, pieces: Iterable[Features], shape: tuple[int, int]) -> None:
    header = {"descr": "<f4", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, header)
    for piece in pieces:
        stream.write(np.ascontiguousarray(piece, dtype="<f4").data)


def load_features(path: Path, dimension: int) -> Features | None:
    """Map features into memory; None if there are none, and they must be computed."""
    features = load_array(path)
    return features if features is not None and features.shape[1:] == (dimension,) else None


def load_array(path: Path) -> NDArray[np.float32] | None:
    """Map an array into memory; None if there is none, or it is damaged and must be computed again.

    Of what the file says of the array, all is checked; the numbers themselves are not.
    """
    try:
        array = np.load(path, mmap_mode="c", allow_pickle=False)
    except Exception as error:
        _pass_over(path, error)
        return None
    sound = array.dtype == np.dtype("<f4") and is_whole(array, path)
    return cast(NDArray[np.float32], array) if sound else None


def is_whole(array: NDArray[Any], path: Path) -> bool:
    """Whether a file that is mapped into memory is as long as its header says: no header but its own fits."""
    return isinstance(array, np.memmap) and path.stat().st_size == array.offset + array.nbytes


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
