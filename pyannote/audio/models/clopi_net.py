"""ClopiNet: stacked recurrent layers with concatenated outputs, for embeddings or scores."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from pyannote.audio.core.specifications import Specifications
from pyannote.audio.models._encoder import EncoderModel
from pyannote.audio.models._normalization import Normalization
from pyannote.audio.models._pooling import Pooling, pooled_size, pooling_layer
from pyannote.audio.models._recurrent import Recurrent, RecurrentStack, tanh_layers


class ClopiNet(EncoderModel):
    """Stacked recurrent layers whose outputs are concatenated, fully connected layers, pooling.

    Its dimension is that of the last fully connected layer (twice that for statistics). For scores of frames
    and of chunks, a linear layer takes the place of pooling.

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
    linear : list of int
        Units of each fully connected layer, each with the hyperbolic tangent; none if empty.
    bidirectional : bool
        Layers in both directions of time.
    pooling : "sum", "mean", "max", "statistics" or "attentive"
        Pooling of frames into one vector; "statistics" are mean and standard deviation, "attentive" the
        same with learned weights. A sum that is batch-normalised is divided by the number of frames:
        in training, where the chunks of a batch have one duration, this has no effect; in evaluation,
        chunks of different durations become comparable.
    batch_normalize : bool
        Give embeddings zero mean and unit variance over the batch, without learned scale and shift.
    normalize : bool, "sphere", "ball" or "ring"
        Length of embeddings: unchanged (False), 1 (True, "sphere"), below 1 ("ball") or one
        learned length ("ring").

    References
    ----------
    The speaker embedding of pyannote.audio 1.x, by H. Bredin; see also Bredin, "TristouNet: Triplet
    Loss for Speaker Turn Embedding", ICASSP 2017.

    Examples
    --------
    >>> import torch
    >>> from pyannote.audio.core.outputs import Output
    >>> specs = Specifications("TripletLoss", {"X": 59}, ("a", "b"), 1.0, 0.01, 16000, Output("vector"))
    >>> model = ClopiNet(specs, recurrent=[32, 32], linear=[16])
    >>> model.dimension, tuple(model({"X": torch.randn(8, 100, 59)}).shape)
    (16, (8, 16))
    """

    def __init__(
        self,
        specifications: Specifications,
        instance_normalize: bool = True,
        rnn: Recurrent = "LSTM",
        recurrent: Sequence[int] = (256, 256, 256),
        linear: Sequence[int] = (256,),
        bidirectional: bool = True,
        pooling: Pooling = "sum",
        batch_normalize: bool = True,
        normalize: Normalization = True,
    ) -> None:
        features = specifications.inputs["X"]
        stack = RecurrentStack(features, rnn, recurrent, bidirectional, concatenate=True)
        layers = tanh_layers(stack.outputs, linear)
        # running mean and variance of sums depend on the duration of chunks
        kind: Pooling = "mean" if pooling == "sum" and batch_normalize else pooling
        encoded = [stack.outputs, *linear][-1]
        dimension = pooled_size(kind, encoded)
        super().__init__(specifications, dimension, instance_normalize, batch_normalize, normalize)
        self.recurrent = stack
        self.linear = layers
        if self.kind == "vector":
            self.pooling, _ = pooling_layer(kind, encoded)
        else:
            self.add_scores(encoded)

    def encode(self, frames: Tensor) -> Tensor:
        """Tensor of shape (batch, frames, features) to one of shape (batch, frames, encoded features)."""
        encoded: Tensor = self.linear(self.recurrent(frames))
        return encoded

    def embed(self, encoded: Tensor) -> Tensor:
        """Embeddings before their normalisation, of shape (batch, dimension)."""
        pooled: Tensor = self.pooling(encoded)
        return pooled
