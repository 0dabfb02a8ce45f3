"""PyanNet: recurrent layers over features, or over sinc filters of a waveform."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from pyannote.audio.core.specifications import Specifications
from pyannote.audio.models._checks import check_sizes
from pyannote.audio.models._encoder import EncoderModel
from pyannote.audio.models._heads import vector_layers
from pyannote.audio.models._normalization import Normalization
from pyannote.audio.models._pooling import Pooling
from pyannote.audio.models._recurrent import Recurrent, RecurrentStack, tanh_layers
from pyannote.audio.models._sinc import WaveformFrames


class PyanNet(EncoderModel):
    """Recurrent layers, fully connected layers, pooling over time, one linear layer.

    For a waveform (`feature_extraction: RawAudio`), sinc filters and convolutions come first. Scores of
    frames and of chunks come from the linear layer without pooling; for a waveform there is an output frame
    for each stride x 3 ^ (number of channels) samples, 270 by default.

    Parameters
    ----------
    specifications : Specifications
        Inputs, of which "X" is a waveform if it has one value a frame, classes and kind of output.
    channels : list of int
        For waveforms: number of sinc filters, then channels of each convolution of width 5.
    stride : int
        For waveforms: samples from one output of a sinc filter to the next.
    rnn : "LSTM" or "GRU"
        Kind of the recurrent layers.
    recurrent : list of int
        Units of each recurrent layer, in each direction.
    bidirectional : bool
        Layers in both directions of time.
    linear : list of int
        Units of each fully connected layer, each with the hyperbolic tangent; none if empty.
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
    Bredin et al., "pyannote.audio: neural building blocks for speaker diarization", ICASSP 2020,
    figure 2, for the order of layers.

    Examples
    --------
    >>> import torch
    >>> from pyannote.audio.core.outputs import Output
    >>> specs = Specifications("TripletLoss", {"X": 1}, ("a", "b"), 1.0, 1 / 16000, 16000, Output("vector"))
    >>> tuple(PyanNet(specs, recurrent=[16])({"X": torch.randn(4, 16000, 1)}).shape)
    (4, 128)
    >>> specs = Specifications("Dcase", {"X": 40}, ("car", "children"), 1.0, 0.01, 16000)
    >>> tuple(PyanNet(specs, recurrent=[16])({"X": torch.randn(4, 100, 40)}).shape)
    (4, 100, 2)
    """

    def __init__(
        self,
        specifications: Specifications,
        channels: Sequence[int] = (80, 60, 60),
        stride: int = 10,
        rnn: Recurrent = "LSTM",
        recurrent: Sequence[int] = (128, 128),
        bidirectional: bool = True,
        linear: Sequence[int] = (128,),
        pooling: Pooling = "statistics",
        dimension: int = 128,
        instance_normalize: bool = True,
        batch_normalize: bool = True,
        normalize: Normalization = True,
    ) -> None:
        super().__init__(specifications, dimension, instance_normalize, batch_normalize, normalize)
        features = specifications.inputs["X"]
        check_sizes(channels=channels, stride=stride)
        self.frames: nn.Module = nn.Identity()
        if features == 1:
            padded = self.kind != "vector"
            self.frames = waveform = WaveformFrames(specifications, channels, stride=stride, padded=padded)
            self.resolution, features = waveform.resolution, waveform.outputs
        self.recurrent = RecurrentStack(features, rnn, recurrent, bidirectional, concatenate=False)
        self.linear = tanh_layers(self.recurrent.outputs, linear)
        encoded = [self.recurrent.outputs, *linear][-1]
        if self.kind == "vector":
            self.pooling, self.output = vector_layers(pooling, encoded, dimension, batch_normalize)
        else:
            self.add_scores(encoded)

    def encode(self, frames: Tensor) -> Tensor:
        """Tensor of shape (batch, frames, features) to (batch, encoded frames, encoded features)."""
        encoded: Tensor = self.linear(self.recurrent(self.frames(frames)))
        return encoded

    def embed(self, encoded: Tensor) -> Tensor:
        """Embeddings before their normalisation, of shape (batch, dimension)."""
        embeddings: Tensor = self.output(self.pooling(encoded))
        return embeddings
