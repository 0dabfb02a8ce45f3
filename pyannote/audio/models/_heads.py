"""Heads: layers from encoded frames to scores of frames, scores of a chunk, or one vector."""

from __future__ import annotations

import math
from typing import Literal

from torch import Tensor, nn

from pyannote.audio.core.errors import ConfigError
from pyannote.audio.models._checks import check_sizes
from pyannote.audio.models._pooling import Pooling, pooling_layer


class FrameHead(nn.Sequential):
    """Logits of each class in each frame: W x + b, or W dropout(max(0, V x + a)) + b with a hidden layer.

    Parameters
    ----------
    features : int
        Features of an encoded frame.
    classes : int
        Number of classes.
    hidden : int, optional
        Units of the hidden layer; none by default.
    dropout : float
        Share of hidden units that are dropped in training, in [0, 1).

    Raises
    ------
    ConfigError
        If a size or the dropout is out of its range.

    Examples
    --------
    >>> import torch
    >>> tuple(FrameHead(48, classes=3, hidden=16)(torch.randn(2, 25, 48)).shape)
    (2, 25, 3)
    """

    def __init__(self, features: int, classes: int, hidden: int | None = None, dropout: float = 0.0) -> None:
        if not 0 <= dropout < 1:
            raise ConfigError(f"dropout must be in [0, 1), not {dropout}.")
        if hidden is None:
            super().__init__(nn.Linear(features, classes))
            return
        check_sizes(hidden=hidden)
        super().__init__(
            nn.Linear(features, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, classes)
        )


class ChunkHead(FrameHead):
    """Logits of each class in a chunk, by pooling of those of its frames (see `pooled_logits`).

    Parameters
    ----------
    features, classes, hidden, dropout
        As in `FrameHead`.

    Examples
    --------
    >>> import torch
    >>> tuple(ChunkHead(48, classes=3)(torch.randn(2, 25, 48)).shape)
    (2, 3)
    """

    def forward(self, encoded: Tensor) -> Tensor:
        """Logits of shape (batch, classes) from encoded frames of shape (batch, frames, features).

        Examples
        --------
        >>> import torch
        >>> tuple(ChunkHead(8, classes=2).forward(torch.zeros(4, 10, 8)).shape)
        (4, 2)
        """
        return pooled_logits(super().forward(encoded))


def pooled_logits(logits: Tensor) -> Tensor:
    """Logits of a chunk: the log of the mean over its T frames of exp(logit), y = log(1/T sum_t exp(x_t)).

    It lies between mean and maximum of x: a class that is active in a part of the chunk has a high score,
    and all frames have a gradient.

    Parameters
    ----------
    logits : Tensor, shape (batch, frames, classes)

    Returns
    -------
    Tensor, shape (batch, classes)

    References
    ----------
    Pinheiro and Collobert, "From Image-level to Pixel-level Labeling with Convolutional Networks",
    CVPR 2015, eq. 6 with r = 1.

    Examples
    --------
    >>> import torch
    >>> pooled_logits(torch.tensor([[[0.0, 1.0], [4.0, 1.0]]]))
    tensor([[3.3250, 1.0000]])
    """
    return logits.logsumexp(dim=1) - math.log(logits.shape[1])


def score_head(
    kind: Literal["frames", "chunk"],
    features: int,
    classes: int,
    hidden: int | None = None,
    dropout: float = 0.0,
) -> FrameHead:
    """Head for scores of frames, shape (batch, frames, classes), or of chunks, shape (batch, classes).

    See `FrameHead` for the parameters.

    Examples
    --------
    >>> score_head("chunk", 48, classes=3)
    ChunkHead(
      (0): Linear(in_features=48, out_features=3, bias=True)
    )
    """
    head = ChunkHead if kind == "chunk" else FrameHead
    return head(features, classes, hidden, dropout)


def vector_layers(
    pooling: Pooling, features: int, dimension: int, batch_normalize: bool
) -> tuple[nn.Module, nn.Linear]:
    """Pooling over time, and a linear layer from its outputs to embeddings of shape (batch, dimension).

    Parameters
    ----------
    pooling : "sum", "mean", "max", "statistics" or "attentive"
        Pooling of frames into one vector.
    features : int
        Features of an encoded frame.
    dimension : int
        Dimension of an embedding.
    batch_normalize : bool
        Whether embeddings are normalised over the batch, which would cancel a bias of the layer.

    Examples
    --------
    >>> vector_layers("mean", 64, dimension=16, batch_normalize=True)
    (Mean(), Linear(in_features=64, out_features=16, bias=False))
    """
    pool, pooled = pooling_layer(pooling, features)
    return pool, nn.Linear(pooled, dimension, bias=not batch_normalize)


def long_term_layers(dimension: int, hidden: int, features: int) -> nn.Sequential:
    """Layers from the long-term input x to a term of each frame: max(0, V max(0, W x + b) + a).

    Parameters
    ----------
    dimension : int
        Dimension of the long-term input, of shape (batch, dimension).
    hidden : int
        Units of the first layer.
    features : int
        Features of the frames.

    Examples
    --------
    >>> import torch
    >>> tuple(long_term_layers(40, 64, 80)(torch.randn(2, 40)).shape)
    (2, 80)
    """
    return nn.Sequential(nn.Linear(dimension, hidden), nn.ReLU(), nn.Linear(hidden, features), nn.ReLU())
