"""Running means of measures of a loss, for the log."""

from __future__ import annotations

import torch
from torch import Tensor


class Means:
    """Sums that stay on the device until they are read, so that no step waits for them.

    Examples
    --------
    >>> means = Means()
    >>> means.add("accuracy", torch.tensor([True, False]))
    >>> means.add("accuracy", torch.tensor([True, True]))
    >>> means.read(), means.read()
    ({'accuracy': 0.75}, {})
    """

    def __init__(self) -> None:
        self._sums: dict[str, tuple[Tensor, int]] = {}

    def add(self, name: str, values: Tensor) -> None:
        """Take values of any shape, or none at all, into a mean."""
        total, count = self._sums.get(name, (torch.zeros((), device=values.device), 0))
        self._sums[name] = (total + values.detach().sum(), count + values.numel())

    def read(self) -> dict[str, float]:
        """Means since the last reading; 0 where there was no value."""
        means = {name: float(total) / max(1, count) for name, (total, count) in self._sums.items()}
        self._sums.clear()
        return means
