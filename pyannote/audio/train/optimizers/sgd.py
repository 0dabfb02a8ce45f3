"""Stochastic gradient descent with Nesterov momentum."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn

from pyannote.audio.core.errors import ConfigError
from pyannote.audio.train.optimizers.base import Optimizer, fused


class SGD(Optimizer):
    """Stochastic gradient descent with momentum, the default.

    With g the gradient, of the shape of the weights w, each step updates::

        v = momentum * v + g
        w = w - rate * (g + momentum * v)    (nesterov; else w = w - rate * v)

    Parameters
    ----------
    momentum : float
        Decay of the velocity v, in [0, 1).
    nesterov : bool
        Use Nesterov's version of the momentum.
    weight_decay : float
        Factor of the squared weights in the loss, 0 or more.

    References
    ----------
    Sutskever et al., "On the Importance of Initialization and Momentum in Deep Learning", ICML 2013.

    Examples
    --------
    >>> SGD()([nn.Parameter(torch.zeros(1))], learning_rate=0.01).defaults["nesterov"]
    True
    """

    def __init__(self, momentum: float = 0.9, nesterov: bool = True, weight_decay: float = 0.0) -> None:
        if not 0 <= momentum < 1 or weight_decay < 0:
            raise ConfigError("momentum must be in [0, 1) and weight_decay not negative.")
        self.momentum = momentum
        self.nesterov = nesterov and momentum > 0
        self.weight_decay = weight_decay

    def __call__(self, parameters: Iterable[nn.Parameter], learning_rate: float) -> torch.optim.Optimizer:
        """Torch's SGD."""
        return fused(
            torch.optim.SGD,
            parameters,
            lr=learning_rate,
            momentum=self.momentum,
            nesterov=self.nesterov,
            weight_decay=self.weight_decay,
        )
