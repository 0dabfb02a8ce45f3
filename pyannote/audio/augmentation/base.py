"""Base class of augmentations of features."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor


@dataclass(frozen=True)
class TrainingFrames:
    """Features of all training files, one after the other, and the activity of each class.

    Parameters
    ----------
    frames : Tensor of float, shape (frames of all files, dimension)
    activity : Tensor, shape (frames of all files, classes)
        In [0, 1].
    offsets : sequence of int, shape (files + 1,)
        First frame of each file, and the end of the last one.
    step : float
        Duration of a frame, in seconds.
    """

    frames: Tensor
    activity: Tensor
    offsets: Sequence[int]
    step: float


class Augmentation(ABC):
    """Changes batches of features in training, on their device.

    Random numbers are drawn on the device, and shapes do not depend on them, so that nothing waits for it.

    Examples
    --------
    >>> class Louder(Augmentation):
    ...     def __call__(self, batch: dict[str, Tensor], random: torch.Generator) -> dict[str, Tensor]:
    ...         return {**batch, "X": batch["X"] + 3}
    >>> Louder()({"X": torch.zeros(1, 1, 2)}, torch.Generator())["X"]
    tensor([[[3., 3.]]])
    """

    acts_on: ClassVar[str] = "batches"
    """Data that is changed: batches of features."""

    changes_annotation: ClassVar[bool] = False
    """Whether targets are changed along with the features; then the task must have targets of frames."""

    @abstractmethod
    def __call__(self, batch: dict[str, Tensor], random: torch.Generator) -> dict[str, Tensor]:
        """Augmented copy of a batch.

        Parameters
        ----------
        batch : dict of str to Tensor
            "X" of shape (batch, frames, dimension), activity "y" of shape (batch, frames, classes),
            and other inputs of shape (batch, dimension).
        random : torch.Generator
            The only source of randomness, on the device of the batch.

        Returns
        -------
        batch : dict of str to Tensor
            With the same keys and shapes; the given tensors are not modified.
        """


def uniform(random: torch.Generator, low: float, high: float, *shape: int) -> Tensor:
    """Random numbers of a given shape, uniform in [low, high), on the device of their generator.

    Examples
    --------
    >>> uniform(torch.Generator(), 2, 2, 1, 3)
    tensor([[2., 2., 2.]])
    """
    return torch.empty(shape, device=random.device).uniform_(low, high, generator=random)


def partner_indices(random: torch.Generator, count: int, share: float) -> Tensor:
    """Indices of different chunks, one for each of the first chunks of a batch.

    The order of a batch is random, so that the first chunks are a random choice.

    Parameters
    ----------
    random : torch.Generator
    count : int
        Number of chunks of the batch.
    share : float
        Share of the chunks that get another one, in [0, 1].

    Returns
    -------
    indices : int64 Tensor, shape (round(share * count),)

    Examples
    --------
    >>> len(partner_indices(torch.Generator(), count=10, share=0.3))
    3
    """
    return torch.randperm(count, generator=random, device=random.device)[: round(share * count)]
