"""TristouNet: a small recurrent network for embeddings of speaker turns."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from pyannote.audio.core.specifications import Specifications
from pyannote.audio.models._checks import check_sizes
from pyannote.audio.models._encoder import EncoderModel
from pyannote.audio.models._normalization import Normalization
from pyannote.audio.models._pooling import Pooling, pooled_size, pooling_layer
from pyannote.audio.models._recurrent import Recurrent, RecurrentStack, tanh_layers


class TristouNet(EncoderModel):
    """A bidirectional LSTM, pooling over time, two fully connected layers, normalisation to length 1.

    Its dimension is that of the last fully connected layer. For scores of frames and of chunks there is no
    pooling, and a linear layer follows.

    Parameters
    ----------
    specifications : Specifications
        Inputs, classes and kind of output.
    instance_normalize : bool
        Give each feature zero mean and unit variance over each chunk.
    rnn : "LSTM" or "GRU"
        Kind of the recurrent layers.
    recurrent : list of int
        Units of each recurrent layer, in each direction.
    bidirectional : bool
        Layers in both directions of time.
    pooling : "sum", "mean", "max", "statistics" or "attentive"
        Pooling of frames into one vector.
    linear : list of int
        Units of each fully connected layer, each with the hyperbolic tangent.
    batch_normalize : bool
        Give embeddings zero mean and unit variance over the batch (not in the paper).
    normalize : bool, "sphere", "ball" or "ring"
        Length of embeddings: unchanged (False), 1 (True, "sphere"), below 1 ("ball") or one
        learned length ("ring").

    References
    ----------
    Bredin, "TristouNet: Triplet Loss for Speaker Turn Embedding", ICASSP 2017, section 2.1.

    Examples
    --------
    >>> import torch
    >>> from pyannote.audio.core.outputs import Output
    >>> specs = Specifications("TripletLoss", {"X": 35}, ("a", "b"), 1.0, 0.01, 16000, Output("vector"))
    >>> tuple(TristouNet(specs)({"X": torch.randn(8, 100, 35)}).shape)
    (8, 16)
    """

    def __init__(
        self,
        specifications: Specifications,
        instance_normalize: bool = True,
        rnn: Recurrent = "LSTM",
        recurrent: Sequence[int] = (16,),
        bidirectional: bool = True,
        pooling: Pooling = "mean",
        linear: Sequence[int] = (16, 16),
        batch_normalize: bool = False,
        normalize: Normalization = True,
    ) -> None:
        features = specifications.inputs["X"]
        stack = RecurrentStack(features, rnn, recurrent, bidirectional, concatenate=False)
        check_sizes(linear=linear or 1)
        pooled = pooled_size(pooling, stack.outputs)
        dimension = [pooled, *linear][-1]
        super().__init__(specifications, dimension, instance_normalize, batch_normalize, normalize)
        self.recurrent = stack
        if self.kind == "vector":
            self.pooling, _ = pooling_layer(pooling, stack.outputs)
            self.linear = tanh_layers(pooled, linear)
        else:
            self.linear = tanh_layers(stack.outputs, linear)
            self.add_scores([stack.outputs, *linear][-1])

    def encode(self, frames: Tensor) -> Tensor:
        """Tensor of shape (batch, frames, features) to one of shape (batch, frames, encoded features)."""
        encoded: Tensor = self.recurrent(frames)
        return encoded if self.kind == "vector" else self.linear(encoded)
