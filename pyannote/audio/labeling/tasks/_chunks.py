"""Random chunks of annotated regions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.core.errors import DataError
from pyannote.audio.core.randomness import generator
from pyannote.audio.core.rasters import frame_range
from pyannote.audio.database.protocols import Recording


class ChunkSampler:
    """Draws chunks uniformly from annotated regions, so that longer ones give more chunks.

    Parameters
    ----------
    files : sequence of Recording
        Recordings with their annotated regions.
    offsets : ndarray of int, shape (files + 1,)
        First frame of each file in the concatenation of all files.
    frames : int
        Length of a chunk, in frames.
    step : float
        Duration of a frame, in seconds.

    Raises
    ------
    DataError
        If no region is as long as a chunk.

    Examples
    --------
    >>> sampler = ChunkSampler([{"regions": [(1.0, 2.0)]}], np.array([0, 50]), frames=5, step=0.1)
    >>> files, first = sampler.draw(100, epoch=1, seed=0)
    >>> int(first.min()), int(first.max())
    (10, 15)
    """

    def __init__(
        self, files: Sequence[Recording], offsets: NDArray[np.int64], frames: int, step: float
    ) -> None:
        regions = []
        for index, file in enumerate(files):
            for start, end in file["regions"]:
                first, last = frame_range(start, end, step)
                last = min(last, int(offsets[index + 1] - offsets[index]))
                if last - first >= frames:
                    regions.append((index, offsets[index] + first, offsets[index] + last - frames))
        if not regions:
            raise DataError(
                f"No annotated region of the {len(files)} training files is as long as a chunk "
                f"({frames * step:g} s).",
                fix="Set a shorter `duration` in the task of config.yml.",
            )
        self.file, self.first, self.last = np.array(regions, dtype=np.int64).T
        lengths = self.last - self.first + frames
        self.bounds = np.cumsum(lengths) / lengths.sum()

    def draw(self, count: int, epoch: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Files and first frames of `count` chunks of an epoch, each of shape (count,).

        Parameters
        ----------
        count : int
            Number of chunks.
        epoch, seed : int
            Chunk i depends on them and on i alone.
        """
        fraction, position = generator(seed, epoch).random((count, 2)).T
        region = np.minimum(np.searchsorted(self.bounds, fraction, side="right"), len(self.bounds) - 1)
        span = self.last[region] - self.first[region] + 1
        return self.file[region], self.first[region] + (position * span).astype(np.int64)
