"""What the training loop needs of what it is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

import torch
from torch import Tensor, nn

from pyannote.audio.core.ranks import WHOLE, Rank

Batch = dict[str, Tensor]


class Step(NamedTuple):
    """What the weights made of a batch before they were updated.

    Parameters
    ----------
    features : Tensor
        Input "X" of the network, augmented.
    targets, outputs, loss : Tensor
        Without gradients.
    """

    features: Tensor
    targets: Tensor
    outputs: Tensor
    loss: Tensor


Gradients = Callable[[Batch, int], Step]
"""Gives the weights their gradients for a batch; all that is drawn follows from a seed."""


class Task(Protocol):
    """What the loop needs of a task."""

    head: nn.Module
    """What its loss learns beside the model."""

    @property
    def batches_per_epoch(self) -> int:
        """Batches of an epoch."""

    def batches(self, epoch: int, seed: int, rank: Rank = WHOLE) -> Iterable[Batch]:
        """Batches of an epoch: inputs of the rows of a share, and "y" of all rows."""

    def targets(self, truth: Tensor, resolution: int) -> Tensor:
        """Turn the "y" of a batch into what a model of a given resolution is to answer."""

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Scalar to minimise."""

    def measures(self) -> dict[str, float]:
        """Means since the last call of what is worth watching beside the loss."""


class Augmentation(Protocol):
    """What the loop needs of a data augmentation."""

    def __call__(self, batch: Batch, random: torch.Generator) -> Batch:
        """Augmented batch."""
