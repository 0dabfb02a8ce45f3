"""SincNet: filters with learned frequencies over waveforms, for embeddings or scores."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from pyannote.audio.core.specifications import Specifications
from pyannote.audio.models._encoder import EncoderModel
from pyannote.audio.models._normalization import Normalization
from pyannote.audio.models._pooling import Pooling
from pyannote.audio.models._sinc import WaveformFrames


class SincNet(EncoderModel):
    """Sinc filters and convolutions over the waveform, and one linear layer.

    It needs `feature_extraction: RawAudio`. The paper classifies windows of 200 ms; here statistics over
    time replace its fully connected layers, so that chunks may have any duration. Scores of frames
    and of chunks come from the linear layer without statistics; there is an output frame for each
    stride x 3 ^ (number of channels) samples, 270 by default.

    Parameters
    ----------
    specifications : Specifications
        Inputs, of which "X" must be a waveform, classes and kind of output.
    channels : list of int
        Number of sinc filters, then channels of each convolution of width 5.
    width : int
        Samples of a sinc filter, an odd number.
    stride : int
        Samples from one output of a filter to the next (1 in the paper, at ten times the cost).
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
    Ravanelli and Bengio, "Speaker Recognition from Raw Waveform with SincNet", SLT 2018.

    Examples
    --------
    >>> import torch
    >>> from pyannote.audio.core.outputs import Output
    >>> specs = Specifications("TripletLoss", {"X": 1}, ("a", "b"), 1.0, 1 / 16000, 16000, Output("vector"))
    >>> model = SincNet(specs)
    >>> model.resolution, tuple(model({"X": torch.randn(4, 16000, 1)}).shape)
    (991, (4, 128))
    """

    def __init__(
        self,
        specifications: Specifications,
        channels: Sequence[int] = (80, 60, 60),
        width: int = 251,
        stride: int = 10,
        pooling: Pooling = "statistics",
        dimension: int = 128,
        instance_normalize: bool = True,
        batch_normalize: bool = True,
        normalize: Normalization = True,
    ) -> None:
        super().__init__(specifications, dimension, instance_normalize, batch_normalize, normalize)
        self.frames = WaveformFrames(specifications, channels, width, stride, padded=self.kind != "vector")
        self.resolution = self.frames.resolution
        self.add_head(self.frames.outputs, pooling)

    def encode(self, frames: Tensor) -> Tensor:
        """Tensor of shape (batch, frames, features) to (batch, encoded frames, encoded features)."""
        encoded: Tensor = self.frames(frames)
        return encoded
