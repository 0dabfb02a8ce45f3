"""What every optimizer has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable

import torch
from torch import nn


class Base(ABC):
    """Makes a torch optimizer for the parameters of a model; schedulers set its learning rate."""

    @abstractmethod
    def __call__(self, parameters: Iterable[nn.Parameter], learning_rate: float) -> torch.optim.Optimizer:
        """Optimizer of `parameters` with an initial learning rate."""
