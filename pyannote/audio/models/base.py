"""Base class of networks: named inputs, their normalisation, kind and resolution of the output."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn

from pyannote.audio.core.errors import ConfigError
from pyannote.audio.core.outputs import OutputKind
from pyannote.audio.core.specifications import Specifications

Batch = Mapping[str, Tensor]

OUTPUT_NAMES: dict[OutputKind, str] = {
    "frames": "scores of each output frame",
    "vector": "an embedding of each chunk",
    "chunk": "scores of each chunk",
}
"""Descriptions of the kinds of output."""


class Model(nn.Module, ABC):
    """Network with the kind of output of its specifications.

    Inputs are normalised, y = (x - m) / s. Mean m and standard deviation s, of shape (dimension,), are
    measured on the training set and are buffers, so that they are stored with the weights.

    Parameters
    ----------
    specifications : Specifications
        Inputs, classes and kind of output.

    Raises
    ------
    ConfigError
        If the network does not support this kind of output.

    Examples
    --------
    >>> class Bands(Model):
    ...     resolution = 1
    ...
    ...     def forward(self, batch: Batch) -> Tensor:
    ...         return self.normalized(batch, "X")
    >>> model = Bands(Specifications("Dcase", {"X": 2}, ("low", "high"), 2.0, 0.01, 16000))
    >>> model.set_statistics({"X": (torch.tensor([1.0, 2.0]), torch.tensor([2.0, 4.0]))})
    >>> model({"X": torch.tensor([[[3.0, 6.0]]])})
    tensor([[[1., 1.]]])
    """

    output_kinds: ClassVar[tuple[OutputKind, ...]] = ("frames", "chunk")
    """Kinds of output that the network supports; for "chunk", scores of frames suffice, which are pooled."""

    kind: OutputKind
    """Kind of output of this network."""

    unused_parameters: ClassVar[tuple[str, ...]] = ()
    """Parameters of older configurations, which are accepted and have no effect."""

    resolution: int
    """Feature frames of one output frame; of a vector, feature frames of the shortest chunk."""

    dimension: int
    """Values of an output frame or of a vector."""

    @classmethod
    def without_effect(cls, kind: OutputKind) -> tuple[str, ...]:
        """Parameters that have no effect on a network for a kind of output."""
        return cls.unused_parameters

    def __init__(self, specifications: Specifications) -> None:
        super().__init__()
        self.check_output(specifications)
        self.specifications = specifications
        self.kind = specifications.output.kind
        self.dimension = len(specifications.classes)
        for name, dimension in specifications.inputs.items():
            self.register_buffer(f"{name}_mean", torch.zeros(dimension))
            self.register_buffer(f"{name}_scale", torch.ones(dimension))

    @classmethod
    def check_output(cls, specifications: Specifications) -> None:
        """Refuse specifications of a kind of output that the network does not support.

        Raises
        ------
        ConfigError
            With the kinds that the network supports, and the kind that the task needs.

        Examples
        --------
        >>> from pyannote.audio.models.dcase import Dcase
        >>> Dcase.check_output(Specifications("Dcase", {"X": 40}, ("car",), 2.0, 0.01, 44100))
        """
        if specifications.output.kind not in cls.output_kinds:
            raise ConfigError(
                f"{cls.__name__} gives {' or '.join(OUTPUT_NAMES[kind] for kind in cls.output_kinds)}, and "
                f"{specifications.task} needs {OUTPUT_NAMES[specifications.output.kind]}.",
                fix="Choose another architecture; the tutorials list them.",
            )

    def set_statistics(self, statistics: Mapping[str, tuple[Tensor, Tensor]]) -> None:
        """Set the normalisation of inputs.

        Parameters
        ----------
        statistics : mapping of str to (mean, standard deviation)
            Two tensors of shape (dimension,) for each input. Where the deviation is at most 1e-5, the input
            is not scaled.
        """
        for name, (mean, deviation) in statistics.items():
            self.get_buffer(f"{name}_mean").copy_(mean)
            # the noise of a constant band is not amplified
            scale = torch.where(deviation > 1e-5, 1 / deviation.clamp(min=1e-5), torch.ones_like(deviation))
            self.get_buffer(f"{name}_scale").copy_(scale)

    def normalized(self, batch: Batch, name: str) -> Tensor:
        """Input with zero mean and unit variance over the training set, of the shape of `batch[name]`."""
        return (batch[name] - self.get_buffer(f"{name}_mean")) * self.get_buffer(f"{name}_scale")

    @abstractmethod
    def forward(self, batch: Batch) -> Tensor:
        """Logits of classes, whose sigmoids are the scores, or embeddings.

        Parameters
        ----------
        batch : mapping of str to Tensor
            "X" of shape (batch, frames, dimension); other inputs of shape (batch, dimension).

        Returns
        -------
        Tensor
            Of shape (batch, frames // resolution, classes) for "frames", (batch, dimension) for "vector",
            (batch, classes) for "chunk", or as for "frames" (see `_outputs.chunk_logits`).
        """
