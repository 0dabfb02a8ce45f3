"""ECAPA-TDNN: convolutions at several scales, channel attention, attentive statistics."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pyannote.audio.core.errors import ConfigError
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.models._checks import check_sizes
from pyannote.audio.models._encoder import EncoderModel
from pyannote.audio.models._normalization import Normalization
from pyannote.audio.models._pooling import AttentiveStatistics


def convolution(inputs: int, outputs: int, width: int = 1, dilation: int = 1) -> nn.Sequential:
    """Convolution over time that keeps the number of frames, ReLU, batch normalisation.

    Examples
    --------
    >>> tuple(convolution(24, 32, width=5)(torch.randn(2, 24, 100)).shape)
    (2, 32, 100)
    """
    layer = nn.Conv1d(inputs, outputs, width, dilation=dilation, padding="same")
    return nn.Sequential(layer, nn.ReLU(), nn.BatchNorm1d(outputs))


class Res2Convolution(nn.Module):
    """Convolutions at several scales: each part of the channels also reads the output of the part before.

    y_1 = x_1, y_2 = K_2(x_2), y_i = K_i(x_i + y_(i - 1)), with a convolution K_i for each part but the first.

    Parameters
    ----------
    channels : int
        Channels of input and output, a multiple of `scale`.
    scale : int
        Number of parts; the first is unchanged.
    dilation : int
        Frames from one weight of a convolution of width 3 to the next.

    References
    ----------
    Gao et al., "Res2Net: A New Multi-Scale Backbone Architecture", IEEE TPAMI 43(2), 2021.

    Examples
    --------
    >>> tuple(Res2Convolution(32, scale=8, dilation=2)(torch.randn(2, 32, 100)).shape)
    (2, 32, 100)
    """

    def __init__(self, channels: int, scale: int, dilation: int) -> None:
        super().__init__()
        part = channels // scale
        self.convolutions = nn.ModuleList(convolution(part, part, 3, dilation) for _ in range(scale - 1))

    def forward(self, hidden: Tensor) -> Tensor:
        """Outputs of the same shape as `hidden`, (batch, channels, frames)."""
        first, *parts = hidden.chunk(len(self.convolutions) + 1, dim=1)
        outputs = [first]
        for index, (part, convolve) in enumerate(zip(parts, self.convolutions, strict=True)):
            outputs.append(convolve(part + outputs[-1] if index else part))
        return torch.cat(outputs, dim=1)


class Excitation(nn.Module):
    """Channel attention: weights of channels from the means of all channels over the chunk.

    y = x sigmoid(W max(0, V m + a) + b), with the means m of the channels.

    Parameters
    ----------
    channels : int
        Channels of input and output.
    hidden : int
        Units of the hidden layer.

    References
    ----------
    Hu, Shen and Sun, "Squeeze-and-Excitation Networks", CVPR 2018.

    Examples
    --------
    >>> tuple(Excitation(32, hidden=8)(torch.randn(2, 32, 100)).shape)
    (2, 32, 100)
    """

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        layers = nn.Linear(channels, hidden), nn.ReLU(), nn.Linear(hidden, channels), nn.Sigmoid()
        self.weights = nn.Sequential(*layers)

    def forward(self, hidden: Tensor) -> Tensor:
        """Outputs of the same shape as `hidden`, (batch, channels, frames)."""
        # y = x sigmoid(W max(0, V m + a) + b)
        weighted: Tensor = hidden * self.weights(hidden.mean(dim=2)).unsqueeze(2)
        return weighted


class EcapaTdnn(EncoderModel):
    """Three residual blocks with concatenated outputs, attentive statistics, a linear layer.

    Scores of frames and of chunks come from the linear layer without statistics.

    Parameters
    ----------
    specifications : Specifications
        Inputs, classes and kind of output.
    channels : int
        Channels of a block, a multiple of `scale`; 512 or 1024 in the paper.
    scale : int
        Parts of the channels in each block, of which all but one are convolved.
    hidden : int
        Units of the hidden layers of the two kinds of attention; 128 in the paper.
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
    Desplanques, Thienpondt and Demuynck, "ECAPA-TDNN: Emphasized Channel Attention, Propagation and
    Aggregation in TDNN Based Speaker Verification", Interspeech 2020, figure 2.

    Examples
    --------
    >>> from pyannote.audio.core.outputs import Output
    >>> specs = Specifications("TripletLoss", {"X": 80}, ("a", "b"), 1.0, 0.01, 16000, Output("vector"))
    >>> tuple(EcapaTdnn(specs, channels=32)({"X": torch.randn(4, 100, 80)}).shape)
    (4, 192)
    """

    def __init__(
        self,
        specifications: Specifications,
        channels: int = 192,
        scale: int = 8,
        hidden: int = 64,
        dimension: int = 192,
        instance_normalize: bool = True,
        batch_normalize: bool = True,
        normalize: Normalization = True,
    ) -> None:
        super().__init__(specifications, dimension, instance_normalize, batch_normalize, normalize)
        check_sizes(channels=channels, hidden=hidden)
        if scale < 2 or channels % scale:
            raise ConfigError(f"scale must be 2 or more and divide channels ({channels}), not {scale}.")
        self.first = convolution(specifications.inputs["X"], channels, width=5)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                convolution(channels, channels),
                Res2Convolution(channels, scale, dilation),
                convolution(channels, channels),
                Excitation(channels, hidden),
            )
            for dilation in (2, 3, 4)
        )
        joined = 3 * channels
        self.join = nn.Sequential(nn.Conv1d(joined, joined, 1), nn.ReLU())
        if self.kind != "vector":
            self.add_scores(joined)
            return
        self.pooling = AttentiveStatistics(joined, hidden)
        # scale and shift are part of the linear layer
        self.pooled_normalization = nn.BatchNorm1d(2 * joined, affine=False)
        # batch normalisation would cancel a bias
        self.linear = nn.Linear(2 * joined, dimension, bias=not batch_normalize)

    def encode(self, frames: Tensor) -> Tensor:
        """Tensor of shape (batch, frames, features) to one of shape (batch, frames, encoded features)."""
        total = self.first(frames.transpose(1, 2))
        outputs = []
        for block in self.blocks:
            # a block reads the sum of all outputs before it
            hidden = total + block(total)
            outputs.append(hidden)
            total = total + hidden
        encoded: Tensor = self.join(torch.cat(outputs, dim=1)).transpose(1, 2)
        return encoded

    def embed(self, encoded: Tensor) -> Tensor:
        """Embeddings before their normalisation, of shape (batch, dimension)."""
        embeddings: Tensor = self.linear(self.pooled_normalization(self.pooling(encoded)))
        return embeddings
