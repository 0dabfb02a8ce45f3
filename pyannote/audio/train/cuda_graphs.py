"""Gradients of a batch that are recorded once on a GPU, and replayed ever after."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

from pyannote.audio.core.errors import ConfigError
from pyannote.audio.train.interfaces import Batch, Step

Compute = Callable[[Batch, torch.Generator], Step]

BEFORE = 3
"""Steps that are taken as usual before one is recorded: libraries choose their algorithms in them."""


def recordable() -> bool:
    """Whether this PyTorch records graphs in which random numbers are drawn: older ones do not."""
    return hasattr(torch.cuda.CUDAGraph, "register_generator_state")


class Recorded:
    """A CUDA graph of all that leads from a batch to gradients.

    To launch hundreds of small kernels takes the processor longer than the GPU needs to compute them. A graph
    launches them at once. Batches must be of one shape, and what is computed may not wait for the device.

    Parameters
    ----------
    compute : callable
        Gives parameters their gradients, which it sets to None before, and draws from a generator alone.
    parameters : iterable of Parameter
        Whose gradients they are.
    device : torch.device
        A GPU.
    """

    def __init__(self, compute: Compute, parameters: Iterable[nn.Parameter], device: torch.device) -> None:
        self._compute = compute
        self._parameters = list(parameters)
        self._random = torch.Generator(device)
        self._taken = 0
        self._inputs: Batch = {}
        self._gradients: list[Tensor | None] = []

    def __call__(self, batch: Batch, seed: int) -> Step:
        """Gradients of a batch; what is returned is overwritten by the next call."""
        self._random.manual_seed(seed)
        self._taken += 1
        if self._taken <= BEFORE:
            return self._aside(batch)
        if not self._inputs:
            self._record(batch)
        for name, value in batch.items():
            self._inputs[name].copy_(value)
        self._graph.replay()
        for parameter, gradient in zip(self._parameters, self._gradients, strict=True):
            parameter.grad = gradient
        return self._step

    def _aside(self, batch: Batch) -> Step:
        """Compute on a stream beside the usual one, as it is going to be recorded."""
        stream, usual = torch.cuda.Stream(), torch.cuda.current_stream()
        stream.wait_stream(usual)
        with torch.cuda.stream(stream):
            step = self._compute(batch, self._random)
        usual.wait_stream(stream)
        return step

    def _record(self, batch: Batch) -> None:
        self._inputs = {name: value.clone() for name, value in batch.items()}
        for parameter in self._parameters:
            parameter.grad = None
        self._graph = torch.cuda.CUDAGraph()
        self._graph.register_generator_state(self._random)
        try:
            with torch.cuda.graph(self._graph):
                self._step = self._compute(self._inputs, self._random)
        except RuntimeError as error:
            raise ConfigError(
                f"A step of this training cannot be recorded as a CUDA graph ({str(error).splitlines()[0]}).",
                fix="Train with --graphs=off.",
            ) from error
        self._gradients = [parameter.grad for parameter in self._parameters]
