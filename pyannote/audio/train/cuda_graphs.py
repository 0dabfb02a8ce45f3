"""CUDA graph of a training step, recorded once and replayed for each batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

from pyannote.audio.core.errors import ConfigError
from pyannote.audio.train.interfaces import Batch, Step

Compute = Callable[[Batch, torch.Generator], Step]

WARM_UP_STEPS = 3
"""Steps that run before one is recorded: libraries choose their algorithms during these."""


def graphs_supported() -> bool:
    """Whether this PyTorch can record graphs that draw random numbers; older versions cannot.

    Examples
    --------
    >>> graphs_supported() in (True, False)
    True
    """
    return hasattr(torch.cuda.CUDAGraph, "register_generator_state")


class GraphedStep:
    """CUDA graph of the computation from a batch to gradients.

    Launching hundreds of small kernels takes the CPU longer than the GPU needs to compute them; a graph
    launches them at once. All batches must be of one shape, and the computation must not synchronize with the
    device.

    Parameters
    ----------
    compute : callable
        Sets gradients to None, computes them, and takes random numbers from the given generator alone.
    parameters : iterable of Parameter
        Parameters that get gradients.
    device : torch.device
        A GPU.

    References
    ----------
    "CUDA Graphs", PyTorch documentation, notes/cuda.
    """

    def __init__(self, compute: Compute, parameters: Iterable[nn.Parameter], device: torch.device) -> None:
        self._compute = compute
        self._parameters = list(parameters)
        self._random = torch.Generator(device)
        self._steps = 0
        self._inputs: Batch = {}
        self._gradients: list[Tensor | None] = []

    def __call__(self, batch: Batch, seed: int) -> Step:
        """Compute the gradients of a batch; the next call overwrites the returned tensors."""
        self._random.manual_seed(seed)
        self._steps += 1
        if self._steps <= WARM_UP_STEPS:
            return self._warm_up(batch)
        if not self._inputs:
            self._record(batch)
        for name, value in batch.items():
            self._inputs[name].copy_(value)
        self._graph.replay()
        for parameter, gradient in zip(self._parameters, self._gradients, strict=True):
            parameter.grad = gradient
        return self._step

    def _warm_up(self, batch: Batch) -> Step:
        """Compute on a side stream, as the recording does."""
        stream, current = torch.cuda.Stream(), torch.cuda.current_stream()
        stream.wait_stream(current)
        with torch.cuda.stream(stream):
            step = self._compute(batch, self._random)
        current.wait_stream(stream)
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
