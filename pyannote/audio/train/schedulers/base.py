"""What every scheduler has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Literal

import torch

from pyannote.audio.core.errors import ConfigError, UsageError

LearningRate = float | Literal["auto"]


class Scheduler(ABC):
    """Sets the learning rate before each step.

    Parameters
    ----------
    learning_rate : float or "auto"
        Initial or largest rate, positive; what it means is said by each scheduler. "auto" leaves it to
        a range test before the first epoch.
    """

    def __init__(self, learning_rate: LearningRate) -> None:
        self._learning_rate: float | None = None
        if learning_rate != "auto":
            self.learning_rate = learning_rate

    @property
    def is_open(self) -> bool:
        """Whether the learning rate is still to be found."""
        return self._learning_rate is None

    @property
    def learning_rate(self) -> float:
        """Rate that was given or found.

        Raises
        ------
        UsageError
            If it is still to be found.
        """
        if self._learning_rate is None:
            raise UsageError(
                "The learning rate is 'auto', and no range test has found it yet.",
                fix="Call Trainer.find_learning_rate before the first step.",
            )
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, rate: float) -> None:
        if not 0 < rate < float("inf"):
            raise ConfigError(f"learning_rate must be positive, not {rate}.")
        self._learning_rate = rate

    @abstractmethod
    def rate(self, step: int, steps_per_epoch: int) -> float:
        """Learning rate of a step, counted from the start of training."""

    def observe(self, loss: float) -> None:  # noqa: B027  (most schedulers look at the step alone)
        """Learn the mean loss of an epoch that has ended."""

    def state_dict(self) -> dict[str, Any]:
        """Values that must be saved to go on."""
        return {"learning_rate": self._learning_rate}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state; a rate that was given goes before the saved one."""
        if self.is_open:
            self._learning_rate = state.get("learning_rate")

    def apply(self, optimizer: torch.optim.Optimizer, step: int, steps_per_epoch: int) -> float:
        """Set the rate of an optimizer for a step, and return it."""
        rate = self.rate(step, steps_per_epoch)
        for group in optimizer.param_groups:
            group["lr"] = rate
        return rate
