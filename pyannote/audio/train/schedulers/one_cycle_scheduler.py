"""One cycle of the learning rate and of the momentum over the whole training."""

from __future__ import annotations

from pyannote.audio.train.schedulers._momentum import OpposedMomentum, checked_momentum
from pyannote.audio.train.schedulers._planned import PlannedScheduler
from pyannote.audio.train.schedulers.base import LearningRate


class OneCycleScheduler(OpposedMomentum, PlannedScheduler):
    """Learning rate that rises and falls linearly once, while the momentum falls and rises.

    With u the position in the rise or in the fall, from 0 to 1, and h = u in the rise and 1 - u in the fall::

        rate = learning_rate * (ratio + (1 - ratio) * h)
        momentum = high - (high - low) * h

    Parameters
    ----------
    learning_rate : float or "auto"
        Largest rate, positive. "auto": chosen by a range test before the first epoch.
    epochs : int, optional
        Epochs of the cycle. By default, the last epoch of the training (`--to`) when it begins; a resumed
        training keeps it. Later epochs have the smallest rate.
    warm_up : float
        Share of the steps in which the rate rises, in [0, 1).
    ratio : float
        Smallest rate as a share of the largest, in (0, 1].
    momentum : list of two float
        Smallest momentum (at the largest rate) and largest one.

    Raises
    ------
    ConfigError
        If a value is out of its range.

    References
    ----------
    Smith, "A Disciplined Approach to Neural Network Hyper-parameters: Part 1", arXiv
    1803.09820, 2018, section 4.3.

    Examples
    --------
    >>> scheduler = OneCycleScheduler(learning_rate=1.0, epochs=2, warm_up=0.4, ratio=0.1)
    >>> [round(scheduler.rate(step, steps_per_epoch=5), 2) for step in range(10)]
    [0.33, 0.55, 0.78, 1.0, 1.0, 0.82, 0.64, 0.46, 0.28, 0.1]
    """

    def __init__(
        self,
        learning_rate: LearningRate = "auto",
        epochs: int | None = None,
        warm_up: float = 0.3,
        ratio: float = 0.01,
        momentum: tuple[float, float] = (0.85, 0.95),
    ) -> None:
        super().__init__(learning_rate, epochs, warm_up, ratio)
        self.momentum = checked_momentum(momentum)

    def height(self, step: int, steps_per_epoch: int) -> float:
        """Height in the cycle, in [0, 1].

        Examples
        --------
        >>> OneCycleScheduler(1.0, epochs=2, warm_up=0.5).height(step=9, steps_per_epoch=10)
        1.0
        """
        rises, position = self.phase(step, steps_per_epoch)
        return position if rises else 1 - position
