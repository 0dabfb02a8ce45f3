"""What every augmentation of features has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
from torch import Tensor


class Base(ABC):
    """Changes batches of features in training."""

    changes_annotation: ClassVar[bool] = False
    """Whether it changes what is active when along with the features: then there must be such a thing."""

    @abstractmethod
    def __call__(self, batch: dict[str, Tensor], random: np.random.Generator) -> dict[str, Tensor]:
        """Augmented copy of a batch.

        Parameters
        ----------
        batch : dict of str to Tensor
            "X" of shape (batch, frames, dimension), activity "y" of shape (batch, frames, classes),
            and other inputs of shape (batch, dimension).
        random : numpy.random.Generator
            The only source of randomness.
        """
