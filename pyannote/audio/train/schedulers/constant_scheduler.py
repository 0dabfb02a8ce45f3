"""One learning rate for the whole training."""

from __future__ import annotations

from pyannote.audio.train.schedulers.base import LearningRate, Scheduler


class ConstantScheduler(Scheduler):
    """The same learning rate at each step.

    Parameters
    ----------
    learning_rate : float or "auto"
        Positive. "auto": chosen by a range test before the first epoch.

    Examples
    --------
    >>> ConstantScheduler(learning_rate=0.01).rate(step=1000, steps_per_epoch=10)
    0.01
    """

    def __init__(self, learning_rate: LearningRate = 0.01) -> None:
        super().__init__(learning_rate)

    def rate(self, step: int, steps_per_epoch: int) -> float:
        """Learning rate of any step.

        Examples
        --------
        >>> ConstantScheduler(0.02).rate(step=0, steps_per_epoch=10)
        0.02
        """
        return self.learning_rate
