"""Arrays that are mapped from files, so that they need memory only while they are read."""

from __future__ import annotations

import mmap
from typing import Any

import numpy as np
from numpy.typing import NDArray


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
