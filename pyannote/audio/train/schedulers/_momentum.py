"""Momentum of an optimizer."""

from __future__ import annotations

import torch


def set_momentum(optimizer: torch.optim.Optimizer, momentum: float) -> None:
    """Set the momentum of SGD, or the first of the decay rates of Adam, in [0, 1).

    Examples
    --------
    >>> optimizer = torch.optim.Adam([torch.zeros(1, requires_grad=True)])
    >>> set_momentum(optimizer, 0.8)
    >>> optimizer.param_groups[0]["betas"]
    (0.8, 0.999)
    """
    for group in optimizer.param_groups:
        if "momentum" in group:
            group["momentum"] = momentum
        elif "betas" in group:
            group["betas"] = (momentum, group["betas"][1])
