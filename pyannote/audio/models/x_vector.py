"""The time-delay network with statistics pooling."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from pyannote.audio.core.errors import ConfigError
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.models._checks import check_sizes
from pyannote.audio.models._embedding import EmbeddingModel
from pyannote.audio.models._normalization import Normalization
from pyannote.audio.models._pooling import Pooling, pooling_layer


class XVector(EmbeddingModel):
    """Five time-delay layers, statistics over time, one linear layer.

    A frame sees 7 frames before and after it; zeros stand for what lies outside the chunk, so that
    a chunk may be as short as one frame. Each layer ends in ReLU and batch normalisation.

    Parameters
    ----------
    specifications : Specifications
        Inputs; only "X" is read.
    channels : list of int
        Channels of each of the five layers; by default those of the paper.
    pooling : "sum", "mean", "max", "statistics" or "attentive"
        How frames become one vector.
    dimension : int
        Dimension of an embedding.
    instance_normalize : bool
        Give each chunk zero mean and unit variance over its own time.
    batch_normalize : bool
        Give embeddings zero mean and unit variance over the batch, without learned scale and shift.
    normalize : bool, "sphere", "ball" or "ring"
        Length of embeddings: as it comes (False), 1 (True, "sphere"), below 1 ("ball") or one
        learned length ("ring").

    References
    ----------
    Snyder, Garcia-Romero, Sell, Povey and Khudanpur, "X-vectors: Robust DNN Embeddings for Speaker
    Recognition", ICASSP 2018, table 1; embeddings are the outputs of its layer segment6.

    Examples
    --------
    >>> import torch
    >>> specs = Specifications("TripletLoss", {"X": 24}, ("anna", "bob"), 1.0, 0.01, 16000)
    >>> model = XVector(specs, channels=[64, 64, 64, 64, 192], dimension=64)
    >>> tuple(model({"X": torch.randn(4, 100, 24)}).shape)
    (4, 64)
    """

    def __init__(
        self,
        specifications: Specifications,
        channels: Sequence[int] = (512, 512, 512, 512, 1500),
        pooling: Pooling = "statistics",
        dimension: int = 512,
        instance_normalize: bool = True,
        batch_normalize: bool = True,
        normalize: Normalization = True,
    ) -> None:
        super().__init__(specifications, dimension, instance_normalize, batch_normalize, normalize)
        check_sizes(channels=channels)
        if len(channels) != 5:
            raise ConfigError(f"channels must be five sizes, not {list(channels)}.")
        layers: list[nn.Module] = []
        inputs = specifications.inputs["X"]
        for outputs, width, dilation in zip(channels, (5, 3, 3, 1, 1), (1, 2, 3, 1, 1), strict=True):
            convolution = nn.Conv1d(inputs, outputs, width, dilation=dilation, padding="same")
            layers += [convolution, nn.ReLU(), nn.BatchNorm1d(outputs, affine=False)]
            inputs = outputs
        self.layers = nn.Sequential(*layers)
        self.pooling, pooled = pooling_layer(pooling, inputs)
        # batch normalisation would take a bias away again
        self.linear = nn.Linear(pooled, dimension, bias=not batch_normalize)

    def encode(self, frames: Tensor) -> Tensor:
        """(batch, frames, features) to (batch, frames, encoded features)."""
        encoded: Tensor = self.layers(frames.transpose(1, 2)).transpose(1, 2)
        return encoded

    def embed(self, encoded: Tensor) -> Tensor:
        """Embeddings before their normalisation, of shape (batch, dimension)."""
        embeddings: Tensor = self.linear(self.pooling(encoded))
        return embeddings
