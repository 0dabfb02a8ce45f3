"""Learning rate and momentum that move against each other."""

from __future__ import annotations

from abc import abstractmethod

import torch

from pyannote.audio.core.errors import ConfigError
from pyannote.audio.train.schedulers.base import Scheduler


class OpposedMomentum(Scheduler):
    """Scheduler whose rate and momentum follow a height in [0, 1], which a subclass defines.

    With h the height::

        rate = learning_rate * (ratio + (1 - ratio) * h)
        momentum = high - (high - low) * h

    Attributes
    ----------
    ratio : float
        Smallest rate as a share of the largest, in (0, 1].
    momentum : tuple of float
        Smallest momentum (at the largest rate) and largest one, as `checked_momentum` gives them.
    """

    ratio: float
    momentum: tuple[float, float]

    @abstractmethod
    def height(self, step: int, steps_per_epoch: int) -> float:
        """Height at a step, in [0, 1]."""

    def rate(self, step: int, steps_per_epoch: int) -> float:
        """Learning rate of a step, counted from 0 at the start of training.

        Examples
        --------
        >>> from pyannote.audio.train.schedulers import CyclicScheduler, OneCycleScheduler
        >>> CyclicScheduler(1.0, epochs_per_cycle=2).rate(step=10, steps_per_epoch=10)
        1.0
        >>> OneCycleScheduler(0.5, epochs=10).rate(step=1000, steps_per_epoch=10)
        0.005
        """
        return self.learning_rate * (self.ratio + (1 - self.ratio) * self.height(step, steps_per_epoch))

    def apply(self, optimizer: torch.optim.Optimizer, step: int, steps_per_epoch: int) -> float:
        """Set rate and momentum of an optimizer for a step, and return the rate.

        Examples
        --------
        >>> from pyannote.audio.train.schedulers import CyclicScheduler
        >>> optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0, momentum=0.9)
        >>> CyclicScheduler(1.0, epochs_per_cycle=2).apply(optimizer, step=10, steps_per_epoch=10)
        1.0
        >>> optimizer.param_groups[0]["momentum"]
        0.85
        """
        low, high = self.momentum
        momentum = high - (high - low) * self.height(step, steps_per_epoch)
        for group in optimizer.param_groups:
            # SGD has a momentum, and Adam takes it as the first of its decay rates
            if "momentum" in group:
                group["momentum"] = momentum
            elif "betas" in group:
                group["betas"] = (momentum, group["betas"][1])
        return super().apply(optimizer, step, steps_per_epoch)


def checked_momentum(momentum: tuple[float, float]) -> tuple[float, float]:
    """Smallest and largest momentum.

    Raises
    ------
    ConfigError
        If they are not two rising values in [0, 1).
    """
    if len(momentum) != 2 or not 0 <= momentum[0] <= momentum[1] < 1:
        raise ConfigError("momentum must be two rising values in [0, 1).")
    return momentum
