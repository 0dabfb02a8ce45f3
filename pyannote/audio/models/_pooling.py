"""Pooling of frames into one vector: sums, means, maxima and statistics over time."""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor, nn

from pyannote.audio.models._checks import check_choice

Pooling = Literal["sum", "mean", "max", "statistics", "attentive"]


def _mean_and_deviation(frames: Tensor, weights: Tensor | float) -> Tensor:
    """Mean m = sum_t a_t x_t and deviation sqrt(sum_t a_t (x_t - m)^2 + 1e-6), with weights a of sum 1."""
    mean = (weights * frames).sum(dim=1)
    variance = (weights * (frames - mean.unsqueeze(1)).square()).sum(dim=1)
    # the square root has no finite gradient at zero
    return torch.cat([mean, (variance + 1e-6).sqrt()], dim=1)


class Sum(nn.Module):
    """Sum over time, y = sum_t x_t, of shape (batch, features); it grows with duration.

    Examples
    --------
    >>> Sum()(torch.tensor([[[1.0], [5.0]]]))
    tensor([[6.]])
    """

    def forward(self, frames: Tensor) -> Tensor:
        """Pool frames of shape (batch, frames, features) to shape (batch, features).

        Examples
        --------
        >>> tuple(Sum()(torch.zeros(2, 50, 3)).shape)
        (2, 3)
        """
        return frames.sum(dim=1)


class Mean(nn.Module):
    """Mean over the T frames, y = 1/T sum_t x_t, of shape (batch, features).

    Examples
    --------
    >>> Mean()(torch.tensor([[[1.0], [5.0]]]))
    tensor([[3.]])
    """

    def forward(self, frames: Tensor) -> Tensor:
        """Pool frames of shape (batch, frames, features) to shape (batch, features).

        Examples
        --------
        >>> tuple(Mean()(torch.zeros(2, 50, 3)).shape)
        (2, 3)
        """
        return frames.mean(dim=1)


class Max(nn.Module):
    """Maximum over time, y = max_t x_t, of shape (batch, features).

    Examples
    --------
    >>> Max()(torch.tensor([[[1.0], [5.0]]]))
    tensor([[5.]])
    """

    def forward(self, frames: Tensor) -> Tensor:
        """Pool frames of shape (batch, frames, features) to shape (batch, features).

        Examples
        --------
        >>> tuple(Max()(torch.zeros(2, 50, 3)).shape)
        (2, 3)
        """
        return frames.amax(dim=1)


class Statistics(nn.Module):
    """Mean m = 1/T sum_t x_t and standard deviation sqrt(1/T sum_t (x_t - m)^2 + 1e-6), concatenated.

    The output has the shape (batch, 2 * features).

    Examples
    --------
    >>> Statistics()(torch.tensor([[[0.0], [4.0]]]))
    tensor([[2.0000, 2.0000]])
    """

    def forward(self, frames: Tensor) -> Tensor:
        """Pool frames of shape (batch, frames, features) to shape (batch, 2 * features).

        Examples
        --------
        >>> tuple(Statistics()(torch.zeros(2, 50, 3)).shape)
        (2, 6)
        """
        return _mean_and_deviation(frames, 1 / frames.shape[1])


class AttentiveStatistics(nn.Module):
    """Weighted mean and standard deviation over time, with separate weights for each feature.

    Weights depend on the frame, and on mean m and standard deviation s of the whole chunk:
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
        # the softmax over frames would cancel a bias
        self.score = nn.Linear(hidden, features, bias=False)

    def forward(self, frames: Tensor) -> Tensor:
        """Pool frames of shape (batch, frames, features) to shape (batch, 2 * features).

        Examples
        --------
        >>> tuple(AttentiveStatistics(3)(torch.zeros(2, 50, 3)).shape)
        (2, 6)
        """
        hidden = self.frame(frames) + self.context(self.statistics(frames)).unsqueeze(1)
        weights = self.score(hidden.tanh()).softmax(dim=1)
        return _mean_and_deviation(frames, weights)


def pooling_layer(kind: Pooling, features: int) -> tuple[nn.Module, int]:
    """Layer that pools over time, and the dimension of its outputs, of shape (batch, dimension).

    Parameters
    ----------
    kind : "sum", "mean", "max", "statistics" or "attentive"
        "statistics": mean and standard deviation; "attentive": the same with learned weights.
    features : int
        Features of a frame.

    Raises
    ------
    ConfigError
        If `kind` has another value.

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
    """Dimension of the outputs of pooling over time, for inputs of shape (batch, frames, features).

    Raises
    ------
    ConfigError
        If `kind` has another value.

    Examples
    --------
    >>> pooled_size("mean", 256), pooled_size("attentive", 256)
    (256, 512)
    """
    check_choice("pooling", kind, get_args(Pooling))
    return features if kind in ("sum", "mean", "max") else 2 * features
