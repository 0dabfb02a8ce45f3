"""What every labeling task has in common: chunks of frames, drawn where the recordings are annotated."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from pyannote.audio.core.errors import ConfigError, DataError
from pyannote.audio.core.labels import Composition, frame_range
from pyannote.audio.core.randomness import generator
from pyannote.audio.core.shares import WHOLE, Share
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.core.windows import DAY, LARGEST_BATCH, batches_of, check_epoch
from pyannote.audio.database.protocols import Recording
from pyannote.audio.features.base import FeatureExtraction
from pyannote.audio.store.packs import Pack


class Task(ABC):
    """Task that trains on chunks of one duration.

    Parameters
    ----------
    duration : float
        Duration of a chunk, in seconds, at most a day.
    batch_size : int
        Chunks of a batch, 1 to 65,536.
    per_epoch : float
        Audio of an epoch, in days: 1 is 43,200 chunks of 2 s.
    """

    labels: Composition
    """What the classes are made of."""

    head: nn.Module
    """What the loss learns beside the network: nothing."""

    uniform: bool = True
    """All batches are of one shape, and targets and loss are the same operations for each of them."""

    def __init__(self, duration: float = 2.0, batch_size: int = 32, per_epoch: float = 1.0) -> None:
        if not (0 < duration <= DAY and 1 <= batch_size <= LARGEST_BATCH and 0 < per_epoch < math.inf):
            raise ConfigError(
                f"duration, batch_size and per_epoch must be positive, duration at most {DAY} (seconds), and "
                f"batch_size at most {LARGEST_BATCH}."
            )
        check_epoch(per_epoch, duration)
        self.head = nn.Identity()
        self.duration = duration
        self.batch_size = batch_size
        self.per_epoch = per_epoch

    @property
    def chunks(self) -> int:
        """Chunks of a batch."""
        return self.batch_size

    @property
    def batch_seconds(self) -> float:
        """Audio of a batch, in seconds."""
        return self.duration * self.batch_size

    @property
    def batches_per_epoch(self) -> int:
        """Batches of an epoch, at least 1."""
        return batches_of(self.per_epoch, self.batch_seconds)

    @abstractmethod
    def specifications(self, extraction: FeatureExtraction) -> Specifications:
        """Describe to a model what it must know of this task on these features."""

    @abstractmethod
    def check(self, files: Sequence[Recording]) -> list[str]:
        """Refuse training files that do not hold what this task is to learn.

        Returns
        -------
        list of str
            What the user should know.

        Raises
        ------
        DataError
            With what is missing or unknown.
        """

    @abstractmethod
    def prepare(self, files: Sequence[Recording], pack: Pack, specifications: Specifications) -> None:
        """Get ready to draw batches.

        Parameters
        ----------
        files : sequence of Recording
            Training files.
        pack : Pack
            Their features, in the same order.
        specifications : Specifications
            What `specifications` gave.

        Raises
        ------
        DataError
            If no annotated region is as long as a chunk.
        """

    @abstractmethod
    def statistics(self) -> dict[str, tuple[Tensor, Tensor]]:
        """Mean and standard deviation of each input over the training files, each (dimension,)."""

    @abstractmethod
    def batches(self, epoch: int, seed: int, share: Share = WHOLE) -> Iterator[dict[str, Tensor]]:
        """Batches of an epoch.

        Parameters
        ----------
        epoch, seed : int
            Each sample depends on them and on its index alone.
        share : Share
            Rows of each batch that are asked for.

        Yields
        ------
        dict of str to Tensor
            Inputs of the model, of these rows, and what is active in each feature frame of all rows: "y" of
            shape (batch, frames, classes).
        """

    @abstractmethod
    def targets(self, activity: Tensor, resolution: int) -> Tensor:
        """Turn activity into what a model of a given resolution is to answer.

        Parameters
        ----------
        activity : Tensor of float, shape (batch, frames, classes)
            Activity in each feature frame, between 0 and 1.
        resolution : int
            Feature frames of an output frame.

        Returns
        -------
        Tensor of float, shape (batch, frames // resolution, classes)
        """

    @abstractmethod
    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Scalar to minimise, for the outputs of a model and its targets, of the same shape."""

    def measures(self) -> dict[str, float]:
        """Means since the last call of what is worth watching beside the loss: nothing."""
        return {}


class ChunkSampler:
    """Draws chunks uniformly from annotated regions, in proportion to their durations.

    Parameters
    ----------
    files : sequence of Recording
        Recordings with their annotated regions.
    offsets : ndarray of int, shape (files + 1,)
        First frame of each file in the concatenation of all.
    frames : int
        Length of a chunk, in frames.
    step : float
        Duration of a frame, in seconds.

    Raises
    ------
    DataError
        If no region is as long as a chunk.
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
        """Files and first frames of `count` chunks of an epoch, each of shape (count,)."""
        where, position = generator(seed, epoch).random((count, 2)).T
        region = np.minimum(np.searchsorted(self.bounds, where, side="right"), len(self.bounds) - 1)
        span = self.last[region] - self.first[region] + 1
        return self.file[region], self.first[region] + (position * span).astype(np.int64)
