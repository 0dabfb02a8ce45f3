"""Triangular cycles of the learning rate and of the momentum."""

from __future__ import annotations

from pyannote.audio.core.errors import ConfigError
from pyannote.audio.train.schedulers._momentum import OpposedMomentum, checked_momentum
from pyannote.audio.train.schedulers.base import LearningRate


class CyclicScheduler(OpposedMomentum):
    """Learning rate that rises and falls linearly, while the momentum falls and rises.

    With h the height in the triangle, from 0 at both ends of a cycle to 1 in its middle::

        rate = learning_rate * (ratio + (1 - ratio) * h)
        momentum = high - (high - low) * h

    Parameters
    ----------
    learning_rate : float or "auto"
        Largest rate, at the middle of a cycle. "auto": chosen by a range test before the first epoch.
    epochs_per_cycle : float
        Length of a cycle, in epochs; positive.
    ratio : float
        Smallest rate as a share of the largest, in (0, 1].
    momentum : list of two float
        Smallest momentum (at the largest rate) and largest one.

    References
    ----------
    Smith, "Cyclical Learning Rates for Training Neural Networks", WACV 2017.

    Examples
    --------
    >>> scheduler = CyclicScheduler(learning_rate=1.0, epochs_per_cycle=2)
    >>> [round(scheduler.rate(step, steps_per_epoch=2), 2) for step in range(5)]
    [0.1, 0.55, 1.0, 0.55, 0.1]
    """

    def __init__(
        self,
        learning_rate: LearningRate = "auto",
        epochs_per_cycle: float = 20,
        ratio: float = 0.1,
        momentum: tuple[float, float] = (0.85, 0.95),
    ) -> None:
        super().__init__(learning_rate)
        if not (epochs_per_cycle > 0 and 0 < ratio <= 1):
            raise ConfigError("epochs_per_cycle must be positive, and ratio in (0, 1].")
        self.epochs_per_cycle = epochs_per_cycle
        self.ratio = ratio
        self.momentum = checked_momentum(momentum)

    def height(self, step: int, steps_per_epoch: int) -> float:
        """Height in the triangle: 0 at both ends of a cycle, 1 in its middle.

        Examples
        --------
        >>> CyclicScheduler(1.0, epochs_per_cycle=2).height(step=5, steps_per_epoch=10)
        0.5
        """
        phase = (step / (self.epochs_per_cycle * steps_per_epoch)) % 1
        return 1 - abs(2 * phase - 1)
