"""Schedulers that know when training will end."""

from __future__ import annotations

from typing import Any

from pyannote.audio.core.errors import ConfigError, UsageError
from pyannote.audio.train.schedulers.base import LearningRate, Scheduler


class PlannedScheduler(Scheduler):
    """Scheduler of a rise and a fall over a known number of epochs.

    With N steps in these epochs, the rate rises over the first W = warm_up N steps and falls over the others.

    Parameters
    ----------
    learning_rate : float or "auto"
        Largest rate, positive. "auto": chosen by a range test before the first epoch.
    epochs : int, optional
        Epochs of the plan. By default, the last epoch of the training (`--to`) when it begins. Later epochs
        have the last rate of the plan.
    warm_up : float
        Share of the steps in which the rate rises, in [0, 1).
    ratio : float
        Smallest rate as a share of the largest, in (0, 1].

    Raises
    ------
    ConfigError
        If a value is out of its range.
    """

    def __init__(self, learning_rate: LearningRate, epochs: int | None, warm_up: float, ratio: float) -> None:
        super().__init__(learning_rate)
        if epochs is not None and epochs < 1:
            raise ConfigError(f"epochs must be at least 1, not {epochs}.")
        if not (0 <= warm_up < 1 and 0 < ratio <= 1):
            raise ConfigError("warm_up must be in [0, 1), and ratio in (0, 1].")
        self.epochs = epochs
        self.warm_up = warm_up
        self.ratio = ratio
        self._planned = epochs

    @property
    def planned(self) -> int | None:
        """Epochs of the plan, if they are known."""
        return self._planned

    def plan(self, last: int | None) -> None:
        """Plan for a training that ends with an epoch, unless the configuration has another plan."""
        self._planned = self.epochs or last

    def phase(self, step: int, steps_per_epoch: int) -> tuple[bool, float]:
        """Whether a step lies in the rise, and its position in the rise or in the fall, in [0, 1].

        Raises
        ------
        UsageError
            If nothing says how long training will take.
        """
        if self._planned is None:
            raise UsageError(
                f"{type(self).__name__} must know how many epochs training will take.",
                fix="Say it with --to, or as `epochs` of the scheduler in config.yml.",
            )
        total = self._planned * steps_per_epoch
        rise = self.warm_up * total
        if step < rise:
            return True, min(1.0, (step + 1) / rise)
        return False, min(1.0, (step - rise) / max(1.0, total - 1 - rise))

    def state_dict(self) -> dict[str, Any]:
        """Rate and epochs of the plan, to save for a resumed training."""
        return {**super().state_dict(), "epochs": self._planned}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore a saved state: without `epochs`, a training keeps the plan that it has begun with."""
        super().load_state_dict(state)
        self._planned = self.epochs or state.get("epochs") or self._planned
