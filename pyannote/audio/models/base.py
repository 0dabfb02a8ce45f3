"""What every network has in common: named inputs, their normalisation, and an output resolution."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn

from pyannote.audio.core.specifications import Specifications

Batch = Mapping[str, Tensor]


class Model(nn.Module, ABC):
    """Network that scores each class in each output frame.

    Mean and standard deviation of each input are buffers: they are measured on the training set
    and stored with the weights, so that no one can apply a model with other ones.

    Parameters
    ----------
    specifications : Specifications
        Inputs and classes.
    """

    unused_parameters: ClassVar[tuple[str, ...]] = ()
    """Parameters of older configurations, accepted without effect."""

    resolution: int
    """Feature frames of one output frame."""

    def __init__(self, specifications: Specifications) -> None:
        super().__init__()
        self.specifications = specifications
        for name, dimension in specifications.inputs.items():
            self.register_buffer(f"{name}_mean", torch.zeros(dimension))
            self.register_buffer(f"{name}_scale", torch.ones(dimension))

    def set_statistics(self, statistics: Mapping[str, tuple[Tensor, Tensor]]) -> None:
        """Set the normalisation of inputs.

        Parameters
        ----------
        statistics : mapping of str to (mean, standard deviation)
            Two tensors of shape (dimension,) for each input.
        """
        for name, (mean, deviation) in statistics.items():
            self.get_buffer(f"{name}_mean").copy_(mean)
            # a band that never changes carries nothing: it is centred, and not blown up
            scale = torch.where(deviation > 1e-5, 1 / deviation.clamp(min=1e-5), torch.ones_like(deviation))
            self.get_buffer(f"{name}_scale").copy_(scale)

    def normalized(self, batch: Batch, name: str) -> Tensor:
        """One input with zero mean and unit variance over the training set, same shape."""
        return (batch[name] - self.get_buffer(f"{name}_mean")) * self.get_buffer(f"{name}_scale")

    @abstractmethod
    def forward(self, batch: Batch) -> Tensor:
        """Logits of each class.

        Parameters
        ----------
        batch : mapping of str to Tensor
            "X" of shape (batch, frames, dimension); other inputs of shape (batch, dimension).

        Returns
        -------
        Tensor, shape (batch, frames // resolution, classes)
            Sigmoids of them are the scores.
        """
