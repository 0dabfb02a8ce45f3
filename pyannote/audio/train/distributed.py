"""A training that several processes do together, on one machine or on several.

Each process learns from its own rows of each batch. The outputs of all rows are then brought together, and
each process computes the loss of the whole batch: whatever a loss looks at (weights of classes, pairs,
triplets), it is that of a single process. Gradients flow back into the own rows only, and
`DistributedDataParallel` adds those of all processes up.

A step is waited for in the collective operations of a process group, which give up after `PATIENCE`. What may
take hours, such as features that process 0 computes, is waited for by looking into a store, as long as who is
waited for gives signs of life.
"""

from __future__ import annotations

import json
import os
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Late
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import timedelta
from typing import Any, TypeVar

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from pyannote.audio.core.errors import PeerError, ToolkitError, UsageError
from pyannote.audio.core.ranks import WHOLE, Rank

T = TypeVar("T")

PATIENCE = 40.0
"""Seconds without a sign of life after which another process is taken for dead."""

START_PATIENCE = 600.0
"""Seconds within which all processes must have started."""

BEAT = 2.0
"""Seconds from one sign of life to the next."""

SAFE = "Finished epochs are safe: go on with --from=last."


class Alone:
    """The only process of a training: everything is its own, and it waits for nobody.

    Examples
    --------
    >>> alone, outputs = Alone(), torch.ones(3, 2)
    >>> alone.together(outputs, 3) is outputs, alone.share.rows(3)
    (True, slice(0, 3, None))
    """

    share: Rank = WHOLE

    @property
    def leads(self) -> bool:
        """Whether this is the process that writes, validates and speaks."""
        return self.share.rank == 0

    @property
    def position(self) -> tuple[int, ...]:
        """What tells random numbers of this process, such as those of dropout, from those of others."""
        return ()

    def module(self, model: nn.Module) -> nn.Module:
        """What is called in the place of a model, so that its gradients are those of the whole batch."""
        return model

    def own(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Own rows of the inputs of a batch, and "y" of all rows."""
        rows = self.share.rows(len(batch["y"]))
        return {name: value if name == "y" else value[rows] for name, value in batch.items()}

    def together(self, outputs: Tensor, count: int) -> Tensor:
        """Outputs of all `count` rows of a batch, given those of the own rows."""
        return outputs

    def same(self, value: float) -> float:
        """The value of process 0, so that all decide alike."""
        return value

    def align(self, *modules: nn.Module) -> None:
        """Give parameters and buffers the values of process 0."""

    @contextmanager
    def in_turn(self) -> Iterator[None]:
        """Work in which others find what the first has done, and which all have finished when it ends."""
        yield

    def led(self, context: AbstractContextManager[T]) -> AbstractContextManager[T | None]:
        """A context of process 0; the others get None."""
        return context

    def answer(self, work: Callable[[], T]) -> T:
        """What process 0 has found; the others wait for it."""
        return work()


class Ranks(Alone):
    """One of several processes of a training, within `joined`.

    Parameters
    ----------
    share : Rank
        Which of them.
    store : Store
        What all can read and write.
    """

    def __init__(self, share: Rank, store: distributed.Store) -> None:
        self.share = share
        self._store = store
        # the first process of a machine waits for process 0, the others of the machine for the first one
        local = int(os.environ.get("LOCAL_RANK", 0))
        self._before = share.rank - local if local else 0
        self._meetings = 0
        self._ended = threading.Event()

    @property
    def position(self) -> tuple[int, ...]:
        """Number of this process, and of all."""
        return (self.share.rank, self.share.size)

    def module(self, model: nn.Module) -> nn.Module:
        """`DistributedDataParallel` of a model; on GPUs, batch normalisation is over the rows of all."""
        if next(model.parameters()).is_cuda:
            model = nn.SyncBatchNorm.convert_sync_batchnorm(model)
        with warnings.catch_warnings():
            # PyTorch 2.13 calls it `forward_sync_buffers`, which older ones do not know
            warnings.simplefilter("ignore", FutureWarning)
            # buffers differ only where training does not look at them, and `align` makes them equal
            return DistributedDataParallel(model, broadcast_buffers=False, gradient_as_bucket_view=True)

    def together(self, outputs: Tensor, count: int) -> Tensor:
        """Outputs of all rows; gradients flow into the own ones."""
        whole: Tensor = _Together.apply(outputs, self.share, count)
        return whole

    def same(self, value: float) -> float:
        """The value of process 0."""
        shared = torch.tensor([value], dtype=torch.float64)
        distributed.broadcast(shared, 0)
        return float(shared)

    @torch.no_grad()
    def align(self, *modules: nn.Module) -> None:
        """Give parameters and buffers the values of process 0."""
        for module in modules:
            for value in (*module.parameters(), *module.buffers()):
                shared = value.contiguous()
                distributed.broadcast(shared, 0)
                value.copy_(shared)

    @contextmanager
    def in_turn(self) -> Iterator[None]:
        """Process 0 first, then the first one of each other machine, then all others at once."""
        meeting = self._next("turn")
        if self.share.rank:
            self._wait(meeting, [self._before])
        yield
        self._tell(meeting)
        self._wait(meeting, range(self.share.size))

    def led(self, context: AbstractContextManager[T]) -> AbstractContextManager[T | None]:
        """A context of process 0; the others get None."""
        return context if self.leads else nullcontext()

    def answer(self, work: Callable[[], T]) -> T:
        """What process 0 has found, which JSON can write; the others wait for it as long as it lives."""
        meeting = self._next("answer")
        if self.leads:
            self._tell(meeting, json.dumps(work()))
        else:
            self._wait(meeting, [0])
        found: T = json.loads(_patiently(lambda: self._store.get(f"{meeting}/0")))
        return found

    def _next(self, kind: str) -> str:
        self._meetings += 1
        return f"{kind}/{self._meetings}"

    def _tell(self, meeting: str, content: str = "") -> None:
        _patiently(lambda: self._store.set(f"{meeting}/{self.share.rank}", content))

    def _wait(self, meeting: str, ranks: Iterable[int], patience: float | None = None) -> None:
        """Wait until some have told of a meeting, as long as they live."""
        pulses = {rank: _Pulse() for rank in ranks}
        pause = 0.001
        while beats := _patiently(lambda: self._missing(meeting, pulses)):
            for rank, beat in beats.items():
                if pulses[rank].silence(beat) > (silence := patience or PATIENCE):
                    raise PeerError(f"Process {rank} has given no sign of life for {silence:g} s.", fix=SAFE)
            time.sleep(pause)
            pause = min(2 * pause, 0.5)

    def _missing(self, meeting: str, ranks: Iterable[int]) -> dict[int, bytes]:
        """Last sign of life of each process that has not yet told of a meeting."""
        if self._store.check([f"{meeting}/{rank}" for rank in ranks]):
            return {}
        if failure := self._read("failed"):
            raise PeerError(failure.decode(), fix=SAFE)
        return {
            rank: self._read(f"beat/{rank}") for rank in ranks if not self._store.check([f"{meeting}/{rank}"])
        }

    def _read(self, key: str) -> bytes:
        """Content of a key of the store, which may not be there."""
        return self._store.get(key) if self._store.check([key]) else b""

    def _beat(self) -> None:
        """Give signs of life until the end."""
        count = 0
        # without the store, nobody looks for them any more
        with suppress(RuntimeError):
            while not self._ended.wait(BEAT):
                count += 1
                self._store.set(f"beat/{self.share.rank}", str(count))

    @contextmanager
    def _living(self) -> Iterator[None]:
        """Give signs of life within, and tell the others if this process fails."""
        thread = threading.Thread(target=self._beat, daemon=True)
        thread.start()
        try:
            yield
        except PeerError:
            raise
        except BaseException as error:
            failure = f"Process {self.share.rank} has failed: {str(error) or type(error).__name__}"
            first = self._first_failure(failure)
            if first == failure or not isinstance(error, Exception):
                raise
            # what befalls all is told by the first one
            raise PeerError(first, fix=SAFE) from error
        finally:
            self._ended.set()
            thread.join(BEAT)

    def _first_failure(self, failure: str) -> str:
        """Tell the others of a failure, and learn of the one that came first."""
        try:
            return _patiently(lambda: self._store.compare_set("failed", "", failure)).decode()
        except (RuntimeError, PeerError):
            return failure

    def _start(self) -> None:
        """Begin together: importing takes longer on some machines than on others."""
        meeting = self._next("start")
        self._tell(meeting)
        self._wait(meeting, range(self.share.size), START_PATIENCE)

    def _leave(self) -> None:
        """End together: process 0, which may hold the store, is the last to leave."""
        meeting = self._next("end")
        self._tell(meeting)
        if self.leads:
            self._wait(meeting, range(self.share.size))


class _Pulse:
    """Signs of life of another process, as they come in."""

    def __init__(self) -> None:
        self._last, self._since = b"", time.monotonic()

    def silence(self, beat: bytes) -> float:
        """Seconds since the beat has last changed."""
        if beat != self._last:
            self._last, self._since = beat, time.monotonic()
        return time.monotonic() - self._since


def _patiently(work: Callable[[], T]) -> T:
    """Ask the store: a thread does, since nothing ends a question to a machine that is not there any more."""
    answer: Future[T] = Future()

    def ask() -> None:
        try:
            answer.set_result(work())
        except BaseException as error:
            answer.set_exception(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        return answer.result(PATIENCE)
    except Late:
        raise PeerError("What connects the processes of this training does not answer.", fix=SAFE) from None


class _Together(torch.autograd.Function):
    """Rows of all processes, of which each has computed some."""

    @staticmethod
    def forward(context: Any, outputs: Tensor, share: Rank, count: int) -> Tensor:
        context.share, context.rows = share, share.rows(count)
        # the sum of what is zero elsewhere: rows need not be equally many, as they must to be gathered
        whole = outputs.new_zeros(count, *outputs.shape[1:])
        whole[context.rows] = outputs
        distributed.all_reduce(whole)
        return whole

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        # the gradient is the sum over processes, of which DistributedDataParallel takes the mean
        return gradient[context.rows] * context.share.size, None, None


@contextmanager
def joined(device: torch.device) -> Iterator[Alone]:
    """Join the other processes of this training, if `torchrun` (or another launcher) has started some.

    Parameters
    ----------
    device : torch.device
        CPU, or GPU: then each process of a machine takes one of its own.

    Yields
    ------
    Alone
        What tells this process from the others, and brings them together.

    Raises
    ------
    PeerError
        If another process has failed, or gives no sign of life.
    UsageError
        If a machine has fewer GPUs than processes.

    Examples
    --------
    >>> with joined(torch.device("cpu")) as ranks:
    ...     ranks.share
    Rank(rank=0, size=1)
    """
    if Rank.of().size == 1:
        yield Alone()
        return
    with _explained():
        timeout = timedelta(seconds=START_PATIENCE)
        store, rank, size = next(iter(distributed.rendezvous("env://", timeout=timeout)))
        ranks = Ranks(Rank(rank, size), distributed.PrefixStore("training", store))
        with ranks._living():
            ranks._start()
            with _group(device, ranks.share, store):
                yield ranks
                ranks._leave()


@contextmanager
def _group(device: torch.device, share: Rank, store: distributed.Store) -> Iterator[None]:
    """The process group, whose collective operations give up after `PATIENCE`."""
    if device.type == "cuda":
        _take_gpu(int(os.environ.get("LOCAL_RANK", 0)))
    distributed.init_process_group(
        "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo",
        store=distributed.PrefixStore("group", store),
        rank=share.rank,
        world_size=share.size,
        timeout=timedelta(seconds=PATIENCE),
    )
    try:
        yield
    finally:
        distributed.destroy_process_group()


def _take_gpu(local: int) -> None:
    count = torch.cuda.device_count()
    if local >= count:
        raise UsageError(
            f"This machine has {count} GPU{'s' * (count > 1)} for {local + 1} processes or more.",
            fix="Start as many processes as there are GPUs (--nproc-per-node), or train with --cpu.",
        )
    torch.cuda.set_device(local)


@contextmanager
def _explained() -> Iterator[None]:
    """Errors of what connects processes mean that one of them is gone."""
    try:
        yield
    except ToolkitError:
        raise
    except RuntimeError as error:
        if not isinstance(error, distributed.DistError) and "gloo" not in str(error):
            raise
        raise PeerError(
            "Another process of this training has ended, or does not answer.", fix=SAFE
        ) from error
