"""What every embedding model has in common: one vector for a chunk of any length."""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor, nn

from pyannote.audio.core.specifications import Specifications
from pyannote.audio.models._checks import check_sizes
from pyannote.audio.models._normalization import InstanceNormalization, Normalization, normalization
from pyannote.audio.models.base import Batch, Model


def multiplies_bfloat16() -> bool:
    """Whether this processor multiplies numbers of 16 bits natively."""
    return bool(getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)())


class EmbeddingModel(Model):
    """Network that turns each chunk into one vector, whatever the duration of the chunk.

    In training on a processor that multiplies bfloat16 natively, `encode` does so, which takes
    about half the time, unless `half_precision` is set otherwise; weights, `embed` and all of evaluation
    remain in float32. A chunk that does not change over time, such as silence, has an embedding, but
    nothing is learned from it.

    Parameters
    ----------
    specifications : Specifications
        Inputs; only "X" is read.
    dimension : int
        Dimension of an embedding.
    instance_normalize : bool
        Give each chunk zero mean and unit variance over its own time, one feature at a time.
    batch_normalize : bool
        Give embeddings zero mean and unit variance over the batch, without learned scale and shift;
        in evaluation, by the running mean and variance. Training then needs two chunks a batch.
    normalize : bool, "sphere", "ball" or "ring"
        Where embeddings lie, see `normalization`; True means "sphere".
    """

    dimension: int
    """Dimension of an embedding."""

    half_precision: bool
    """Whether `encode` multiplies in bfloat16 in training."""

    resolution: int = 1
    """Feature frames of the shortest chunk that the model accepts."""

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
        self.dimension = dimension
        self.half_precision = multiplies_bfloat16()
        self.instance_normalization = InstanceNormalization() if instance_normalize else nn.Identity()
        self.batch_normalization = (
            nn.BatchNorm1d(dimension, eps=1e-7, affine=False) if batch_normalize else nn.Identity()
        )
        self.normalization = normalization(normalize)

    @abstractmethod
    def encode(self, frames: Tensor) -> Tensor:
        """Encode each frame of a chunk, with those around it.

        Parameters
        ----------
        frames : Tensor, shape (batch, frames, features)
            Normalised input.

        Returns
        -------
        Tensor, shape (batch, encoded frames, encoded features)
        """

    @abstractmethod
    def embed(self, encoded: Tensor) -> Tensor:
        """Embeddings before their normalisation.

        Parameters
        ----------
        encoded : Tensor, shape (batch, encoded frames, encoded features)
            What `encode` gave.

        Returns
        -------
        Tensor, shape (batch, dimension)
        """

    def forward(self, batch: Batch) -> Tensor:
        """One embedding a chunk.

        Parameters
        ----------
        batch : mapping of str to Tensor
            "X" of shape (batch, frames, features), with at least `resolution` frames.

        Returns
        -------
        Tensor, shape (batch, dimension)
        """
        frames = self.instance_normalization(self.normalized(batch, "X"))
        half = self.half_precision and self.training
        # what differs from chunk to chunk is small after pooling, and would drown in 16 bits
        with torch.autocast(frames.device.type, dtype=torch.bfloat16, enabled=half):
            encoded = self.encode(frames).to(frames.dtype)
        normalized: Tensor = self.normalization(self.batch_normalization(self.embed(encoded)))
        # where nothing varies, batch normalisations make gradients grow from layer to layer
        changes = (batch["X"] != batch["X"][:, :1]).flatten(1).any(dim=1, keepdim=True)
        return torch.where(changes, normalized, normalized.detach())
