"""Annotated events of the training set, to be heard in other chunks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from pyannote.audio.augmentation.base import TrainingFrames


class EventBank:
    """Events of the training files: runs of frames in which a class is active.

    Parameters
    ----------
    training : TrainingFrames
    balanced : bool
        Draw each class equally often; otherwise, each event.
    device : torch.device
        Where events are drawn. Features on another device are copied, those of events alone.

    Attributes
    ----------
    starts, lengths : Tensor of int64, shape (events,)
        Rows of `frames` and `activity`.
    frames : Tensor, shape (rows, dimension)
    activity : Tensor, shape (rows, classes)
        All classes that are active in these rows.
    step : float
        Duration of a row, in seconds.
    bounds : Tensor, shape (events,)
        Cumulative probability of the events.

    Examples
    --------
    >>> activity = torch.tensor([[1, 0], [1, 0], [1, 1], [0, 0]])
    >>> frames = TrainingFrames(torch.zeros(4, 3), activity, offsets=[0, 1, 4], step=0.01)
    >>> bank = EventBank(frames, balanced=True, device=torch.device("cpu"))
    >>> bank.starts.tolist(), bank.lengths.tolist(), bank.bounds.tolist()
    ([0, 1, 2], [1, 2, 1], [0.25, 0.5, 1.0])
    """

    def __init__(self, training: TrainingFrames, balanced: bool, device: torch.device) -> None:
        runs = _runs(training.activity.cpu() > 0.5, training.offsets)
        self.starts, self.lengths, classes = (column.to(device) for column in runs.unbind(1))
        self.frames, self.activity = training.frames, training.activity
        if self.frames.device != device:
            rows = _rows(*runs[:, :2].unbind(1))
            self.frames = self.frames[rows.to(self.frames.device)].to(device)
            self.activity = self.activity[rows.to(self.activity.device)].to(device)
            self.starts = self.lengths.cumsum(0) - self.lengths
        counts = torch.bincount(classes)
        weights = 1 / counts[classes] if balanced else torch.ones(len(classes), device=device)
        self.step = training.step
        self.bounds = weights.cumsum(0) / weights.sum()

    def draw(self, random: torch.Generator, *shape: int) -> Tensor:
        """Indices of random events, of a given shape.

        Examples
        --------
        >>> frames = TrainingFrames(torch.zeros(4, 3), torch.ones(4, 1), offsets=[0, 1, 4], step=0.01)
        >>> EventBank(frames, False, torch.device("cpu")).draw(torch.Generator(), 2, 3).shape
        torch.Size([2, 3])
        """
        fraction = torch.rand(shape, generator=random, device=random.device)
        drawn = torch.searchsorted(self.bounds, fraction, right=True)
        return drawn.clamp_(max=len(self.starts) - 1)


def _runs(active: Tensor, offsets: Sequence[int]) -> Tensor:
    """First row, length and class of each run of active frames in a file, shape (runs, 3)."""
    found = []
    for first, last in pairwise(offsets):
        for column, values in enumerate(active[first:last].T):
            edges = torch.diff(values.int(), prepend=torch.zeros(1).int(), append=torch.zeros(1).int())
            begin, end = (edges == 1).nonzero()[:, 0], (edges == -1).nonzero()[:, 0]
            found.append(torch.stack([begin + first, end - begin, torch.full_like(begin, column)], dim=1))
    return torch.cat(found)


def _rows(starts: Tensor, lengths: Tensor) -> Tensor:
    """All rows of runs, one run after the other."""
    return torch.cat(
        [torch.arange(start, start + length) for start, length in zip(starts, lengths, strict=True)]
    )
