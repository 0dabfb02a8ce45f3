"""Warm-up and decay of the learning rate along half a cosine."""

from __future__ import annotations

import math

from pyannote.audio.train.schedulers._planned import PlannedScheduler
from pyannote.audio.train.schedulers.base import LearningRate


class CosineScheduler(PlannedScheduler):
    """Learning rate that rises linearly, and falls along half a cosine until the end of training.

    With u the position in the rise or in the fall, from 0 to 1::

        rise: rate = learning_rate * u
        fall: rate = learning_rate * (ratio + (1 - ratio) * (1 + cos(pi * u)) / 2)

    Parameters
    ----------
    learning_rate : float or "auto"
        Largest rate, positive. "auto": chosen by a range test before the first epoch.
    epochs : int, optional
        Epochs until the end of the fall. By default, the last epoch of the training (`--to`) when it begins;
        a resumed training keeps it. Later epochs have the smallest rate.
    warm_up : float
        Share of the steps in which the rate rises, in [0, 1).
    ratio : float
        Smallest rate as a share of the largest, in (0, 1].

    Raises
    ------
    ConfigError
        If a value is out of its range.

    References
    ----------
    Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR 2017,
    equation 5, without restarts.

    Examples
    --------
    >>> scheduler = CosineScheduler(learning_rate=1.0, epochs=2, warm_up=0.2, ratio=0.1)
    >>> [round(scheduler.rate(step, steps_per_epoch=5), 2) for step in range(10)]
    [0.5, 1.0, 1.0, 0.96, 0.83, 0.65, 0.45, 0.27, 0.14, 0.1]
    """

    def __init__(
        self,
        learning_rate: LearningRate = "auto",
        epochs: int | None = None,
        warm_up: float = 0.05,
        ratio: float = 0.01,
    ) -> None:
        super().__init__(learning_rate, epochs, warm_up, ratio)

    def rate(self, step: int, steps_per_epoch: int) -> float:
        """Learning rate of a step, counted from 0 at the start of training.

        Examples
        --------
        >>> CosineScheduler(0.5, epochs=10).rate(step=1000, steps_per_epoch=10)
        0.005
        """
        rises, position = self.phase(step, steps_per_epoch)
        if rises:
            return self.learning_rate * position
        height = (1 + math.cos(math.pi * position)) / 2
        return self.learning_rate * (self.ratio + (1 - self.ratio) * height)
