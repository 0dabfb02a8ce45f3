"""Scheduler that lowers the learning rate when the loss no longer falls."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import t as student

from pyannote.audio.core.errors import CheckpointError, ConfigError
from pyannote.audio.train.schedulers.base import LearningRate, Scheduler


class DavisKing(Scheduler):
    """Multiply the rate by `factor` when the loss of the last epochs is probably not falling.

    A line is fitted to the losses of the last `patience` epochs. If the probability that its slope is
    negative is below 51 %, the rate falls, and the losses so far are dropped. With n losses, slope b,
    standard deviation s of the residuals (n - 2 degrees of freedom) and epochs x::

        P(slope < 0) = T(-b / (s / sqrt(sum((x - mean(x)) ** 2))), n - 2)

    where T is the distribution function of Student's t.

    Parameters
    ----------
    learning_rate : float or "auto"
        Initial rate, positive. "auto": chosen by a range test before the first epoch.
    factor : float
        Ratio of a rate to the one before, in (0, 1).
    patience : int
        Epochs without decrease, at least 3.

    References
    ----------
    King, "Automatic Learning Rate Scheduling That Really Works", dlib's blog, 2018.

    Examples
    --------
    >>> scheduler = DavisKing(learning_rate=1.0, factor=0.5, patience=3)
    >>> for loss in (3.0, 2.0, 1.0, 1.0, 1.1, 1.2):
    ...     scheduler.observe(loss)
    >>> scheduler.rate(step=0, steps_per_epoch=1)
    0.5
    """

    def __init__(self, learning_rate: LearningRate = 0.01, factor: float = 0.5, patience: int = 10) -> None:
        super().__init__(learning_rate)
        if not (0 < factor < 1 and patience >= 3):
            raise ConfigError("factor must be in (0, 1), and patience at least 3.")
        self.factor = factor
        self.patience = patience
        self._falls = 0
        self._losses: list[float] = []

    def rate(self, step: int, steps_per_epoch: int) -> float:
        """Current learning rate.

        Examples
        --------
        >>> DavisKing(learning_rate=0.01).rate(step=100, steps_per_epoch=10)
        0.01
        """
        return self.learning_rate * self.factor**self._falls

    def observe(self, loss: float) -> None:
        """Receive the mean loss of an epoch, and lower the rate if losses no longer fall.

        Examples
        --------
        >>> scheduler = DavisKing(patience=3)
        >>> scheduler.observe(0.5)
        >>> scheduler.state_dict()
        {'learning_rate': 0.01, 'falls': 0, 'losses': [0.5]}
        """
        self._losses.append(loss)
        recent = self._losses[-self.patience :]
        if len(recent) == self.patience and _probability_of_decrease(recent) < 0.51:
            self._falls += 1
            self._losses = []

    def state_dict(self) -> dict[str, Any]:
        """Number of reductions of the rate, and losses since the last one.

        Examples
        --------
        >>> DavisKing(learning_rate="auto").state_dict()
        {'learning_rate': None, 'falls': 0, 'losses': []}
        """
        return {**super().state_dict(), "falls": self._falls, "losses": list(self._losses)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore a saved state.

        Raises
        ------
        CheckpointError
            If it is that of an earlier version of this scheduler.

        Examples
        --------
        >>> scheduler = DavisKing(learning_rate=1.0, factor=0.5)
        >>> scheduler.load_state_dict({"falls": 2, "losses": []})
        >>> scheduler.rate(step=0, steps_per_epoch=10)
        0.25
        """
        if "falls" not in state:
            raise CheckpointError(
                "This training was started by an earlier version of DavisKing, which stored another state.",
                fix="Resume with that version, or train in another folder.",
            )
        super().load_state_dict(state)
        self._falls, self._losses = int(state["falls"]), list(state["losses"])


def _probability_of_decrease(losses: list[float]) -> float:
    """Probability that the slope of a noisy line through the losses is negative."""
    position = np.arange(len(losses)) - (len(losses) - 1) / 2
    slope = float(position @ np.asarray(losses) / (position @ position))
    residual = np.asarray(losses) - np.mean(losses) - slope * position
    deviation = np.sqrt(residual @ residual / (len(losses) - 2) / (position @ position))
    if deviation == 0:
        return 1.0 if slope < 0 else 0.0
    return float(student.cdf(-slope / deviation, df=len(losses) - 2))
