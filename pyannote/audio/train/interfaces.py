"""Interfaces of the training loop: tasks, augmentations, steps, and reports of epochs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor, nn

from pyannote.audio.augmentation.base import TrainingFrames
from pyannote.audio.core.ranks import WHOLE, Rank

Batch = dict[str, Tensor]


class Step(NamedTuple):
    """Tensors of a training step, before its update of the weights.

    Parameters
    ----------
    features : Tensor, shape (rows of this process, frames, dimension)
        Input "X" of the network, augmented.
    targets, outputs, loss : Tensor
        Detached from the graph; the loss is a scalar, the others have one row for each row of the batch.

    Examples
    --------
    >>> features, targets, outputs = torch.zeros(4, 200, 40), torch.zeros(4, 25, 2), torch.zeros(4, 25, 2)
    >>> Step(features, targets, outputs, torch.tensor(0.5)).loss
    tensor(0.5000)
    """

    features: Tensor
    targets: Tensor
    outputs: Tensor
    loss: Tensor


Gradients = Callable[[Batch, int], Step]
"""Computes the gradients of the weights for a batch, with random numbers from a seed."""


@dataclass(frozen=True)
class EpochReport:
    """Figures of an epoch, and its last batch.

    Parameters
    ----------
    epoch : int
        Counted from 1.
    loss : float
        Mean over the batches.
    learning_rate : float
        Rate at the last step.
    seconds : float
        Duration of the epoch.
    samples : int
        Chunks that all processes have trained on.
    features : Tensor, shape (rows of this process, frames, dimension)
        Input "X" of the last batch.
    targets, outputs : Tensor, shape (batch, ...)
        Targets and outputs of all rows of the last batch.
    measures : mapping of str to float
        Further figures of the task.
    """

    epoch: int
    loss: float
    learning_rate: float
    seconds: float
    samples: int
    features: Tensor
    targets: Tensor
    outputs: Tensor
    measures: Mapping[str, float]


class Task(Protocol):
    """Samples and loss of a training.

    Examples
    --------
    >>> class Sign:
    ...     head, batches_per_epoch = nn.Identity(), 1
    ...
    ...     def batches(self, epoch, seed, rank=WHOLE):
    ...         frames = torch.randn(4, 8, 1, generator=torch.Generator().manual_seed(seed + epoch))
    ...         yield {"X": frames, "y": (frames > 0).float()}
    ...
    ...     def targets(self, truth, resolution):
    ...         return truth[:, ::resolution]
    ...
    ...     def loss(self, outputs, targets):
    ...         return nn.functional.binary_cross_entropy_with_logits(outputs, targets)
    ...
    ...     def measures(self):
    ...         return {}
    ...
    ...     def training_frames(self):
    ...         return None
    >>> task: Task = Sign()
    >>> [tuple(batch["y"].shape) for batch in task.batches(epoch=1, seed=0)]
    [(4, 8, 1)]
    """

    head: nn.Module
    """Part of the loss that is trained with the model, such as class centres."""

    @property
    def batches_per_epoch(self) -> int:
        """Number of batches of an epoch."""

    def batches(self, epoch: int, seed: int, rank: Rank = WHOLE, /) -> Iterable[Batch]:
        """Batches of an epoch.

        Parameters
        ----------
        epoch : int
            Counted from 1.
        seed : int
            Batches are a function of (seed, epoch).
        rank : Rank
            Process that computes the outputs.

        Returns
        -------
        iterable of dict of str to Tensor
            Inputs of the rows of that process: "X" of shape (rows, frames, dimension), others of shape
            (rows, dimension). "y" holds the ground truth of all rows.
        """

    def targets(self, truth: Tensor, resolution: int) -> Tensor:
        """Targets of a model.

        Parameters
        ----------
        truth : Tensor, shape (batch, ...)
            "y" of a batch.
        resolution : int
            Feature frames of one output frame of the model.

        Returns
        -------
        Tensor, of the shape of the outputs, or one label for each row
        """

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Loss to minimise, of shape ().

        Parameters
        ----------
        outputs, targets : Tensor, shape (batch, ...)
        """

    def measures(self) -> dict[str, float]:
        """Means of further figures since the last call, for the log."""

    def training_frames(self) -> TrainingFrames | None:
        """Frames of shape (frames, dimension) of all training files, with their activity, if there is any."""


class Augmentation(Protocol):
    """Random change of a batch.

    Examples
    --------
    >>> def add_noise(batch, random):
    ...     return {**batch, "X": batch["X"] + torch.randn(batch["X"].shape, generator=random)}
    >>> augmentation: Augmentation = add_noise
    >>> tuple(augmentation({"X": torch.zeros(4, 200, 40)}, torch.Generator())["X"].shape)
    (4, 200, 40)
    """

    def __call__(self, batch: Batch, random: torch.Generator) -> Batch:
        """Augmented batch, of the same shapes."""
