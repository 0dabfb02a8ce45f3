"""Normalisation of chunks over time, and of the length of embeddings."""

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
    A constant feature becomes zero; epsilon makes values and gradients of silence finite.

    Parameters
    ----------
    epsilon : float
        Added to the variance; inputs have unit variance over the training set, and shape (batch, frames,
        features).

    Examples
    --------
    >>> InstanceNormalization()(torch.ones(1, 50, 2)).abs().max().item()
    0.0
    """

    def __init__(self, epsilon: float = 1e-6) -> None:
        super().__init__()
        self.epsilon = epsilon

    def forward(self, frames: Tensor) -> Tensor:
        """Normalise `frames`, shape (batch, frames, features); the result has the same shape.

        Examples
        --------
        >>> InstanceNormalization()(torch.tensor([[[1.0], [3.0]]])).ravel()
        tensor([-1.0000,  1.0000])
        """
        centred = frames - frames.mean(dim=1, keepdim=True)
        return centred * (centred.square().mean(dim=1, keepdim=True) + self.epsilon).rsqrt()


class Sphere(nn.Module):
    """Vectors of length 1 in the same direction: y = x / |x|, in shape (batch, dimension).

    A vector of zeros is unchanged, with a finite gradient.

    Examples
    --------
    >>> Sphere()(torch.tensor([[3.0, 4.0], [0.0, 0.0]]))
    tensor([[0.6000, 0.8000],
            [0.0000, 0.0000]])
    """

    def forward(self, embeddings: Tensor) -> Tensor:
        """Normalise `embeddings`, shape (batch, dimension); the result has the same shape.

        Examples
        --------
        >>> Sphere()(torch.tensor([[0.0, 2.0]])).round(decimals=2).tolist()
        [[0.0, 1.0]]
        """
        return embeddings * (embeddings.square().sum(dim=1, keepdim=True) + 1e-12).rsqrt()


class Ball(nn.Module):
    """Vectors of length below 1 in the same direction: y = x / sqrt(1 + |x|^2), in shape (batch, dimension).

    Examples
    --------
    >>> Ball()(torch.tensor([[0.0, 0.75]]))
    tensor([[0.0000, 0.6000]])
    """

    def forward(self, embeddings: Tensor) -> Tensor:
        """Normalise `embeddings`, shape (batch, dimension); the result has the same shape.

        Examples
        --------
        >>> Ball()(torch.tensor([[0.0, 0.75]])).round(decimals=2).tolist()
        [[0.0, 0.6000000238418579]]
        """
        return embeddings * (1 + embeddings.square().sum(dim=1, keepdim=True)).rsqrt()


class Ring(Sphere):
    """Vectors of one learned length r: y = r x / |x|, in shape (batch, dimension); r starts at 1.

    References
    ----------
    Zheng, Pal and Savvides, "Ring loss: Convex feature normalization for face recognition",
    CVPR 2018, where the constraint is soft; here it is exact.

    Examples
    --------
    >>> Ring()(torch.tensor([[3.0, 4.0]])).tolist()
    [[0.6000000238418579, 0.800000011920929]]
    """

    def __init__(self) -> None:
        super().__init__()
        # the logarithm keeps the length positive
        self.log_radius = nn.Parameter(torch.zeros(()))

    def forward(self, embeddings: Tensor) -> Tensor:
        """Normalise `embeddings`, shape (batch, dimension); the result has the same shape.

        Examples
        --------
        >>> Ring()(torch.tensor([[0.0, 2.0]])).round(decimals=2).tolist()
        [[0.0, 1.0]]
        """
        return self.log_radius.exp() * super().forward(embeddings)


def normalization(kind: Normalization) -> nn.Module:
    """Layer that sets the length of embeddings, of shape (batch, dimension).

    Parameters
    ----------
    kind : bool, "sphere", "ball" or "ring"
        False: unchanged; "sphere" or True: length 1; "ball": length n becomes n / sqrt(1 + n^2), below 1;
        "ring": one learned length.

    Raises
    ------
    ConfigError
        If `kind` has another value.

    Examples
    --------
    >>> normalization(True)
    Sphere()
    """
    check_choice("normalize", kind, (True, False, *get_args(Surface)))
    layers = {False: nn.Identity, True: Sphere, "sphere": Sphere, "ball": Ball, "ring": Ring}
    return layers[kind]()
