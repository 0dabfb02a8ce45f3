"""What every scheduler has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import torch


class Base(ABC):
    """Sets the learning rate before each step.

    Parameters
    ----------
    learning_rate : float
        Initial or largest rate, positive; what it means is said by each scheduler.
    """

    learning_rate: float

    @abstractmethod
    def rate(self, step: int, steps_per_epoch: int) -> float:
        """Learning rate of a step, counted from the start of training."""

    def observe(self, loss: float) -> None:  # noqa: B027  (most schedulers look at the step alone)
        """Learn the mean loss of an epoch that has ended."""

    def state_dict(self) -> dict[str, Any]:
        """Values that must be saved to go on."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:  # noqa: B027  (nothing to load without state)
        """Go on from a saved state."""

    def apply(self, optimizer: torch.optim.Optimizer, step: int, steps_per_epoch: int) -> float:
        """Set the rate of an optimizer for a step, and return it."""
        rate = self.rate(step, steps_per_epoch)
        for group in optimizer.param_groups:
            group["lr"] = rate
        return rate
