"""Base class of learning-rate schedulers."""

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
        Initial or largest rate, positive, as each scheduler defines it. "auto": chosen by a range test
        before the first epoch.

    Examples
    --------
    >>> class Halving(Scheduler):
    ...     def rate(self, step, steps_per_epoch):
    ...         return self.learning_rate / 2 ** (step // steps_per_epoch)
    >>> Halving(0.1).rate(step=25, steps_per_epoch=10)
    0.025
    """

    def __init__(self, learning_rate: LearningRate) -> None:
        self._learning_rate: float | None = None
        if learning_rate != "auto":
            self.learning_rate = learning_rate

    @property
    def is_open(self) -> bool:
        """Whether the learning rate is "auto" and not chosen yet.

        Examples
        --------
        >>> from pyannote.audio.train.schedulers import ConstantScheduler
        >>> ConstantScheduler("auto").is_open
        True
        """
        return self._learning_rate is None

    @property
    def learning_rate(self) -> float:
        """Given or chosen rate, positive.

        Raises
        ------
        UsageError
            If it is not chosen yet.

        Examples
        --------
        >>> from pyannote.audio.train.schedulers import ConstantScheduler
        >>> scheduler = ConstantScheduler("auto")
        >>> scheduler.learning_rate = 0.01
        >>> scheduler.is_open
        False
        """
        if self._learning_rate is None:
            raise UsageError(
                "The learning rate is 'auto', and no range test has chosen it yet.",
                fix="Call Trainer.find_learning_rate before the first step.",
            )
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, rate: float) -> None:
        if not 0 < rate < float("inf"):
            raise ConfigError(f"learning_rate must be positive, not {rate}.")
        self._learning_rate = rate

    @property
    def planned(self) -> int | None:
        """Epochs of the plan of a scheduler that needs one, if they are known; None for all others.

        Examples
        --------
        >>> from pyannote.audio.train.schedulers import ConstantScheduler, CosineScheduler
        >>> ConstantScheduler(0.1).planned, CosineScheduler(0.1, epochs=20).planned
        (None, 20)
        """
        return None

    def plan(self, last: int | None) -> None:  # noqa: B027  (most schedulers need no plan)
        """Plan for a training that ends with an epoch; None: it has no end."""

    @abstractmethod
    def rate(self, step: int, steps_per_epoch: int) -> float:
        """Learning rate of a step, counted from 0 at the start of training."""

    def observe(self, loss: float) -> None:  # noqa: B027  (most schedulers need the step alone)
        """Receive the mean loss of an epoch at its end."""

    def state_dict(self) -> dict[str, Any]:
        """Values to save for a resumed training.

        Examples
        --------
        >>> from pyannote.audio.train.schedulers import ConstantScheduler
        >>> ConstantScheduler(0.01).state_dict()
        {'learning_rate': 0.01}
        """
        return {"learning_rate": self._learning_rate}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore a saved state; a rate of the configuration takes precedence over the saved one.

        Examples
        --------
        >>> from pyannote.audio.train.schedulers import ConstantScheduler
        >>> scheduler = ConstantScheduler("auto")
        >>> scheduler.load_state_dict({"learning_rate": 0.02})
        >>> scheduler.learning_rate
        0.02
        """
        if self.is_open:
            self._learning_rate = state.get("learning_rate")

    def apply(self, optimizer: torch.optim.Optimizer, step: int, steps_per_epoch: int) -> float:
        """Set the rate of an optimizer for a step, and return it.

        Examples
        --------
        >>> from pyannote.audio.train.schedulers import ConstantScheduler
        >>> optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
        >>> ConstantScheduler(0.01).apply(optimizer, step=0, steps_per_epoch=10)
        0.01
        >>> optimizer.param_groups[0]["lr"]
        0.01
        """
        rate = self.rate(step, steps_per_epoch)
        for group in optimizer.param_groups:
            group["lr"] = rate
        return rate
