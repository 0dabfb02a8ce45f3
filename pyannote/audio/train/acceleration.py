"""Ways to compute faster, each where it was measured to pay: 16 bits, compiled networks, CUDA graphs.

The scripts `training_speed.py`, `embedding_speed.py` and `gpu_speed.py` of `scripts/benchmarks` measure them.
Fused optimizers paid everywhere, see `optimizers.base`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Literal

import torch
from torch import Tensor, nn

from pyannote.audio.train.cuda_graphs import Compute, Recorded, recordable
from pyannote.audio.train.interfaces import Batch, Gradients

Choice = Literal["auto", "on", "off"]

LARGE = 256
"""Chunks of a batch from which on a GPU has enough to do."""

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
    graphs : bool
        Recorded once as a CUDA graph, from the batch to the gradients, and replayed.
    """

    mixed: bool = False
    compiled: bool = False
    graphs: bool = False

    @classmethod
    def chosen(
        cls,
        model: nn.Module,
        device: torch.device,
        chunks: int = 1,
        mixed: Choice = "auto",
        compiled: Choice = "auto",
        graphs: Choice = "off",
    ) -> Acceleration:
        """What somebody has asked for; what is "auto" is on where it pays.

        `chunks` are those of a batch. Graphs need a GPU, one process, and a task whose batches are all alike:
        ask for them where these are.

        Examples
        --------
        >>> Acceleration.chosen(nn.Identity(), torch.device("cpu"), mixed="on")
        Acceleration(mixed=True, compiled=False, graphs=False)
        """
        return cls(
            mixed=mixed_pays(model, device, chunks) if mixed == "auto" else mixed == "on",
            compiled=compiling_pays(model, device, chunks) if compiled == "auto" else compiled == "on",
            graphs=device.type == "cuda" and graphs != "off" and recordable(),
        )

    def gradients(
        self, compute: Compute, parameters: Iterable[nn.Parameter], device: torch.device
    ) -> Gradients:
        """What is called with a batch and a seed, to give parameters their gradients.

        Parameters
        ----------
        compute : callable
            Does so with a batch and a generator.
        parameters : iterable of Parameter
        device : torch.device
            Where they are, and where random numbers are drawn.
        """
        if self.graphs:
            return Recorded(compute, parameters, device)
        return lambda batch, seed: compute(batch, torch.Generator(device).manual_seed(seed))

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
        return f"{numbers}, {'' if self.compiled else 'not '}compiled{', as a CUDA graph' * self.graphs}"


def mixed_pays(model: nn.Module, device: torch.device, chunks: int) -> bool:
    """Whether 16 bits were measured to pay.

    They do in networks for embeddings: on processors that multiply them natively, and on GPUs where batches
    are large. In small networks for detection they do not.
    """
    if device.type == "cpu":
        return bool(getattr(model, "half_precision", False))
    return _embeds(model) and chunks >= LARGE


def compiling_pays(model: nn.Module, device: torch.device, chunks: int) -> bool:
    """Whether compiling was measured to pay, and there is what it needs.

    It does in convolutional networks for embeddings on GPUs, where batches are large; recurrent ones gain
    nothing, nor does anything on CPUs.
    """
    recurrent = any(isinstance(module, nn.RNNBase) for module in model.modules())
    tools = find_spec("triton") and (shutil.which("cc") or shutil.which("gcc"))
    return device.type == "cuda" and _embeds(model) and not recurrent and chunks >= LARGE and bool(tools)


def _embeds(model: nn.Module) -> bool:
    return hasattr(model, "half_precision")


def _mixed(forward: Forward, batch: Batch) -> Tensor:
    with torch.autocast(batch["X"].device.type, dtype=torch.bfloat16):
        return forward(batch).float()
