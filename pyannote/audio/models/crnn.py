"""Crnn: a convolutional recurrent network, for scores of frames and chunks, or for embeddings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce
from typing import ClassVar

import torch
from torch import Tensor, nn

from pyannote.audio.core.errors import ConfigError
from pyannote.audio.core.outputs import OutputKind
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.models._checks import check_depth, check_sizes
from pyannote.audio.models._encoder import EncoderModel
from pyannote.audio.models._heads import long_term_layers, score_head
from pyannote.audio.models._local import LocalModel
from pyannote.audio.models._normalization import Normalization
from pyannote.audio.models._pooling import Pooling
from pyannote.audio.models.base import Batch


class Crnn(EncoderModel, LocalModel):
    """Strided convolutions over time and frequency, a bidirectional GRU, a fully connected layer.

    The long-term input, if the task has one, is embedded and added to each frame before the GRU. For
    embeddings, the outputs of the GRU are pooled over time, and one linear layer follows.

    Parameters
    ----------
    specifications : Specifications
        Inputs ("X", and "long_term" or not), classes and kind of output.
    channels : list of int
        Channels of each 3 x 3 convolution, each with batch normalisation and ReLU.
    time_stride, frequency_stride : list of int
        Strides of each convolution; the product over time is the number of feature frames of one
        output frame.
    recurrent : int
        Units of the GRU in each direction.
    layers : int
        Layers of the GRU.
    hidden : int
        Units of the fully connected layer.
    dropout : float
        Share of units that are dropped in training before the output, in [0, 1); before the GRU, at most 0.3.
    pooling : "sum", "mean", "max", "statistics" or "attentive"
        For embeddings: pooling of frames into one vector.
    dimension : int
        For embeddings: their dimension.
    batch_normalize : bool
        For embeddings: give them zero mean and unit variance over the batch, without learned scale and shift.
    normalize : bool, "sphere", "ball" or "ring"
        For embeddings: their length: unchanged (False), 1 (True, "sphere"), below 1 ("ball") or one
        learned length ("ring").

    References
    ----------
    Cakir, Parascandolo, Heittola, Huttunen and Virtanen, "Convolutional Recurrent Neural Networks
    for Polyphonic Sound Event Detection", IEEE/ACM TASLP 25(6), 2017, with pooling in the place of strides.

    Examples
    --------
    >>> import torch
    >>> specs = Specifications("Dcase", {"X": 40, "long_term": 40}, ("car", "children"), 2.0, 0.01, 44100)
    >>> tuple(Crnn(specs)({"X": torch.randn(8, 200, 40), "long_term": torch.randn(8, 40)}).shape)
    (8, 25, 2)
    """

    output_kinds: ClassVar[tuple[OutputKind, ...]] = ("frames", "vector", "chunk")

    def __init__(
        self,
        specifications: Specifications,
        channels: Sequence[int] = (16, 32, 64),
        time_stride: Sequence[int] = (2, 2, 2),
        frequency_stride: Sequence[int] = (2, 2, 5),
        recurrent: int = 48,
        layers: int = 1,
        hidden: int = 128,
        dropout: float = 0.5,
        pooling: Pooling = "statistics",
        dimension: int = 128,
        batch_normalize: bool = True,
        normalize: Normalization = True,
    ) -> None:
        super().__init__(specifications, dimension, False, batch_normalize, normalize)
        if not len(channels) == len(time_stride) == len(frequency_stride) > 0:
            raise ConfigError("channels, time_stride and frequency_stride must be lists of equal length.")
        check_sizes(channels=channels, time_stride=time_stride, frequency_stride=frequency_stride)
        check_sizes(recurrent=recurrent, hidden=hidden)
        check_depth(layers=layers)
        if not 0 <= dropout < 1:
            raise ConfigError(f"dropout must be in [0, 1), not {dropout}.")
        self.local_resolution = math.prod(time_stride)
        self.resolution = 1 if self.kind == "vector" else self.local_resolution
        # each convolution adds one frame of its input on both sides of the first frame of a stride
        before = sum(math.prod(time_stride[:layer]) for layer in range(len(time_stride)))
        self.context = (before, max(0, before - (self.local_resolution - 1)))
        # channels-last memory makes convolutions with few channels faster on CPUs
        self.convolutions = _convolutions(channels, time_stride, frequency_stride)
        self.convolutions.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        features = channels[-1] * _strided(specifications.inputs["X"], frequency_stride)
        if "long_term" in specifications.inputs and self.kind != "vector":
            self.long = long_term_layers(specifications.inputs["long_term"], 64, features)
        self.before_recurrent = nn.Dropout(min(dropout, 0.3))
        self.recurrent = nn.GRU(features, recurrent, layers, batch_first=True, bidirectional=True)
        if self.kind == "vector":
            self.add_head(2 * recurrent, pooling)
            return
        self.output = score_head(self.kind, 2 * recurrent, len(specifications.classes), hidden, dropout)

    def encode(self, frames: Tensor) -> Tensor:
        """Outputs of the convolutions, shape (batch, ceil(frames / local_resolution), features).

        Examples
        --------
        >>> model = Crnn(Specifications("Dcase", {"X": 40}, ("car",), 2.0, 0.01, 44100))
        >>> tuple(model.encode(torch.zeros(2, 100, 40)).shape)
        (2, 13, 128)
        """
        inputs = frames.unsqueeze(1).contiguous(memory_format=torch.channels_last)
        hidden: Tensor = self.convolutions(inputs)
        return hidden.permute(0, 2, 1, 3).flatten(2)

    def local(self, frames: Tensor) -> Tensor:
        """Outputs of the convolutions, shape (batch, frames // local_resolution, features)."""
        encoded = self.encode(self.normalized({"X": frames}, "X"))
        return encoded[:, : frames.shape[1] // self.local_resolution]

    def rest(self, encoded: Tensor, batch: Batch) -> Tensor:
        """Long-term input, GRU and head, of the shape of `Model.forward`."""
        hidden, _ = self.recurrent(self.before_recurrent(self.with_long_term(encoded, batch)))
        return self.head(hidden, batch)


def _strided(size: int, strides: Sequence[int]) -> int:
    """Size of an axis after padded convolutions of width 3 with these strides."""
    return reduce(lambda left, stride: -(-left // stride), strides, size)


def _convolutions(
    channels: Sequence[int], time_stride: Sequence[int], frequency_stride: Sequence[int]
) -> nn.Sequential:
    """Strided 3 x 3 convolutions, each with batch normalisation and ReLU."""
    strides = zip(time_stride, frequency_stride, strict=True)
    layers: list[nn.Module] = []
    for inputs, outputs, stride in zip((1, *channels[:-1]), channels, strides, strict=True):
        convolution = nn.Conv2d(inputs, outputs, kernel_size=3, padding=1, stride=stride, bias=False)
        layers += [convolution, nn.BatchNorm2d(outputs), nn.ReLU()]
    return nn.Sequential(*layers)
