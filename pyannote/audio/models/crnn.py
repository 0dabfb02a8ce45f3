"""A convolutional recurrent network for sound event detection."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from pyannote.audio.core.errors import ConfigError
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.models._checks import check_depth, check_sizes
from pyannote.audio.models._local import LocalModel
from pyannote.audio.models.base import Batch


class Crnn(LocalModel):
    """Strided convolutions over time and frequency, a bidirectional GRU, one output a frame.

    The long-term input, if the task gives it, is embedded and added to each frame before the GRU.

    Parameters
    ----------
    specifications : Specifications
        Inputs ("X", and "long_term" or not) and classes.
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
        Share of units dropped before the output, in [0, 1); before the GRU, at most 0.3.

    References
    ----------
    Cakir, Parascandolo, Heittola, Huttunen and Virtanen, "Convolutional Recurrent Neural Networks
    for Polyphonic Sound Event Detection", IEEE/ACM TASLP 25(6), 2017; theirs pools where this strides.

    Examples
    --------
    >>> import torch
    >>> specs = Specifications("Dcase", {"X": 40, "long_term": 40}, ("car", "children"), 2.0, 0.01, 44100)
    >>> tuple(Crnn(specs)({"X": torch.randn(8, 200, 40), "long_term": torch.randn(8, 40)}).shape)
    (8, 25, 2)
    """

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
    ) -> None:
        super().__init__(specifications)
        if not len(channels) == len(time_stride) == len(frequency_stride) > 0:
            raise ConfigError("channels, time_stride and frequency_stride must be lists of one length.")
        check_sizes(channels=channels, time_stride=time_stride, frequency_stride=frequency_stride)
        check_sizes(recurrent=recurrent, hidden=hidden)
        check_depth(layers=layers)
        if not 0 <= dropout < 1:
            raise ConfigError(f"dropout must be in [0, 1), not {dropout}.")
        self.resolution = self.local_resolution = math.prod(time_stride)
        # each convolution sees one frame of its own input on both sides of the first frame of a stride
        seen = sum(math.prod(time_stride[:layer]) for layer in range(len(time_stride)))
        self.reach = (seen, max(0, seen - (self.resolution - 1)))
        bands = specifications.inputs["X"]
        blocks: list[nn.Module] = []
        for inputs, outputs, stride in zip(
            (1, *channels[:-1]), channels, zip(time_stride, frequency_stride, strict=True), strict=True
        ):
            convolution = nn.Conv2d(inputs, outputs, kernel_size=3, padding=1, stride=stride, bias=False)
            blocks += [convolution, nn.BatchNorm2d(outputs), nn.ReLU()]
            bands = -(-bands // stride[1])
        # this layout of memory makes convolutions with few channels faster on CPUs
        self.convolutions = nn.Sequential(*blocks)
        self.convolutions.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        features = channels[-1] * bands
        self.long: nn.Module | None = None
        if "long_term" in specifications.inputs:
            dimension = specifications.inputs["long_term"]
            self.long = nn.Sequential(nn.Linear(dimension, 64), nn.ReLU(), nn.Linear(64, features), nn.ReLU())
        self.before_recurrent = nn.Dropout(min(dropout, 0.3))
        self.recurrent = nn.GRU(features, recurrent, layers, batch_first=True, bidirectional=True)
        self.output = nn.Sequential(
            nn.Linear(2 * recurrent, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, len(specifications.classes)),
        )

    def local(self, frames: Tensor) -> Tensor:
        """Convolutions, of shape (batch, frames // resolution, features)."""
        inputs = self.normalized({"X": frames}, "X").unsqueeze(1)
        hidden: Tensor = self.convolutions(inputs.contiguous(memory_format=torch.channels_last))
        return hidden.permute(0, 2, 1, 3).flatten(2)[:, : frames.shape[1] // self.resolution]

    def rest(self, local: Tensor, batch: Batch) -> Tensor:
        """Logits of shape (batch, frames // resolution, classes)."""
        if self.long is not None:
            local = local + self.long(self.normalized(batch, "long_term")).unsqueeze(1)
        hidden, _ = self.recurrent(self.before_recurrent(local))
        logits: Tensor = self.output(hidden)
        return logits
