"""Base class of optimizers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

import torch
from torch import nn


class Optimizer(ABC):
    """Factory of torch optimizers of parameters of any shape; schedulers set the learning rate.

    Examples
    --------
    >>> class RMSprop(Optimizer):
    ...     def __call__(self, parameters, learning_rate):
    ...         return fused(torch.optim.RMSprop, parameters, lr=learning_rate)
    >>> RMSprop()([nn.Parameter(torch.zeros(1))], 0.01).defaults["lr"]
    0.01
    """

    @abstractmethod
    def __call__(self, parameters: Iterable[nn.Parameter], learning_rate: float) -> torch.optim.Optimizer:
        """Torch optimizer of parameters of any shape, with an initial learning rate."""


def fused(
    algorithm: type[torch.optim.Optimizer], parameters: Iterable[nn.Parameter], **arguments: Any
) -> torch.optim.Optimizer:
    """Torch optimizer in its fused version if there is one, else in its plain version.

    On one CPU thread, a fused step took a ninth of the time of Adam and a quarter of that of SGD for the
    network of `dcase`.

    Parameters
    ----------
    algorithm : type
        Class of torch.optim.
    parameters : iterable of Parameter, of any shape
    **arguments
        Other arguments of the class.

    Examples
    --------
    >>> fused(torch.optim.Adam, [nn.Parameter(torch.zeros(1))], lr=0.1).defaults["lr"]
    0.1
    """
    listed = list(parameters)
    try:
        return algorithm(listed, fused=True, **arguments)  # type: ignore[call-arg]
    except (RuntimeError, TypeError):
        return algorithm(listed, **arguments)
