"""Chunks of frames: where they start, and how their overlapping outputs become one sequence."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

DAY = 24 * 60 * 60


def chunk_starts(frames: int, duration: int, step: int) -> NDArray[np.int64]:
    """First frame of each chunk of a sliding window that covers all frames.

    Parameters
    ----------
    frames : int
        Length of the sequence, at least 1.
    duration, step : int
        Length of a chunk, and from one chunk to the next, in frames. `step` is at most `duration`.

    Returns
    -------
    ndarray of int64
        Multiples of `step`; the last chunk is the first one that reaches the end.

    Examples
    --------
    >>> chunk_starts(10, duration=4, step=2)
    array([0, 2, 4, 6])
    >>> chunk_starts(3, duration=4, step=2)
    array([0])
    """
    count = 1 + max(0, -(-(frames - duration) // step))
    return np.arange(count, dtype=np.int64) * step


def overlap_add(chunks: NDArray[np.float32], starts: NDArray[np.int64], frames: int) -> NDArray[np.float32]:
    """Average overlapping chunks.

    Parameters
    ----------
    chunks : ndarray, shape (chunks, frames of a chunk, classes)
        Outputs of each chunk.
    starts : ndarray of int, shape (chunks,)
        First output frame of each chunk.
    frames : int
        Output frames of the whole sequence; what lies beyond is dropped.

    Returns
    -------
    ndarray of float32, shape (frames, classes)
        Mean of all chunks that cover a frame.

    Examples
    --------
    >>> overlap_add(np.array([[[0.0], [0.0]], [[1.0], [1.0]]], dtype=np.float32), np.array([0, 1]), 3).ravel()
    array([0. , 0.5, 1. ], dtype=float32)
    """
    length = max(frames, int(starts[-1]) + chunks.shape[1])
    total = np.zeros((length, chunks.shape[2]))
    count = np.zeros((length, 1))
    for start, chunk in zip(starts, chunks, strict=True):
        total[start : start + len(chunk)] += chunk
        count[start : start + len(chunk)] += 1
    return (total[:frames] / np.maximum(count[:frames], 1)).astype(np.float32)


def batches_of(days: float, seconds: float) -> int:
    """Batches of so many seconds that make up so many days, at least 1.

    Examples
    --------
    >>> batches_of(1, seconds=32 * 2.0)
    1350
    """
    # arithmetic leaves noise behind, which would make one batch more
    return max(1, math.ceil(days * DAY / seconds - 1e-9))
