"""Networks of an encoder, which gives frames of features, and the head of the kind of output."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import torch
from torch import Tensor, nn

from pyannote.audio.core.outputs import OutputKind
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.models._checks import check_sizes
from pyannote.audio.models._heads import long_term_layers, score_head, vector_layers
from pyannote.audio.models._normalization import InstanceNormalization, Normalization, normalization
from pyannote.audio.models._pooling import Pooling
from pyannote.audio.models.base import Batch, Model


def has_native_bfloat16() -> bool:
    """Whether this processor multiplies bfloat16 natively.

    Examples
    --------
    >>> has_native_bfloat16() in (True, False)
    True
    """
    return bool(getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)())


class EncoderModel(Model):
    """Network that encodes frames, with a head for scores of frames, scores of a chunk, or one vector.

    A subclass builds the layers of its encoder, calls `add_head` at the end of its constructor, and defines
    `encode`. Layers that the kind of output does not need are not built.

    Vectors: chunks may have any duration. In training on a processor with native bfloat16, `encode` uses
    bfloat16, which takes about half the time, unless `half_precision` is set otherwise; weights, `embed` and
    evaluation remain in float32. A chunk that is constant over time, such as silence, has an embedding but no
    gradient.

    Scores: the long-term input, if the task has one, is embedded and added to each encoded frame.

    Parameters
    ----------
    specifications : Specifications
        Inputs, classes and kind of output.
    dimension : int
        Dimension of an embedding.
    instance_normalize : bool
        Give each feature zero mean and unit variance over each chunk.
    batch_normalize : bool
        Give embeddings zero mean and unit variance over the batch, without learned scale and shift;
        in evaluation, by the running mean and variance. Training then needs two chunks a batch.
    normalize : bool, "sphere", "ball" or "ring"
        Length of embeddings, see `normalization`; True means "sphere".

    Examples
    --------
    >>> class Tiny(EncoderModel):
    ...     def __init__(self, specifications: Specifications, hidden: int = 8, dimension: int = 4) -> None:
    ...         super().__init__(specifications, dimension, False, True, True)
    ...         self.layer = nn.Linear(specifications.inputs["X"], hidden)
    ...         self.add_head(hidden, "statistics")
    ...
    ...     def encode(self, frames: Tensor) -> Tensor:
    ...         return self.layer(frames).tanh()
    >>> from pyannote.audio.core.outputs import Output
    >>> for kind in "frames", "vector", "chunk":
    ...     model = Tiny(Specifications("Dcase", {"X": 20}, ("a", "b"), 1.0, 0.01, 16000, Output(kind)))
    ...     print(kind, tuple(model({"X": torch.randn(3, 100, 20)}).shape))
    frames (3, 100, 2)
    vector (3, 4)
    chunk (3, 2)
    """

    output_kinds: ClassVar[tuple[OutputKind, ...]] = ("vector", "frames", "chunk")

    half_precision: bool
    """Whether `encode` of a network for vectors multiplies in bfloat16 in training."""

    resolution: int = 1

    pooling: nn.Module
    linear: nn.Module
    output: nn.Module

    @classmethod
    def without_effect(cls, kind: OutputKind) -> tuple[str, ...]:
        """Parameters that have no effect: without vectors, nothing depends on how they are made."""
        of_vectors = () if kind == "vector" else ("pooling", "dimension", "batch_normalize", "normalize")
        return cls.unused_parameters + of_vectors

    def __init__(
        self,
        specifications: Specifications,
        dimension: int,
        instance_normalize: bool,
        batch_normalize: bool,
        normalize: Normalization,
    ) -> None:
        super().__init__(specifications)
        check_sizes(dimension=dimension)
        layer = normalization(normalize)
        self.instance_normalization = InstanceNormalization() if instance_normalize else nn.Identity()
        self.long: nn.Module | None = None
        if self.kind != "vector":
            return
        self.dimension = dimension
        self.half_precision = has_native_bfloat16()
        self.batch_normalization = (
            nn.BatchNorm1d(dimension, eps=1e-7, affine=False) if batch_normalize else nn.Identity()
        )
        self.normalization = layer

    def add_head(self, features: int, pooling: Pooling) -> None:
        """Build the layers of the kind of output, after those of the encoder.

        Parameters
        ----------
        features : int
            Features of an encoded frame, from `encode` of shape (batch, frames, features).
        pooling : "sum", "mean", "max", "statistics" or "attentive"
            Pooling of frames into one vector.
        """
        if self.kind == "vector":
            batch_normalize = isinstance(self.batch_normalization, nn.BatchNorm1d)
            self.pooling, self.linear = vector_layers(pooling, features, self.dimension, batch_normalize)
        else:
            self.add_scores(features)

    def add_scores(self, features: int, hidden: int | None = None, dropout: float = 0.0) -> None:
        """Layers for scores of shape (batch, frames, classes) or (batch, classes); see `FrameHead`."""
        assert self.kind != "vector", "an embedding has no scores"
        if "long_term" in self.specifications.inputs:
            self.long = long_term_layers(self.specifications.inputs["long_term"], 64, features)
        self.output = score_head(self.kind, features, len(self.specifications.classes), hidden, dropout)

    @abstractmethod
    def encode(self, frames: Tensor) -> Tensor:
        """Encode the frames of chunks.

        Parameters
        ----------
        frames : Tensor, shape (batch, frames, features)
            Normalised input.

        Returns
        -------
        Tensor, shape (batch, encoded frames, encoded features)
            For scores, at least frames // resolution encoded frames; further ones are dropped.
        """

    def embed(self, encoded: Tensor) -> Tensor:
        """Embeddings before their normalisation.

        Parameters
        ----------
        encoded : Tensor, shape (batch, encoded frames, encoded features)
            Result of `encode`.

        Returns
        -------
        Tensor, shape (batch, dimension)
        """
        embeddings: Tensor = self.linear(self.pooling(encoded))
        return embeddings

    def with_long_term(self, encoded: Tensor, batch: Batch) -> Tensor:
        """Encoded frames plus the embedded long-term input, if there is one; same shape as `encoded`."""
        if self.long is None:
            return encoded
        return encoded + self.long(self.normalized(batch, "long_term")).unsqueeze(1)

    def rest(self, encoded: Tensor, batch: Batch) -> Tensor:
        """Output of the network, from encoded frames.

        Parameters
        ----------
        encoded : Tensor, shape (batch, encoded frames, encoded features)
            Result of `encode`.
        batch : mapping of str to Tensor
            All inputs.

        Returns
        -------
        Tensor
            Of the shape of `Model.forward`.
        """
        return self.head(self.with_long_term(encoded, batch), batch)

    def head(self, encoded: Tensor, batch: Batch) -> Tensor:
        """Output of the network, from encoded frames to which the long-term input was added; see `rest`."""
        if self.kind == "vector":
            return self._embeddings(encoded, batch["X"])
        scores: Tensor = self.output(encoded)
        return scores

    def _embeddings(self, encoded: Tensor, frames: Tensor) -> Tensor:
        normalized: Tensor = self.normalization(self.batch_normalization(self.embed(encoded)))
        # for constant chunks, gradients grow from one batch normalisation to the next
        changes = (frames != frames[:, :1]).flatten(1).any(dim=1, keepdim=True)
        return torch.where(changes, normalized, normalized.detach())

    def forward(self, batch: Batch) -> Tensor:
        """Scores of classes, or embeddings.

        Parameters
        ----------
        batch : mapping of str to Tensor
            "X" of shape (batch, frames, features), with at least `resolution` frames; for scores, other
            inputs of shape (batch, dimension).

        Returns
        -------
        Tensor
            Of the shape of `Model.forward`.
        """
        frames = self.instance_normalization(self.normalized(batch, "X"))
        if self.kind != "vector":
            return self.rest(self.encode(frames)[:, : frames.shape[1] // self.resolution], batch)
        half = self.half_precision and self.training
        # differences between chunks are small after pooling, below the precision of bfloat16
        with torch.autocast(frames.device.type, dtype=torch.bfloat16, enabled=half):
            encoded = self.encode(frames).to(frames.dtype)
        return self.rest(encoded, batch)
