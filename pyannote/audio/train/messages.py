"""Messages and heartbeats of the processes of a training, exchanged through a key-value store.

A collective operation of a process group gives up after `TIMEOUT`. Work that may take hours, such as
features that process 0 computes, is waited for by polling the store, for as long as the other process sends
heartbeats.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import contextmanager, suppress
from typing import TypeVar

from torch import distributed

from pyannote.audio.core.errors import PeerError

T = TypeVar("T")

TIMEOUT = 40.0
"""Seconds without a heartbeat after which another process is taken for dead."""

START_TIMEOUT = 600.0
"""Seconds within which all processes must have started."""

HEARTBEAT = 2.0
"""Seconds from one heartbeat to the next."""

RESUME = "Finished epochs are saved: resume with --from=last."
"""Remedy of all errors of other processes."""


class Messages:
    """Messages that one process of a training sends to the others and waits for.

    Parameters
    ----------
    rank : int
        Number of this process, from 0.
    store : Store
        Key-value store that all processes can read and write.

    Examples
    --------
    >>> messages = Messages(0, distributed.HashStore())
    >>> topic = messages.topic("answer")
    >>> messages.send(topic, "42")
    >>> messages.wait(topic, [0])
    >>> messages.receive(topic, 0)
    '42'
    """

    def __init__(self, rank: int, store: distributed.Store) -> None:
        self._rank = rank
        self._store = store
        self._topics = 0
        self._stopped = threading.Event()

    def topic(self, kind: str) -> str:
        """Name of the next exchange; all processes call this in the same order, so that names agree.

        Examples
        --------
        >>> messages = Messages(0, distributed.HashStore())
        >>> messages.topic("turn"), messages.topic("turn")
        ('turn/1', 'turn/2')
        """
        self._topics += 1
        return f"{kind}/{self._topics}"

    def send(self, topic: str, content: str = "") -> None:
        """Write the message of this process on a topic.

        Raises
        ------
        PeerError
            If the store does not answer within `TIMEOUT` seconds.
        """
        _with_timeout(lambda: self._store.set(f"{topic}/{self._rank}", content))

    def receive(self, topic: str, rank: int) -> str:
        """Message of a process on a topic, which `wait` has waited for.

        Raises
        ------
        PeerError
            If the store does not answer within `TIMEOUT` seconds.
        """
        return _with_timeout(lambda: self._store.get(f"{topic}/{rank}")).decode()

    def wait(self, topic: str, ranks: Iterable[int], timeout: float | None = None) -> None:
        """Wait until processes have sent a message on a topic, for as long as they send heartbeats.

        Parameters
        ----------
        topic : str
        ranks : iterable of int
            Processes to wait for.
        timeout : float, optional
            Seconds without a heartbeat after which a process is taken for dead. Defaults to `TIMEOUT`.

        Raises
        ------
        PeerError
            If one of them has failed or sends no heartbeats, or the store does not answer.
        """
        pulses = {rank: _Pulse() for rank in ranks}
        pause = 0.001
        while beats := _with_timeout(lambda: self._missing(topic, pulses)):
            for rank, beat in beats.items():
                if pulses[rank].silence(beat) > (limit := timeout or TIMEOUT):
                    raise PeerError(f"Process {rank} has sent no heartbeat for {limit:g} s.", fix=RESUME)
            time.sleep(pause)
            pause = min(2 * pause, 0.5)

    @contextmanager
    def heartbeats(self) -> Iterator[None]:
        """Send a heartbeat every `HEARTBEAT` seconds inside the block, and report its failure to the others.

        Raises
        ------
        PeerError
            If the block fails after another process has: the error of that process.
        """
        thread = threading.Thread(target=self._beat, daemon=True)
        thread.start()
        try:
            yield
        except PeerError:
            raise
        except BaseException as error:
            failure = f"Process {self._rank} has failed: {str(error) or type(error).__name__}"
            first = self._first_failure(failure)
            if first == failure or not isinstance(error, Exception):
                raise
            # a cause that all processes share is reported by the first one alone
            raise PeerError(first, fix=RESUME) from error
        finally:
            self._stopped.set()
            thread.join(HEARTBEAT)

    def _missing(self, topic: str, ranks: Iterable[int]) -> dict[int, bytes]:
        """Last heartbeat of each process that has not yet sent its message on a topic."""
        if self._store.check([f"{topic}/{rank}" for rank in ranks]):
            return {}
        if failure := self._read("failed"):
            raise PeerError(failure.decode(), fix=RESUME)
        return {
            rank: self._read(f"beat/{rank}") for rank in ranks if not self._store.check([f"{topic}/{rank}"])
        }

    def _read(self, key: str) -> bytes:
        """Content of a key of the store; empty if there is no such key."""
        return self._store.get(key) if self._store.check([key]) else b""

    def _beat(self) -> None:
        """Send heartbeats until the block ends."""
        count = 0
        # without the store, no process waits for them any more
        with suppress(RuntimeError):
            while not self._stopped.wait(HEARTBEAT):
                count += 1
                self._store.set(f"beat/{self._rank}", str(count))

    def _first_failure(self, failure: str) -> str:
        """Report a failure, and return the one that was reported first."""
        try:
            return _with_timeout(lambda: self._store.compare_set("failed", "", failure)).decode()
        except (RuntimeError, PeerError):
            return failure


class _Pulse:
    """Heartbeats of another process, as they arrive."""

    def __init__(self) -> None:
        self._last, self._since = b"", time.monotonic()

    def silence(self, beat: bytes) -> float:
        """Seconds since the last change of the beat."""
        if beat != self._last:
            self._last, self._since = beat, time.monotonic()
        return time.monotonic() - self._since


def _with_timeout(request: Callable[[], T]) -> T:
    """Send a request to the store in a thread, since a request to a machine that is gone never returns."""
    answer: Future[T] = Future()

    def ask() -> None:
        try:
            answer.set_result(request())
        except BaseException as error:
            answer.set_exception(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        return answer.result(TIMEOUT)
    except FutureTimeout:
        raise PeerError(
            "The store that connects the processes of this training does not answer.", fix=RESUME
        ) from None
