"""Means of measures of a loss over several batches."""

from __future__ import annotations

import torch
from torch import Tensor


class Means:
    """Means of named values, summed on their device until they are read, without synchronisation.

    Values may have any shape.

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
        """Add values to a mean.

        Parameters
        ----------
        name : str
            Name of the mean.
        values : Tensor of any shape, of any number or of booleans
            It may be empty.
        """
        total, count = self._sums.get(name, (torch.zeros((), device=values.device), 0))
        self._sums[name] = (total + values.detach().sum(), count + values.numel())

    def read(self) -> dict[str, float]:
        """Means since the last call, by name; 0 for a name without values.

        Examples
        --------
        >>> means = Means()
        >>> means.add("active", torch.empty(0))
        >>> means.read()
        {'active': 0.0}
        """
        means = {name: float(total) / max(1, count) for name, (total, count) in self._sums.items()}
        self._sums.clear()
        return means
