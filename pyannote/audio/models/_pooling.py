"""Pooling of frames into one vector: sums, means, maxima and statistics over time."""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor, nn

from pyannote.audio.models._checks import check_choice

Pooling = Literal["sum", "mean", "max", "statistics", "attentive"]


def _mean_and_deviation(frames: Tensor, weights: Tensor | float) -> Tensor:
    """Mean m = sum_t a_t x_t and deviation sqrt(sum_t a_t (x_t - m)^2), with weights a of sum 1."""
    mean = (weights * frames).sum(dim=1)
    variance = (weights * (frames - mean.unsqueeze(1)).square()).sum(dim=1)
    # away from zero, where the square root has no gradient
    return torch.cat([mean, (variance + 1e-6).sqrt()], dim=1)


class Sum(nn.Module):
    """Sum over time, y = sum_t x_t: it grows with duration.

    Examples
    --------
    >>> Sum()(torch.tensor([[[1.0], [5.0]]]))
    tensor([[6.]])
    """

    def forward(self, frames: Tensor) -> Tensor:
        """(batch, frames, features) to (batch, features)."""
        return frames.sum(dim=1)


class Mean(nn.Module):
    """Mean over time, y = 1/T sum_t x_t.

    Examples
    --------
    >>> Mean()(torch.tensor([[[1.0], [5.0]]]))
    tensor([[3.]])
    """

    def forward(self, frames: Tensor) -> Tensor:
        """(batch, frames, features) to (batch, features)."""
        return frames.mean(dim=1)


class Max(nn.Module):
    """Maximum over time, y = max_t x_t.

    Examples
    --------
    >>> Max()(torch.tensor([[[1.0], [5.0]]]))
    tensor([[5.]])
    """

    def forward(self, frames: Tensor) -> Tensor:
        """(batch, frames, features) to (batch, features)."""
        return frames.amax(dim=1)


class Statistics(nn.Module):
    """Mean and standard deviation over time, one after the other.

    Examples
    --------
    >>> Statistics()(torch.tensor([[[0.0], [4.0]]]))
    tensor([[2.0000, 2.0000]])
    """

    def forward(self, frames: Tensor) -> Tensor:
        """(batch, frames, features) to (batch, 2 * features)."""
        return _mean_and_deviation(frames, 1 / frames.shape[1])


class AttentiveStatistics(nn.Module):
    """Weighted mean and standard deviation over time; each feature has weights of its own.

    Weights come from the frame, and from mean m and standard deviation s of the whole chunk:
    a = softmax_t(V tanh(W x_t + U [m, s] + b)).

    Parameters
    ----------
    features : int
        Features of a frame.
    hidden : int
        Units of the hidden layer of the attention.

    References
    ----------
    Okabe, Koshinaka and Shinoda, "Attentive Statistics Pooling for Deep Speaker Embedding",
    Interspeech 2018; Desplanques, Thienpondt and Demuynck, "ECAPA-TDNN", Interspeech 2020,
    equations 1 to 4, for the weights of each feature and the context.

    Examples
    --------
    >>> tuple(AttentiveStatistics(6, hidden=4)(torch.randn(2, 50, 6)).shape)
    (2, 12)
    """

    def __init__(self, features: int, hidden: int = 128) -> None:
        super().__init__()
        self.statistics = Statistics()
        self.frame = nn.Linear(features, hidden)
        self.context = nn.Linear(2 * features, hidden, bias=False)
        # a bias would be the same for all frames, and the softmax would cancel it
        self.score = nn.Linear(hidden, features, bias=False)

    def forward(self, frames: Tensor) -> Tensor:
        """(batch, frames, features) to (batch, 2 * features)."""
        hidden = self.frame(frames) + self.context(self.statistics(frames)).unsqueeze(1)
        weights = self.score(hidden.tanh()).softmax(dim=1)
        return _mean_and_deviation(frames, weights)


def pooling_layer(kind: Pooling, features: int) -> tuple[nn.Module, int]:
    """Layer that pools over time, and the dimension of what it gives.

    Parameters
    ----------
    kind : "sum", "mean", "max", "statistics" or "attentive"
        "statistics" are mean and standard deviation, "attentive" the same with learned weights.
    features : int
        Features of a frame.

    Raises
    ------
    ConfigError
        If `kind` is anything else.

    Examples
    --------
    >>> pooling_layer("statistics", 256)
    (Statistics(), 512)
    """
    size = pooled_size(kind, features)
    if kind == "attentive":
        return AttentiveStatistics(features), size
    return {"sum": Sum, "mean": Mean, "max": Max, "statistics": Statistics}[kind](), size


def pooled_size(kind: Pooling, features: int) -> int:
    """Dimension of what pooling over time gives of frames of so many features.

    Raises
    ------
    ConfigError
        If there is no such pooling.

    Examples
    --------
    >>> pooled_size("mean", 256), pooled_size("attentive", 256)
    (256, 512)
    """
    check_choice("pooling", kind, get_args(Pooling))
    return features if kind in ("sum", "mean", "max") else 2 * features
