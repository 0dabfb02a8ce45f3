"""Exponential moving average of weights."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn

from pyannote.audio.core.errors import ConfigError


class WeightAveraging:
    """Running average of the weights, which is saved, validated and applied instead of them.

    Averages change little from one epoch to the next, so that the selection of an epoch depends less on
    chance. With w the weights, of any shape, and a their average, step t updates::

        d = min(decay, (1 + t) / (10 + t))
        a = d * a + (1 - d) * w

    Parameters
    ----------
    decay : float
        Weight of the average at each step, in [0, 1); early steps use a smaller one.

    References
    ----------
    Polyak and Juditsky, "Acceleration of Stochastic Approximation by Averaging", SIAM Journal on
    Control and Optimization 30(4), 1992.

    Examples
    --------
    >>> model, averaging = nn.Linear(1, 1), WeightAveraging(decay=0.5)
    >>> averaging.start(model)
    >>> before = averaging.average["weight"].clone()
    >>> _ = model.weight.data.add_(1)
    >>> averaging.update(model)
    >>> round((averaging.average["weight"] - before).item(), 3)
    0.818
    """

    def __init__(self, decay: float = 0.99) -> None:
        if not 0 <= decay < 1:
            raise ConfigError(f"decay must be in [0, 1), not {decay}.")
        self.decay = decay
        self.average: dict[str, torch.Tensor] = {}
        self._step = 0
        self._pairs: _Pairs | None = None

    def start(self, model: nn.Module) -> None:
        """Start from the weights of a model.

        Examples
        --------
        >>> averaging = WeightAveraging()
        >>> averaging.start(nn.Linear(2, 3))
        >>> {name: tuple(value.shape) for name, value in averaging.average.items()}
        {'weight': (3, 2), 'bias': (3,)}
        """
        self.average = copy.deepcopy(dict(model.state_dict()))
        self._step = 0
        self._pairs = None

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Update the average by the weights of a model, of the same shapes, after a step.

        Examples
        --------
        >>> averaging, model = WeightAveraging(), nn.Linear(2, 3)
        >>> averaging.start(model)
        >>> averaging.update(model)
        >>> averaging.state_dict()
        {'step': 1}
        """
        self._step += 1
        decay = min(self.decay, (1 + self._step) / (10 + self._step))
        if self._pairs is None or self._pairs.model is not model:
            self._pairs = _Pairs(model, self.average)
        self._pairs.update(1 - decay)

    def state_dict(self) -> dict[str, Any]:
        """Values to save for a resumed training; the average itself is saved as the weights of the epoch.

        Examples
        --------
        >>> WeightAveraging().state_dict()
        {'step': 0}
        """
        return {"step": self._step}

    def load_state_dict(self, state: dict[str, Any], average: dict[str, torch.Tensor]) -> None:
        """Restore a saved state and its average.

        Examples
        --------
        >>> averaging = WeightAveraging()
        >>> averaging.load_state_dict({"step": 7}, {"weight": torch.zeros(3, 2)})
        >>> averaging.state_dict(), tuple(averaging.average["weight"].shape)
        ({'step': 7}, (3, 2))
        """
        self._step = int(state["step"])
        self.average = average
        self._pairs = None


class _Pairs:
    """Averages and the weights that they follow, both updated in place."""

    def __init__(self, model: nn.Module, average: dict[str, torch.Tensor]) -> None:
        self.model = model
        pairs = [(average[name], value) for name, value in model.state_dict().items()]
        floating = [pair for pair in pairs if pair[0].is_floating_point()]
        self._averages, self._weights = ([pair[side] for pair in floating] for side in (0, 1))
        self._counts = [pair for pair in pairs if not pair[0].is_floating_point()]

    def update(self, fraction: float) -> None:
        """Move the averages towards the weights, of the same shapes, by a fraction of the difference."""
        torch._foreach_lerp_(self._averages, self._weights, fraction)
        for count, value in self._counts:
            count.copy_(value)
