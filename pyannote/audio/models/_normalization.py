"""Normalisation of chunks over their own time, and of the length of embeddings."""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor, nn

from pyannote.audio.models._checks import check_choice

Surface = Literal["sphere", "ball", "ring"]
Normalization = bool | Surface


class InstanceNormalization(nn.Module):
    """Zero mean and unit variance of each feature over the time of each chunk.

    y = (x - mean(x)) / sqrt(var(x) + epsilon), with mean and variance over the frames of the chunk.
    A feature that does not change becomes zero: its variance is kept away from zero, so that
    silence gives finite values and gradients.

    Parameters
    ----------
    epsilon : float
        Added to the variance; inputs have unit variance over the training set.

    Examples
    --------
    >>> InstanceNormalization()(torch.ones(1, 50, 2)).abs().max().item()
    0.0
    """

    def __init__(self, epsilon: float = 1e-6) -> None:
        super().__init__()
        self.epsilon = epsilon

    def forward(self, frames: Tensor) -> Tensor:
        """Same shape as `frames`, (batch, frames, features)."""
        centred = frames - frames.mean(dim=1, keepdim=True)
        return centred * (centred.square().mean(dim=1, keepdim=True) + self.epsilon).rsqrt()


class Sphere(nn.Module):
    """Vectors of length 1 in the same direction; the zero vector stays, with a finite gradient.

    Examples
    --------
    >>> Sphere()(torch.tensor([[3.0, 4.0], [0.0, 0.0]]))
    tensor([[0.6000, 0.8000],
            [0.0000, 0.0000]])
    """

    def forward(self, embeddings: Tensor) -> Tensor:
        """Same shape as `embeddings`, (batch, dimension)."""
        return embeddings * (embeddings.square().sum(dim=1, keepdim=True) + 1e-12).rsqrt()


class Ball(nn.Module):
    """Vectors of length below 1 in the same direction: length n becomes n / sqrt(1 + n^2).

    Examples
    --------
    >>> Ball()(torch.tensor([[0.0, 0.75]]))
    tensor([[0.0000, 0.6000]])
    """

    def forward(self, embeddings: Tensor) -> Tensor:
        """Same shape as `embeddings`, (batch, dimension)."""
        return embeddings * (1 + embeddings.square().sum(dim=1, keepdim=True)).rsqrt()


class Ring(Sphere):
    """Vectors of one length, which is learned and begins at 1.

    References
    ----------
    Zheng, Pal and Savvides, "Ring loss: Convex feature normalization for face recognition",
    CVPR 2018: theirs is a soft constraint, this a hard one.

    Examples
    --------
    >>> Ring()(torch.tensor([[3.0, 4.0]])).tolist()
    [[0.6000000238418579, 0.800000011920929]]
    """

    def __init__(self) -> None:
        super().__init__()
        # learned as a logarithm, as a length is positive
        self.log_radius = nn.Parameter(torch.zeros(()))

    def forward(self, embeddings: Tensor) -> Tensor:
        """Same shape as `embeddings`, (batch, dimension)."""
        return self.log_radius.exp() * super().forward(embeddings)


def normalization(kind: Normalization) -> nn.Module:
    """Layer that puts embeddings where they shall lie.

    Parameters
    ----------
    kind : bool, "sphere", "ball" or "ring"
        False leaves them as they are; "sphere", or True, gives them length 1; "ball" a length below
        1 that grows with theirs; "ring" one learned length.

    Raises
    ------
    ConfigError
        If `kind` is anything else.

    Examples
    --------
    >>> normalization(True)
    Sphere()
    """
    check_choice("normalize", kind, (True, False, *get_args(Surface)))
    layers = {False: nn.Identity, True: Sphere, "sphere": Sphere, "ball": Ball, "ring": Ring}
    return layers[kind]()
