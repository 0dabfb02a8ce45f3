"""Faster computation where measurements have shown a gain: bfloat16, compiled networks, CUDA graphs.

The scripts `training_speed.py`, `embedding_speed.py` and `gpu_speed.py` of `scripts/benchmarks` measure them.
Fused optimizers were faster in all cases, see `optimizers.base`.
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

from pyannote.audio.train.cuda_graphs import Compute, GraphedStep, graphs_supported
from pyannote.audio.train.interfaces import Batch, Gradients

Choice = Literal["auto", "on", "off"]

LARGE_BATCH = 256
"""Number of chunks of a batch from which on a GPU is fully used."""

Forward = Callable[[Batch], Tensor]


@dataclass(frozen=True)
class Acceleration:
    """Methods that accelerate training.

    Parameters
    ----------
    mixed : bool
        Multiply in bfloat16; weights, loss and updates are in float32.
    compiled : bool
        Compile the network by `torch.compile`, which takes a minute at the beginning.
    graphs : bool
        Record the computation from batch to gradients once as a CUDA graph, and replay it.

    Examples
    --------
    >>> forward = Acceleration(mixed=True).forward(lambda batch: batch["X"] @ batch["X"].mT)
    >>> outputs = forward({"X": torch.ones(1, 2, 3)})
    >>> outputs.dtype, tuple(outputs.shape)
    (torch.float32, (1, 2, 2))
    """

    mixed: bool = False
    compiled: bool = False
    graphs: bool = False

    @classmethod
    def choose(
        cls,
        model: nn.Module,
        device: torch.device,
        chunks: int = 1,
        mixed: Choice = "auto",
        compiled: Choice = "auto",
        graphs: Choice = "off",
    ) -> Acceleration:
        """Methods for a model on a device.

        Parameters
        ----------
        model : Module
        device : torch.device
        chunks : int
            Chunks of a batch.
        mixed, compiled : {"auto", "on", "off"}
            "auto" uses a method where measurements have shown a gain.
        graphs : {"auto", "on", "off"}
            Graphs need a GPU, one process, and a task whose batches are all of one shape; the caller checks
            the last two.

        Examples
        --------
        >>> Acceleration.choose(nn.Identity(), torch.device("cpu"), mixed="on")
        Acceleration(mixed=True, compiled=False, graphs=False)
        """
        return cls(
            mixed=mixed_precision_pays(model, device, chunks) if mixed == "auto" else mixed == "on",
            compiled=compilation_pays(model, device, chunks) if compiled == "auto" else compiled == "on",
            graphs=device.type == "cuda" and graphs != "off" and graphs_supported(),
        )

    def gradients(
        self, compute: Compute, parameters: Iterable[nn.Parameter], device: torch.device
    ) -> Gradients:
        """Function of a batch and a seed that computes the gradients of parameters, of their shapes.

        Parameters
        ----------
        compute : callable
            Computes them from a batch and a random generator.
        parameters : iterable of Parameter
        device : torch.device
            Device of the parameters and of the random generator.

        Examples
        --------
        >>> compute = lambda batch, random: torch.rand(2, generator=random).tolist()
        >>> gradients = Acceleration().gradients(compute, [], torch.device("cpu"))
        >>> gradients({}, 1) == gradients({}, 1), gradients({}, 1) == gradients({}, 2)
        (True, False)
        """
        if self.graphs:
            return GraphedStep(compute, parameters, device)
        return lambda batch, seed: compute(batch, torch.Generator(device).manual_seed(seed))

    def forward(self, model: nn.Module, wrapper: nn.Module | None = None) -> Forward:
        """Function of a batch that gives the outputs of a model, in float32.

        Parameters
        ----------
        model : Module
            Its weights keep their names and stay in float32.
        wrapper : Module, optional
            Module to call instead, such as `DistributedDataParallel` of the model.

        Examples
        --------
        >>> forward = Acceleration().forward(nn.Identity())
        >>> tuple(forward(torch.zeros(32, 200, 40)).shape)
        (32, 200, 40)
        """
        forward: Forward = wrapper or model
        if hasattr(model, "half_precision"):
            # these models choose the layers that are computed in 16 bits themselves
            setattr(model, "half_precision", self.mixed)  # noqa: B010  modules take tensors only, says mypy
        elif self.mixed:
            forward = partial(_mixed, forward)
        return torch.compile(forward) if self.compiled else forward

    def __str__(self) -> str:
        """Description for the log.

        Examples
        --------
        >>> print(Acceleration(mixed=True))
        bfloat16 and float32, not compiled
        """
        numbers = "bfloat16 and float32" if self.mixed else "float32"
        return f"{numbers}, {'' if self.compiled else 'not '}compiled{', as a CUDA graph' * self.graphs}"


def mixed_precision_pays(model: nn.Module, device: torch.device, chunks: int) -> bool:
    """Whether bfloat16 was measured to be faster.

    It is for embedding networks on processors with bfloat16 instructions, and on GPUs with large batches; for
    small detection networks it is not.

    Examples
    --------
    >>> mixed_precision_pays(nn.Linear(1, 1), torch.device("cpu"), chunks=32)
    False
    """
    if device.type == "cpu":
        return bool(getattr(model, "half_precision", False))
    return _is_embedding(model) and chunks >= LARGE_BATCH


def compilation_pays(model: nn.Module, device: torch.device, chunks: int) -> bool:
    """Whether `torch.compile` was measured to be faster, and its tools are installed.

    It is for convolutional embedding networks on GPUs with large batches; recurrent networks gain nothing,
    nor does any network on CPUs.

    Examples
    --------
    >>> compilation_pays(nn.Linear(1, 1), torch.device("cpu"), chunks=256)
    False
    """
    recurrent = any(isinstance(module, nn.RNNBase) for module in model.modules())
    tools = find_spec("triton") and (shutil.which("cc") or shutil.which("gcc"))
    large = chunks >= LARGE_BATCH
    return device.type == "cuda" and _is_embedding(model) and not recurrent and large and bool(tools)


def _is_embedding(model: nn.Module) -> bool:
    return hasattr(model, "half_precision")


def _mixed(forward: Forward, batch: Batch) -> Tensor:
    with torch.autocast(batch["X"].device.type, dtype=torch.bfloat16):
        return forward(batch).float()
