"""Networks for embeddings only, which cannot score frames."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from torch import Tensor

from pyannote.audio.core.outputs import OutputKind
from pyannote.audio.models._encoder import EncoderModel


class EmbeddingModel(EncoderModel):
    """Network for embeddings only; a subclass defines `encode` and `embed`.

    Parameters
    ----------
    specifications, dimension, instance_normalize, batch_normalize, normalize
        As in `EncoderModel`.

    Examples
    --------
    >>> class Mean(EmbeddingModel):
    ...     def encode(self, frames: Tensor) -> Tensor:
    ...         return frames
    ...
    ...     def embed(self, encoded: Tensor) -> Tensor:
    ...         return encoded.mean(dim=1)
    >>> from pyannote.audio.core.outputs import Output
    >>> from pyannote.audio.core.specifications import Specifications
    >>> specs = Specifications("TripletLoss", {"X": 20}, ("a", "b"), 1.0, 0.01, 16000, Output("vector"))
    >>> model = Mean(specs, 20, instance_normalize=False, batch_normalize=False, normalize=True)
    >>> import torch
    >>> tuple(model({"X": torch.randn(3, 100, 20)}).shape)
    (3, 20)
    """

    output_kinds: ClassVar[tuple[OutputKind, ...]] = ("vector",)

    @abstractmethod
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
