"""Errors of a training that has diverged: a loss or a saved value that is not a finite number."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from pyannote.audio.core.errors import DataError
from pyannote.audio.core.finite import first_not_finite


def check_loss(epoch: int, loss: float) -> None:
    """Refuse an epoch whose mean loss is infinite or no number.

    Raises
    ------
    DataError
        The sentence says how to go on.

    Examples
    --------
    >>> check_loss(3, 0.5)
    """
    if not math.isfinite(loss):
        raise DataError(
            f"The loss of epoch {epoch} is {loss}: training has diverged. Earlier epochs are safe.",
            fix="Set a smaller learning_rate in the scheduler of config.yml.",
        )


def check_values(
    epoch: int,
    model: nn.Module,
    head: nn.Module,
    optimizer: torch.optim.Optimizer,
    averages: Mapping[str, Tensor],
) -> None:
    """Refuse an epoch after which a weight, a statistic or a state of the optimizer is not finite.

    The loss need not tell: batch normalization does not use its running statistics in training.

    Parameters
    ----------
    epoch : int
        Number of the epoch, counted from 1.
    model, head : Module
        Network, and the part of the loss that is learned.
    optimizer : Optimizer
        Of the parameters of both.
    averages : mapping of str to Tensor
        Averages of the weights of the network; empty if there are none.

    Raises
    ------
    DataError
        The sentence names the first such value.

    Examples
    --------
    >>> model, head = nn.BatchNorm1d(1), nn.Identity()
    >>> check_values(3, model, head, torch.optim.SGD(model.parameters()), {})
    >>> _ = model.running_var.fill_(float("inf"))
    >>> check_values(3, model, head, torch.optim.SGD(model.parameters()), {})
    Traceback (most recent call last):
    pyannote.audio.core.errors.DataError: At the end of epoch 3, running_var (inf) is not a finite number...
    """
    values = {
        **model.state_dict(),
        **{f"head.{name}": value for name, value in head.state_dict().items()},
        **{f"the average of {name}": value for name, value in averages.items()},
        **_optimizer_states(optimizer, model, head),
    }
    if found := first_not_finite(values):
        raise DataError(
            f"At the end of epoch {epoch}, {found} is not a finite number: training has diverged. "
            "This epoch is not saved; earlier ones are safe.",
            fix="Set a smaller learning_rate in the scheduler of config.yml. If that does not help, look for "
            "extreme values in the recordings with `pyannote-audio check`.",
        )


def _optimizer_states(
    optimizer: torch.optim.Optimizer, model: nn.Module, head: nn.Module
) -> dict[str, Tensor]:
    learned = {**dict(model.named_parameters()), **dict(head.named_parameters("head"))}
    return {
        f"{key} of {name} in the optimizer": value
        for name, parameter in learned.items()
        for key, value in optimizer.state.get(parameter, {}).items()
        if isinstance(value, Tensor)
    }
