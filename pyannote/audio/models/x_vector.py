"""XVector: a time-delay network with statistics pooling, for embeddings or scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize as to_unit_length

from pyannote.audio.core.errors import ConfigError
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.models._checks import check_choice, check_sizes
from pyannote.audio.models._encoder import EncoderModel
from pyannote.audio.models._normalization import Normalization
from pyannote.audio.models._pooling import Pooling, pooled_size, pooling_layer

InputStatistics = Literal["none", "pooled", "appended"]


class XVector(EncoderModel):
    """Five time-delay layers, statistics over time, one linear layer.

    The receptive field is 7 frames before and after a frame; chunks are padded with zeros, and may be as
    short as one frame. ReLU and batch normalisation follow each layer. Scores of frames and of chunks come
    from the linear layer without statistics.

    Two options, off as in the paper, help with few training speakers: `residual`, and `input_statistics`,
    which add statistics of the input to the embedding (see Cheng et al., "Wide & Deep Learning", 2016).

    Parameters
    ----------
    specifications : Specifications
        Inputs, classes and kind of output.
    channels : list of int
        Channels of each of the five layers; by default those of the paper.
    residual : bool
        Add the input of the second to fourth layer to its output; the first four layers must have
        equally many channels.
    input_statistics : "none", "pooled" or "appended"
        "pooled": the input features, and their change over 4 frames, are pooled along with the output
        of the last layer, and normalised over the batch. "appended": in addition, their pooled values
        follow the `dimension` learned values of the embedding, which have length 1.
    statistics_length : float
        Length of the appended statistics, positive. Below 1 they count less than the learned part, by the
        square of it in a cosine.
    pooling : "sum", "mean", "max", "statistics" or "attentive"
        Pooling of frames into one vector.
    dimension : int
        Dimension of an embedding, without appended statistics.
    instance_normalize : bool
        Give each feature zero mean and unit variance over each chunk.
    batch_normalize : bool
        Give embeddings zero mean and unit variance over the batch, without learned scale and shift.
    normalize : bool, "sphere", "ball" or "ring"
        Length of embeddings: unchanged (False), 1 (True, "sphere"), below 1 ("ball") or one
        learned length ("ring").

    References
    ----------
    Snyder, Garcia-Romero, Sell, Povey and Khudanpur, "X-vectors: Robust DNN Embeddings for Speaker
    Recognition", ICASSP 2018, table 1; embeddings are the outputs of its layer segment6.

    Examples
    --------
    >>> import torch
    >>> from pyannote.audio.core.outputs import Output
    >>> specs = Specifications("TripletLoss", {"X": 24}, ("a", "b"), 1.0, 0.01, 16000, Output("vector"))
    >>> model = XVector(specs, channels=[64, 64, 64, 64, 192], dimension=64)
    >>> tuple(model({"X": torch.randn(4, 100, 24)}).shape)
    (4, 64)
    """

    def __init__(
        self,
        specifications: Specifications,
        channels: Sequence[int] = (512, 512, 512, 512, 1500),
        residual: bool = False,
        input_statistics: InputStatistics = "none",
        statistics_length: float = 1.0,
        pooling: Pooling = "statistics",
        dimension: int = 512,
        instance_normalize: bool = True,
        batch_normalize: bool = True,
        normalize: Normalization = True,
    ) -> None:
        check_choice("input_statistics", input_statistics, get_args(InputStatistics))
        check_sizes(channels=channels, dimension=dimension)
        if not 0 < statistics_length < float("inf"):
            raise ConfigError(f"statistics_length must be positive, not {statistics_length}.")
        if len(channels) != 5:
            raise ConfigError(f"channels must be five sizes, not {list(channels)}.")
        if residual and len(set(channels[:4])) > 1:
            raise ConfigError(f"With residual, the first four channels must be equal, not {list(channels)}.")
        features = specifications.inputs["X"]
        encoded = channels[-1] + 2 * features * (input_statistics != "none")
        pooled = pooled_size(pooling, encoded)
        appended = (pooled // encoded) * 2 * features if input_statistics == "appended" else 0
        # the two parts of an embedding with statistics are normalised before they are concatenated
        outside = batch_normalize and not appended
        super().__init__(specifications, dimension + appended, instance_normalize, outside, normalize)
        self.residual = residual
        self.input_statistics, self.statistics_length = input_statistics, statistics_length
        self.learned = channels[-1]
        self.layers = nn.ModuleList(_time_delay_layers(features, channels))
        if self.kind != "vector":
            self.add_scores(encoded)
            return
        self.pooling, _ = pooling_layer(pooling, encoded)
        plain = input_statistics == "none"
        self.pooled_normalization = nn.Identity() if plain else nn.BatchNorm1d(pooled, affine=False)
        # batch normalisation would cancel a bias
        self.linear = nn.Linear(pooled, dimension, bias=not batch_normalize)
        self.learned_normalization = (
            nn.BatchNorm1d(dimension, affine=False) if batch_normalize and appended else nn.Identity()
        )

    def encode(self, frames: Tensor) -> Tensor:
        """Tensor of shape (batch, frames, features) to one of shape (batch, frames, encoded features)."""
        encoded = frames.transpose(1, 2)
        for index, layer in enumerate(self.layers):
            output = layer(encoded)
            encoded = encoded + output if self.residual and 1 <= index <= 3 else output
        encoded = encoded.transpose(1, 2)
        if self.input_statistics == "none":
            return encoded
        return torch.cat([encoded, frames, delta(frames)], dim=2)

    def embed(self, encoded: Tensor) -> Tensor:
        """Embeddings before their normalisation, of shape (batch, dimension)."""
        pooled = self.pooled_normalization(self.pooling(encoded))
        learned: Tensor = self.learned_normalization(self.linear(pooled))
        if self.input_statistics != "appended":
            return learned
        # pooled values: means of all features, then their deviations
        statistics = pooled.unflatten(1, (-1, encoded.shape[2]))[:, :, self.learned :].flatten(1)
        return torch.cat(
            [to_unit_length(learned), self.statistics_length * to_unit_length(statistics)], dim=1
        )


def _time_delay_layers(features: int, channels: Sequence[int]) -> list[nn.Module]:
    """Layers frame1 to frame5 of table 1: convolutions over time, ReLU, batch normalisation."""
    shapes = zip((features, *channels), channels, (5, 3, 3, 1, 1), (1, 2, 3, 1, 1), strict=False)
    return [
        nn.Sequential(
            nn.Conv1d(inputs, outputs, width, dilation=dilation, padding="same"),
            nn.ReLU(),
            nn.BatchNorm1d(outputs, affine=False),
        )
        for inputs, outputs, width, dilation in shapes
    ]


def delta(frames: Tensor, width: int = 2) -> Tensor:
    """Differences y_t = x_{t + width} - x_{t - width}; the first and the last frame are repeated.

    Parameters
    ----------
    frames : Tensor, shape (batch, frames, features)
    width : int
        Distance, in frames.

    Examples
    --------
    >>> delta(torch.arange(6.0).reshape(1, 6, 1)).flatten()
    tensor([2., 3., 4., 4., 3., 2.])
    """
    index = torch.arange(frames.shape[1], device=frames.device)
    last = frames.shape[1] - 1
    return frames[:, (index + width).clamp(max=last)] - frames[:, (index - width).clamp(min=0)]
