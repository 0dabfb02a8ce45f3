"""Frames of one recording: their reader, and their position on its samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pyannote.audio.core.threads import in_order

Features = npt.NDArray[np.float32]
"""Array of shape (frames, dimension)."""

THREAD_FRAMES = 1024
"""Smallest number of frames for one thread: threads take multiples of it."""


@dataclass(frozen=True)
class FrameReader:
    """Reader of the frames of one recording.

    Parameters
    ----------
    frames : int
        Number of frames.
    read : callable
        ``read(first, last)`` gives frames `first` (included) to `last` (excluded), float32 of shape
        (last - first, dimension). A frame has the same bits, whichever other frames are read with it.

    Examples
    --------
    >>> values = np.arange(6, dtype=np.float32).reshape(3, 2)
    >>> reader = FrameReader(len(values), lambda first, last: values[first:last])
    >>> reader.read(1, 2).tolist()
    [[2.0, 3.0]]
    """

    frames: int
    read: Callable[[int, int], Features]

    def pieces(self, size: int, threads: int = 1) -> Iterator[Features]:
        """All frames, in consecutive pieces of shape (at most size, dimension).

        Parameters
        ----------
        size : int
            Largest number of frames of a piece.
        threads : int
            Number of threads that read pieces at the same time.

        Examples
        --------
        >>> values = np.arange(10, dtype=np.float32).reshape(5, 2)
        >>> reader = FrameReader(len(values), lambda first, last: values[first:last])
        >>> [piece.shape for piece in reader.pieces(size=2)]
        [(2, 2), (2, 2), (1, 2)]
        """
        length = self._length(size, threads)
        parts = [(first, min(first + length, self.frames)) for first in range(0, self.frames, length)]
        return in_order(lambda part: self.read(*part), parts, threads)

    def _length(self, size: int, threads: int) -> int:
        """Frames of a piece, such that each thread gets about the same number of frames."""
        if threads == 1:
            return size
        turns = -(-self.frames // (size * threads))
        length = -(-self.frames // (turns * threads))
        return min(size, length + -length % THREAD_FRAMES)


@dataclass(frozen=True)
class Framing:
    """Position of frames on the samples of a waveform.

    Parameters
    ----------
    hop : int
        Hop length: samples from the start of a frame to the start of the next one.
    before : int
        Samples of the first frame that lie before the first sample of the recording.
    window : int
        Samples of a frame.
    neighbours : int
        Frames on each side that the values of a frame also depend on, as derivatives do.

    Examples
    --------
    >>> Framing(hop=160, before=200, window=400).samples(frames=3)
    720
    """

    hop: int = 1
    before: int = 0
    window: int = 1
    neighbours: int = 0

    def samples(self, frames: int) -> int:
        """Number of samples of consecutive frames, (frames - 1) * hop + window.

        Examples
        --------
        >>> Framing(hop=160, window=400).samples(frames=1)
        400
        """
        return (frames - 1) * self.hop + self.window
