"""Training in several processes, on one machine or on several.

Each process computes the outputs of its rows of a batch. The outputs of all rows are then gathered, and each
process computes the loss of the whole batch: losses that compare rows (class weights, pairs, triplets) are
those of a single process. Gradients flow back into the local rows only, and `DistributedDataParallel` sums
those of all processes.
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import timedelta
from typing import Any, TypeVar

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from pyannote.audio.core.counted import counted
from pyannote.audio.core.errors import PeerError, ToolkitError, UsageError
from pyannote.audio.core.ranks import Rank
from pyannote.audio.train import messages
from pyannote.audio.train.single_process import SingleProcess

T = TypeVar("T")


class ProcessGroup(SingleProcess):
    """One of several processes of a training, as `join_processes` makes it.

    Parameters
    ----------
    rank : Rank
        Number of this process, and of all.
    store : Store
        Key-value store that all processes can read and write.
    """

    def __init__(self, rank: Rank, store: distributed.Store) -> None:
        self.rank = rank
        self.messages = messages.Messages(rank.rank, store)
        # the first process of a machine waits for process 0, the others of the machine for the first one
        local = int(os.environ.get("LOCAL_RANK", 0))
        self._before = rank.rank - local if local else 0

    @property
    def position(self) -> tuple[int, ...]:
        """Number of this process, and of all.

        Examples
        --------
        >>> ProcessGroup(Rank(1, 2), distributed.HashStore()).position
        (1, 2)
        """
        return (self.rank.rank, self.rank.size)

    def module(self, model: nn.Module) -> nn.Module:
        """`DistributedDataParallel` of a model; on GPUs, batch normalisation is over all rows.

        Its outputs are those of the local rows, shape (rows of this process, ...).
        """
        if next(model.parameters()).is_cuda:
            model = nn.SyncBatchNorm.convert_sync_batchnorm(model)
        with warnings.catch_warnings():
            # PyTorch 2.13 calls it `forward_sync_buffers`, which older ones do not know
            warnings.simplefilter("ignore", FutureWarning)
            # buffers differ only where training does not read them, and `synchronize` makes them equal
            return DistributedDataParallel(model, broadcast_buffers=False, gradient_as_bucket_view=True)

    def gather(self, outputs: Tensor, count: int) -> Tensor:
        """Outputs of all rows, shape (count, ...); gradients flow into the local ones."""
        gathered: Tensor = _Gather.apply(outputs, self.rank, count)
        return gathered

    def broadcast(self, value: float) -> float:
        """Value of process 0."""
        shared = torch.tensor([value], dtype=torch.float64)
        distributed.broadcast(shared, 0)
        return float(shared)

    @torch.no_grad()
    def synchronize(self, *modules: nn.Module) -> None:
        """Set parameters and buffers (of any shape) to the values of process 0."""
        for module in modules:
            for value in (*module.parameters(), *module.buffers()):
                shared = value.contiguous()
                distributed.broadcast(shared, 0)
                value.copy_(shared)

    @contextmanager
    def main_first(self) -> Iterator[None]:
        """Run a block in process 0, then in the first one of each other machine, then in all others."""
        turn = self.messages.topic("turn")
        if self.rank.rank:
            self.messages.wait(turn, [self._before])
        yield
        self.messages.send(turn)
        self.messages.wait(turn, range(self.rank.size))

    def on_main(self, context: AbstractContextManager[T]) -> AbstractContextManager[T | None]:
        """Enter a context in process 0 only; the other processes get None."""
        return context if self.is_main else nullcontext()

    def from_main(self, work: Callable[[], T]) -> T:
        """Result of a function that process 0 calls, as a value that JSON can store.

        Examples
        --------
        >>> ProcessGroup(Rank(0, 2), distributed.HashStore()).from_main(lambda: ["a", "b"])
        ['a', 'b']
        """
        answer = self.messages.topic("answer")
        if self.is_main:
            self.messages.send(answer, json.dumps(work()))
        else:
            self.messages.wait(answer, [0])
        result: T = json.loads(self.messages.receive(answer, 0))
        return result

    def start(self) -> None:
        """Wait until all processes have started: importing takes longer on some machines than on others."""
        topic = self.messages.topic("start")
        self.messages.send(topic)
        self.messages.wait(topic, range(self.rank.size), messages.START_TIMEOUT)

    def leave(self) -> None:
        """End the training; process 0, which may hold the store, leaves last."""
        topic = self.messages.topic("end")
        self.messages.send(topic)
        if self.is_main:
            self.messages.wait(topic, range(self.rank.size))


class _Gather(torch.autograd.Function):
    """Rows of all processes, each of which has computed some."""

    @staticmethod
    def forward(context: Any, outputs: Tensor, rank: Rank, count: int) -> Tensor:
        context.rank, context.rows = rank, rank.rows(count)
        # all-reduce of rows that are zero elsewhere: all-gather would need equally many rows of each process
        gathered = outputs.new_zeros(count, *outputs.shape[1:])
        gathered[context.rows] = outputs
        distributed.all_reduce(gathered)
        return gathered

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        # the gradient is the sum over processes, of which DistributedDataParallel takes the mean
        return gradient[context.rows] * context.rank.size, None, None


@contextmanager
def join_processes(device: torch.device) -> Iterator[SingleProcess]:
    """Join the other processes of this training, if `torchrun` (or another launcher) has started some.

    Parameters
    ----------
    device : torch.device
        CPU, or GPU: then each process of a machine takes one GPU.

    Yields
    ------
    SingleProcess
        Rank of this process, and the operations that connect it with the others.

    Raises
    ------
    PeerError
        If another process has failed, or sends no heartbeats.
    UsageError
        If a machine has fewer GPUs than processes.

    Examples
    --------
    >>> with join_processes(torch.device("cpu")) as ranks:
    ...     ranks.rank
    Rank(rank=0, size=1)
    """
    if Rank.of().size == 1:
        yield SingleProcess()
        return
    with _peer_errors():
        timeout = timedelta(seconds=messages.START_TIMEOUT)
        store, number, size = next(iter(distributed.rendezvous("env://", timeout=timeout)))
        ranks = ProcessGroup(Rank(number, size), distributed.PrefixStore("training", store))
        with ranks.messages.heartbeats():
            ranks.start()
            with _collectives(device, ranks.rank, store):
                yield ranks
                ranks.leave()


@contextmanager
def _collectives(device: torch.device, rank: Rank, store: distributed.Store) -> Iterator[None]:
    """PyTorch's process group, whose collective operations give up after `messages.TIMEOUT`."""
    if device.type == "cuda":
        _set_gpu(int(os.environ.get("LOCAL_RANK", 0)))
    distributed.init_process_group(
        "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo",
        store=distributed.PrefixStore("group", store),
        rank=rank.rank,
        world_size=rank.size,
        timeout=timedelta(seconds=messages.TIMEOUT),
    )
    try:
        yield
    finally:
        distributed.destroy_process_group()


def _set_gpu(local_rank: int) -> None:
    count = torch.cuda.device_count()
    if local_rank >= count:
        raise UsageError(
            f"This machine has {counted(count, 'GPU')} for {local_rank + 1} processes or more.",
            fix="Start as many processes as there are GPUs (--nproc-per-node), or train with --cpu.",
        )
    torch.cuda.set_device(local_rank)


@contextmanager
def _peer_errors() -> Iterator[None]:
    """Turn errors of PyTorch's communication into the sentence that another process has ended."""
    try:
        yield
    except ToolkitError:
        raise
    except RuntimeError as error:
        if not isinstance(error, distributed.DistError) and "gloo" not in str(error):
            raise
        raise PeerError(
            "Another process of this training has ended, or does not answer.", fix=messages.RESUME
        ) from error
