"""Detection of divergence: a loss or a saved value that is not a finite number."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from pyannote.audio.core.errors import DataError
from pyannote.audio.core.finite import first_not_finite


def check_loss(epoch: int, loss: float) -> None:
    """Check that the mean loss of an epoch is finite.

    Parameters
    ----------
    epoch : int
        Counted from 1.
    loss : float
        Mean over the batches of the epoch.

    Raises
    ------
    DataError
        If it is infinite or not a number.

    Examples
    --------
    >>> check_loss(3, 0.5)
    >>> check_loss(3, float("nan"))
    Traceback (most recent call last):
    pyannote.audio.core.errors.DataError: The loss of epoch 3 is nan: training has diverged...
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
    """Check that weights, statistics and the state of the optimizer are finite after an epoch.

    The loss may be finite all the same: batch normalization does not use its running statistics in training.

    Parameters
    ----------
    epoch : int
        Number of the epoch, counted from 1.
    model, head : Module
        Network, and the trained part of the loss.
    optimizer : Optimizer
        Optimizer of the parameters of both.
    averages : mapping of str to Tensor, of the shapes of the weights
        Averages of the weights of the network; empty if there are none.

    Raises
    ------
    DataError
        If one is not; it names the first such value.

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
    if fault := first_not_finite(values):
        raise DataError(
            f"At the end of epoch {epoch}, {fault} is not a finite number: training has diverged. "
            "This epoch is not saved; earlier ones are safe.",
            fix="Set a smaller learning_rate in the scheduler of config.yml. If that does not help, look for "
            "extreme values in the recordings with `pyannote-audio check`.",
        )


def _optimizer_states(
    optimizer: torch.optim.Optimizer, model: nn.Module, head: nn.Module
) -> dict[str, Tensor]:
    parameters = {**dict(model.named_parameters()), **dict(head.named_parameters("head"))}
    return {
        f"{key} of {name} in the optimizer": value
        for name, parameter in parameters.items()
        for key, value in optimizer.state.get(parameter, {}).items()
        if isinstance(value, Tensor)
    }
