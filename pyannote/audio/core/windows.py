"""Sliding windows: first frames of chunks, overlap-add of their outputs, and chunks of an epoch."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.core.errors import ConfigError

DAY = 24 * 60 * 60

LARGEST_BATCH = 1 << 16
"""Highest number of chunks of a batch."""

LONGEST_EPOCH = 50_000_000
"""Highest number of chunks of an epoch: their positions are drawn at once."""


def chunk_starts(frames: int, duration: int, step: int) -> NDArray[np.int64]:
    """First frame of each chunk of a sliding window that covers all frames.

    Parameters
    ----------
    frames : int
        Length of the sequence, at least 1.
    duration, step : int
        Length of a chunk, and distance between the starts of two, in frames. `step` is at most `duration`.

    Returns
    -------
    ndarray of int64, shape (chunks,)
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


class OverlapAdd:
    """Mean of overlapping chunks as a stream; only frames that later chunks may cover stay in memory.

    Parameters
    ----------
    step : int
        Distance between the starts of two chunks, in frames.

    Examples
    --------
    >>> mean = OverlapAdd(step=1)
    >>> mean.add(np.array([[[0.0], [0.0]]])).ravel(), mean.add(np.array([[[1.0], [1.0]]])).ravel()
    (array([0.], dtype=float32), array([0.5], dtype=float32))
    >>> mean.rest().ravel()
    array([1.], dtype=float32)
    """

    def __init__(self, step: int) -> None:
        self._step = step
        self._open: NDArray[np.float64] | None = None

    def add(self, chunks: NDArray[np.float32]) -> NDArray[np.float32]:
        """Add the next chunks, and return the frames that no later chunk covers.

        Parameters
        ----------
        chunks : ndarray, shape (chunks, frames of a chunk, classes)
            Chunks have at least `step` frames.

        Returns
        -------
        ndarray of float32, shape (chunks * step, classes)
            Mean of all chunks that cover a frame.

        Examples
        --------
        >>> OverlapAdd(step=2).add(np.ones((3, 2, 1), dtype=np.float32)).shape
        (6, 1)
        """
        count, length, classes = chunks.shape
        parts = -(-length // self._step)
        # the last column counts the chunks that cover a frame
        padded = np.zeros((count, parts * self._step, classes + 1))
        padded[:, :length, :-1] = chunks
        padded[:, :length, -1] = 1
        sums = np.zeros((count + parts - 1, self._step, classes + 1))
        if self._open is not None:
            sums[: parts - 1] = self._open
        for part in range(parts):
            sums[part : part + count] += padded[:, part * self._step : (part + 1) * self._step]
        self._open = sums[count:]
        return _mean(sums[:count])

    def rest(self) -> NDArray[np.float32]:
        """Frames after those that `add` has returned, of shape (frames, classes); zeros may follow them.

        Examples
        --------
        >>> mean = OverlapAdd(step=1)
        >>> mean.add(np.ones((1, 3, 2), dtype=np.float32)).shape, mean.rest().shape
        ((1, 2), (2, 2))
        """
        assert self._open is not None
        return _mean(self._open)


def _mean(sums: NDArray[np.float64]) -> NDArray[np.float32]:
    rows = sums.reshape(-1, sums.shape[2])
    return (rows[:, :-1] / np.maximum(rows[:, -1:], 1)).astype(np.float32)


def check_epoch(days: float, seconds: float) -> None:
    """Refuse an epoch with so many chunks that their positions would fill the memory.

    Parameters
    ----------
    days : float
        Audio of an epoch, in days.
    seconds : float
        Duration of a chunk, in seconds.

    Raises
    ------
    ConfigError
        There are more than 50 million chunks.

    Examples
    --------
    >>> check_epoch(1e4, seconds=1.0)
    Traceback (most recent call last):
    pyannote.audio.core.errors.ConfigError: per_epoch is 10000 days, which are 8.64e+08 chunks; allowed ...
    """
    chunks = days * (DAY / seconds)
    if not chunks <= LONGEST_EPOCH:
        raise ConfigError(
            f"per_epoch is {days:g} days, which are {chunks:.3g} chunks; allowed are {LONGEST_EPOCH}.",
            fix="Set a smaller per_epoch: days of audio in an epoch.",
        )


def batches_per_epoch(days: float, seconds: float) -> int:
    """Batches of an epoch, at least 1.

    Parameters
    ----------
    days : float
        Audio of an epoch, in days.
    seconds : float
        Audio of a batch, in seconds.

    Examples
    --------
    >>> batches_per_epoch(1, seconds=32 * 2.0)
    1350
    """
    # rounding errors must not add a batch
    return max(1, math.ceil(days * DAY / seconds - 1e-9))
