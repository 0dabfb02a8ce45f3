"""Adam."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn

from pyannote.audio.core.errors import ConfigError
from pyannote.audio.train.optimizers.base import Optimizer, fused


class Adam(Optimizer):
    """Adaptive moments.

    With g the gradient, of the shape of the weights w, step t updates::

        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g ** 2
        w = w - rate * m / (1 - b1 ** t) / (sqrt(v / (1 - b2 ** t)) + 1e-8)

    Parameters
    ----------
    weight_decay : float
        Factor of the squared weights in the loss, 0 or more.

    References
    ----------
    Kingma and Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015.

    Examples
    --------
    >>> Adam()([nn.Parameter(torch.zeros(1))], learning_rate=0.001).defaults["lr"]
    0.001
    """

    algorithm: type[torch.optim.Optimizer] = torch.optim.Adam

    def __init__(self, weight_decay: float = 0.0) -> None:
        if weight_decay < 0:
            raise ConfigError("weight_decay must not be negative.")
        self.weight_decay = weight_decay

    def __call__(self, parameters: Iterable[nn.Parameter], learning_rate: float) -> torch.optim.Optimizer:
        """Torch's Adam of some parameters."""
        return fused(self.algorithm, parameters, lr=learning_rate, weight_decay=self.weight_decay)
