"""A convolutional recurrent network for sound event detection."""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import Tensor, nn

from pyannote.audio.core.errors import ConfigError
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.models.base import Base, Batch


class Crnn(Base):
    """Convolutions over time and frequency, a bidirectional GRU, one output a frame.

    The long-term input, if the task gives it, is embedded and added to each frame before the GRU.

    Parameters
    ----------
    specifications : Specifications
        Inputs ("X", and "long_term" or not) and classes.
    channels : list of int
        Channels of each 3 x 3 convolution, each with batch normalisation and ReLU.
    time_pooling, frequency_pooling : list of int
        Max-pooling after each convolution; the product over time is the number of feature frames of
        one output frame.
    recurrent : int
        Units of the GRU in each direction.
    layers : int
        Layers of the GRU.
    dropout : float
        Share of units dropped before the GRU and before the output, in [0, 1).

    References
    ----------
    Cakir, Parascandolo, Heittola, Huttunen and Virtanen, "Convolutional Recurrent Neural Networks
    for Polyphonic Sound Event Detection", IEEE/ACM TASLP 25(6), 2017.

    Examples
    --------
    >>> import torch
    >>> specs = Specifications("Dcase", {"X": 40, "long_term": 40}, ("car", "children"), 2.0, 0.01, 44100)
    >>> model = Crnn(specs, time_pooling=[3, 3, 1])
    >>> tuple(model({"X": torch.randn(8, 200, 40), "long_term": torch.randn(8, 40)}).shape)
    (8, 22, 2)
    """

    def __init__(
        self,
        specifications: Specifications,
        channels: Sequence[int] = (32, 64, 64),
        time_pooling: Sequence[int] = (3, 3, 1),
        frequency_pooling: Sequence[int] = (4, 2, 2),
        recurrent: int = 64,
        layers: int = 1,
        dropout: float = 0.3,
    ) -> None:
        super().__init__(specifications)
        if not len(channels) == len(time_pooling) == len(frequency_pooling) > 0:
            raise ConfigError("channels, time_pooling and frequency_pooling must be lists of one length.")
        if min(*channels, *time_pooling, *frequency_pooling, recurrent, layers) < 1 or not 0 <= dropout < 1:
            raise ConfigError("Sizes must be at least 1, and dropout in [0, 1).")
        bands = specifications.inputs["X"]
        if math.prod(frequency_pooling) > bands:
            raise ConfigError(f"frequency_pooling {list(frequency_pooling)} leaves nothing of {bands} bands.")
        self.resolution = math.prod(time_pooling)
        blocks: list[nn.Module] = []
        for inputs, outputs, time, frequency in zip(
            (1, *channels), channels, time_pooling, frequency_pooling, strict=False
        ):
            blocks += [
                nn.Conv2d(inputs, outputs, kernel_size=3, padding=1, bias=False),
                nn.BatchNorm2d(outputs),
                nn.ReLU(),
                nn.MaxPool2d((time, frequency)),
            ]
            bands //= frequency
        self.convolutions = nn.Sequential(*blocks)
        self.dropout = nn.Dropout(dropout)
        features = channels[-1] * bands
        self.long: nn.Module | None = None
        if "long_term" in specifications.inputs:
            self.long = nn.Sequential(nn.Linear(specifications.inputs["long_term"], features), nn.ReLU())
        self.recurrent = nn.GRU(features, recurrent, layers, batch_first=True, bidirectional=True)
        self.output = nn.Linear(2 * recurrent, len(specifications.classes))

    def forward(self, batch: Batch) -> Tensor:
        """Logits of shape (batch, frames // resolution, classes)."""
        hidden = self.convolutions(self.normalized(batch, "X").unsqueeze(1))
        hidden = hidden.transpose(1, 2).flatten(2)
        if self.long is not None:
            hidden = hidden + self.long(self.normalized(batch, "long_term")).unsqueeze(1)
        hidden, _ = self.recurrent(self.dropout(hidden))
        logits: Tensor = self.output(self.dropout(hidden))
        return logits
