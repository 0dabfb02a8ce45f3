"""What every embedding model has in common: one vector for a chunk of any length."""

from __future__ import annotations

from abc import abstractmethod

from torch import Tensor, nn

from pyannote.audio.core.specifications import Specifications
from pyannote.audio.models._checks import check_sizes
from pyannote.audio.models._normalization import InstanceNormalization, Normalization, normalization
from pyannote.audio.models.base import Base, Batch


class EmbeddingModel(Base):
    """Network that turns each chunk into one vector, whatever the duration of the chunk.

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
        self.instance_normalization = InstanceNormalization() if instance_normalize else nn.Identity()
        self.batch_normalization = (
            nn.BatchNorm1d(dimension, affine=False) if batch_normalize else nn.Identity()
        )
        self.normalization = normalization(normalize)

    @abstractmethod
    def embed(self, frames: Tensor) -> Tensor:
        """Embeddings before their normalisation.

        Parameters
        ----------
        frames : Tensor, shape (batch, frames, features)
            Normalised input.

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
        embeddings: Tensor = self.normalization(self.batch_normalization(self.embed(frames)))
        return embeddings
