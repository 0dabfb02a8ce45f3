"""What every embedding model has in common: one vector for a chunk of any length."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from torch import Tensor

from pyannote.audio.core.errors import ConfigError
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.models._normalization import InstanceNormalization, Normalization, normalization
from pyannote.audio.models.base import Base, Batch


class EmbeddingModel(Base):
    """Network that turns each chunk into one vector, whatever the duration of the chunk.

    Parameters
    ----------
    specifications : Specifications
        Inputs; only "X" is read.
    instance_normalize : bool
        Give each chunk zero mean and unit variance over its own time, one feature at a time.
    normalize : bool, "sphere", "ball" or "ring"
        Where embeddings lie, see `normalization`; True means "sphere".
    """

    dimension: int
    """Dimension of an embedding."""

    resolution: int = 1
    """Feature frames of the shortest chunk that the model accepts."""

    def __init__(
        self, specifications: Specifications, instance_normalize: bool, normalize: Normalization
    ) -> None:
        super().__init__(specifications)
        self.instance_normalize = InstanceNormalization() if instance_normalize else None
        self.normalize = normalization(normalize)

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
        frames = self.normalized(batch, "X")
        if self.instance_normalize is not None:
            frames = self.instance_normalize(frames)
        embeddings: Tensor = self.normalize(self.embed(frames))
        return embeddings


def check_sizes(**sizes: int | Sequence[int]) -> None:
    """Refuse sizes that no layer can have.

    Raises
    ------
    ConfigError
        If one of them is below 1, or a list of them is empty.

    Examples
    --------
    >>> check_sizes(channels=16, linear=[256, 128])
    """
    for name, value in sizes.items():
        if min([value] if isinstance(value, int) else value, default=0) < 1:
            shown = value if isinstance(value, int) else list(value)
            raise ConfigError(
                f"{name} must be at least 1, not {shown}.", fix="Give at least one size above 0."
            )
