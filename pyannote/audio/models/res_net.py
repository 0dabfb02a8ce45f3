"""ResNet: residual convolutions over time and frequency, for embeddings or scores."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from pyannote.audio.core.errors import ConfigError
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.models._checks import check_depth, check_sizes
from pyannote.audio.models._encoder import EncoderModel
from pyannote.audio.models._normalization import Normalization
from pyannote.audio.models._pooling import Pooling


def convolution(inputs: int, outputs: int, width: int, stride: int = 1) -> nn.Sequential:
    """Convolution over time and frequency, batch normalisation; for shape (batch, inputs, frames, bands).

    Examples
    --------
    >>> tuple(convolution(1, 8, width=3, stride=2)(torch.randn(2, 1, 100, 40)).shape)
    (2, 8, 50, 20)
    """
    layer = nn.Conv2d(inputs, outputs, width, stride=stride, padding=width // 2, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(outputs))


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions, whose outputs are added to the inputs: y = max(0, F(x) + x).

    Parameters
    ----------
    inputs, outputs : int
        Channels.
    stride : int
        Step of the first convolution in time and frequency.

    Examples
    --------
    >>> tuple(ResidualBlock(4, 8, stride=2)(torch.randn(2, 4, 100, 40)).shape)
    (2, 8, 50, 20)
    """

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            convolution(inputs, outputs, 3, stride), nn.ReLU(), convolution(outputs, outputs, 3)
        )
        same = stride == 1 and inputs == outputs
        self.shortcut = nn.Identity() if same else convolution(inputs, outputs, 1, stride)

    def forward(self, hidden: Tensor) -> Tensor:
        """Shape (batch, inputs, frames, bands) to shape (batch, outputs, frames / stride, bands / stride)."""
        return torch.relu(self.convolutions(hidden) + self.shortcut(hidden))


class ResNet(EncoderModel):
    """Four stages of residual blocks, attentive statistics over time, one linear layer.

    Adjacent features should be adjacent in frequency, as in a log-mel spectrogram. Each stage but the first
    halves time and frequency. Scores of frames and of chunks come from the linear layer without
    statistics; there is an output frame for each 2 ^ (stages - 1) feature frames.

    Parameters
    ----------
    specifications : Specifications
        Inputs, classes and kind of output.
    channels : list of int
        Channels of each stage.
    blocks : list of int
        Residual blocks of each stage; [2, 2, 2, 2] makes a ResNet-18, [3, 4, 6, 3] a ResNet-34.
    pooling : "sum", "mean", "max", "statistics" or "attentive"
        Pooling of frames into one vector.
    dimension : int
        Dimension of an embedding.
    instance_normalize : bool
        Give each feature zero mean and unit variance over each chunk.
    batch_normalize : bool
        Give embeddings zero mean and unit variance over the batch, without learned scale and shift.
    normalize : bool, "sphere", "ball" or "ring"
        Length of embeddings: unchanged (False), 1 (True, "sphere"), below 1 ("ball") or one
        learned length ("ring").

    References
    ----------
    He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition", CVPR 2016; for speakers,
    Zeinali, Wang, Silnova, Matejka and Plchot, "BUT System Description to VoxCeleb Speaker
    Recognition Challenge 2019".

    Examples
    --------
    >>> from pyannote.audio.core.outputs import Output
    >>> specs = Specifications("TripletLoss", {"X": 40}, ("a", "b"), 1.0, 0.01, 16000, Output("vector"))
    >>> tuple(ResNet(specs, channels=[4, 4, 8, 8])({"X": torch.randn(4, 100, 40)}).shape)
    (4, 128)
    """

    def __init__(
        self,
        specifications: Specifications,
        channels: Sequence[int] = (16, 32, 64, 128),
        blocks: Sequence[int] = (2, 2, 2, 2),
        pooling: Pooling = "attentive",
        dimension: int = 128,
        instance_normalize: bool = True,
        batch_normalize: bool = True,
        normalize: Normalization = True,
    ) -> None:
        super().__init__(specifications, dimension, instance_normalize, batch_normalize, normalize)
        check_sizes(channels=channels)
        check_depth(blocks=blocks)
        if len(channels) != len(blocks):
            raise ConfigError("channels and blocks must be lists of equal length.")
        bands = specifications.inputs["X"]
        stages: list[nn.Module] = [convolution(1, channels[0], 3), nn.ReLU()]
        inputs = channels[0]
        for stage, (outputs, count) in enumerate(zip(channels, blocks, strict=True)):
            stride = 2 if stage else 1
            bands = -(-bands // stride)
            for index in range(count):
                stages.append(ResidualBlock(inputs, outputs, 1 if index else stride))
                inputs = outputs
        self.stages = nn.Sequential(*stages)
        # channels-last memory makes convolutions with few channels faster on CPUs; with channels that are not
        # a multiple of 16, its gradient in PyTorch 2.13 writes beyond its memory
        multiple_of_16 = all(outputs % 16 == 0 for outputs in channels)
        self.layout = torch.channels_last if multiple_of_16 else torch.contiguous_format
        self.stages.to(memory_format=self.layout)  # type: ignore[call-overload]
        if self.kind != "vector":
            self.resolution = 2 ** (len(channels) - 1)
        self.add_head(inputs * bands, pooling)

    def encode(self, frames: Tensor) -> Tensor:
        """Shape (batch, frames, features) to (batch, frames / 2 ** (stages - 1), encoded features).

        Examples
        --------
        >>> specs = Specifications("Dcase", {"X": 40}, ("car",), 1.0, 0.01, 16000)
        >>> model = ResNet(specs, channels=[4, 4, 8, 8])
        >>> tuple(model.encode(torch.zeros(2, 100, 40)).shape)
        (2, 13, 40)
        """
        image = frames.unsqueeze(1).contiguous(memory_format=self.layout)
        encoded: Tensor = self.stages(image).permute(0, 2, 3, 1).flatten(2)
        return encoded
