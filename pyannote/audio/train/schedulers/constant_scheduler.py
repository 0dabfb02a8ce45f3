"""One learning rate for the whole training."""

from __future__ import annotations

from pyannote.audio.core.errors import ConfigError
from pyannote.audio.train.schedulers.base import Base


class ConstantScheduler(Base):
    """The same learning rate at each step.

    Parameters
    ----------
    learning_rate : float
        Positive.

    Examples
    --------
    >>> ConstantScheduler(learning_rate=0.01).rate(step=1000, steps_per_epoch=10)
    0.01
    """

    def __init__(self, learning_rate: float = 0.01) -> None:
        if not 0 < learning_rate < float("inf"):
            raise ConfigError(f"learning_rate must be positive, not {learning_rate}.")
        self.learning_rate = learning_rate

    def rate(self, step: int, steps_per_epoch: int) -> float:
        """Learning rate, whatever the step."""
        return self.learning_rate
