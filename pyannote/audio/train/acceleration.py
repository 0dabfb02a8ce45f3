"""Ways to compute faster, each where it was measured to pay: 16 bits, and compiled networks.

The scripts `training_speed.py`, `embedding_speed.py` and `gpu_speed.py` of `scripts/benchmarks` measure them.
Fused optimizers paid everywhere, see `optimizers.base`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn

from pyannote.audio.train.interfaces import Batch

Choice = Literal["auto", "on", "off"]

Forward = Callable[[Batch], Tensor]


@dataclass(frozen=True)
class Acceleration:
    """How the outputs of a network are computed in training.

    Parameters
    ----------
    mixed : bool
        In bfloat16 where numbers are multiplied; weights, loss and updates are in float32.
    compiled : bool
        By `torch.compile`, which takes a minute at the beginning.
    """

    mixed: bool = False
    compiled: bool = False

    @classmethod
    def chosen(
        cls, model: nn.Module, device: torch.device, mixed: Choice = "auto", compiled: Choice = "auto"
    ) -> Acceleration:
        """What somebody has asked for; what is "auto" is on where it pays.

        Examples
        --------
        >>> Acceleration.chosen(nn.Identity(), torch.device("cpu"), mixed="on")
        Acceleration(mixed=True, compiled=False)
        """
        return cls(
            mixed=mixed_pays(model, device) if mixed == "auto" else mixed == "on",
            compiled=compiling_pays(model, device) if compiled == "auto" else compiled == "on",
        )

    def forward(self, model: nn.Module, network: nn.Module | None = None) -> Forward:
        """What is called on batches instead of a model.

        Parameters
        ----------
        model : Module
            Its weights keep their names and their 32 bits.
        network : Module, optional
            What calls it, if something does.
        """
        forward: Forward = network or model
        if hasattr(model, "half_precision"):
            # it knows which of its layers can do with 16 bits
            setattr(model, "half_precision", self.mixed)  # noqa: B010  modules take tensors only, says mypy
        elif self.mixed:
            forward = partial(_mixed, forward)
        return torch.compile(forward) if self.compiled else forward

    def __str__(self) -> str:
        """For the log.

        Examples
        --------
        >>> print(Acceleration(mixed=True))
        bfloat16 and float32, not compiled
        """
        numbers = "bfloat16 and float32" if self.mixed else "float32"
        return f"{numbers}, {'' if self.compiled else 'not '}compiled"


def mixed_pays(model: nn.Module, device: torch.device) -> bool:
    """Whether 16 bits were measured to pay: in layers of embeddings, on processors that multiply them."""
    return device.type == "cpu" and bool(getattr(model, "half_precision", False))


def compiling_pays(model: nn.Module, device: torch.device) -> bool:
    """Whether compiling was measured to pay: it does not on CPUs."""
    return False


def _mixed(forward: Forward, batch: Batch) -> Tensor:
    with torch.autocast(batch["X"].device.type, dtype=torch.bfloat16):
        return forward(batch).float()
