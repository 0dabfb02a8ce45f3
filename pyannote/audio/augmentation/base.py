"""Base class of augmentations of features."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor


class Augmentation(ABC):
    """Changes batches of features in training, on the device on which they are.

    No step waits for that device: what is drawn is drawn there, and shapes do not depend on it.

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
    """Whether it changes what is active when along with the features: then there must be such a thing."""

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
        """


def uniform(random: torch.Generator, low: float, high: float, *shape: int) -> Tensor:
    """Numbers of a shape, drawn uniformly from [low, high), on the device of their generator.

    Examples
    --------
    >>> uniform(torch.Generator(), 2, 2, 1, 3)
    tensor([[2., 2., 2.]])
    """
    return torch.empty(shape, device=random.device).uniform_(low, high, generator=random)


def partners(random: torch.Generator, count: int, share: float) -> Tensor:
    """Another chunk for each of the first chunks of a batch, a share of all: their indices, none twice.

    The order of a batch is random, so that the first ones are any ones.

    Examples
    --------
    >>> len(partners(torch.Generator(), count=10, share=0.3))
    3
    """
    return torch.randperm(count, generator=random, device=random.device)[: round(share * count)]
