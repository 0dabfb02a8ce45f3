"""Work on many files at once: in threads of this process, or on the workers of a Dask cluster."""

from __future__ import annotations

import gc
import json
import logging
import pickle
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, TypeVar

from pyannote.audio import __version__
from pyannote.audio.core.errors import OutOfMemoryError, ToolkitError, UsageError
from pyannote.audio.core.user_code import import_file, user_modules
from pyannote.audio.core.threads import in_order
from pyannote.audio.io.error_context import error_context, name_of
from pyannote.audio.io.waveform import AudioFile

Item = TypeVar("Item")
Result = TypeVar("Result")

CONNECT_PATIENCE = 10
"""Seconds within which a scheduler must answer."""

WORKER_PATIENCE = 60
"""Seconds to wait for the first worker, which may have to wait in a queue."""


@dataclass(frozen=True)
class Workers:
    """Who works on files.

    Parameters
    ----------
    parallel : int
        Files that threads of this process work on at once.
    scheduler : str, optional
        Where the scheduler of a Dask cluster listens, such as "tcp://host:8786", or the file that it has
        written (``dask scheduler --scheduler-file``). Its workers then do the work instead.

    Examples
    --------
    >>> sorted(Workers(parallel=2).map(len, ["a.wav", "bc.wav"]))
    [5, 6]
    """

    parallel: int = 1
    scheduler: str | None = None

    def map(
        self,
        function: Callable[[Item], Result],
        items: Sequence[Item],
        file: Callable[[Item], AudioFile] = str,
    ) -> Iterator[Result]:
        """Results of a function for some items, in the order in which they are ready.

        A worker of a cluster that dies costs time alone: what it was doing is given to another one, and what
        it had done and handed over is not done again. So it may happen that a function is called twice for
        an item, and what it writes must come to the same.

        Parameters
        ----------
        function : callable
            Takes an item. On a cluster, it, the items and its results are pickled.
        items : sequence
        file : callable
            Gives the recording that an item is about, which errors name. By default, items are paths.

        Raises
        ------
        UsageError
            There is no such scheduler, it has no workers, or Dask is not installed.
        OutOfMemoryError
            One item has killed several workers.
        ToolkitError
            The scheduler has gone, or what the function raises.
        """
        if not items:
            return iter(())
        if self.scheduler is not None:
            return _on_cluster(self.scheduler, partial(_told, function, file), items, file)
        # NumPy, SciPy and libsndfile leave Python's lock alone while they work, so that threads suffice.
        return in_order(partial(_told, function, file), items, self.parallel)


def _told(function: Callable[[Item], Result], file: Callable[[Item], AudioFile], item: Item) -> Result:
    """Call a function; whatever goes wrong is told with the name of the file."""
    with error_context(file(item)):
        return function(item)


def _on_cluster(
    scheduler: str,
    function: Callable[[Item], Result],
    items: Sequence[Item],
    file: Callable[[Item], AudioFile],
) -> Iterator[Result]:
    with _client(scheduler) as client:
        from cloudpickle import dumps
        from distributed import KilledWorker, as_completed

        call = partial(_call, tuple(user_modules()), dumps(function))
        # No result is kept on a worker once it is here, so that none is lost, and computed again, with it.
        futures = client.map(call, items, pure=False)
        files = {future.key: name_of(file(item)) for future, item in zip(futures, items, strict=True)}
        waiting = as_completed(futures, loop=client.loop)
        del futures
        for future in waiting:
            try:
                result = future.result()
            except KilledWorker:
                raise OutOfMemoryError(
                    "Several workers of the cluster have died of this file, or of another that they had as "
                    "well.",
                    file=files[future.key],
                    fix="Give workers more memory (dask worker --memory-limit), or a smaller --batch.",
                ) from None
            except CancelledError:
                raise ToolkitError(
                    f"The connection to the Dask scheduler {scheduler} was lost.",
                    fix="Start the command again: what was finished is kept.",
                ) from None
            del future
            yield result


def _call(code: Sequence[Path], pickled: bytes, item: Item) -> object:
    """Call a function, on a worker. What cannot be unpickled is an error of this call, not of the worker.

    Parameters
    ----------
    code : sequence of path
        Files of one's own that the sender has imported.
    """
    for file in code:
        import_file(file)
    return _unpickled(pickled)(item)


@lru_cache(maxsize=1)
def _unpickled(pickled: bytes) -> Callable[[Any], object]:
    function: Callable[[Any], object] = pickle.loads(pickled)
    return function


@contextmanager
def _client(scheduler: str) -> Iterator[Any]:
    """Connection to a cluster that has workers."""
    try:
        from distributed import Client
    except ImportError:
        raise UsageError(
            "--scheduler needs Dask, which is not installed.",
            fix="Run `pip install distributed`, here and where workers run.",
        ) from None
    # what goes wrong is said in a sentence, once
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    client = None
    with suppress(OSError, ValueError, KeyError, TypeError):
        client = Client(_address(scheduler), timeout=CONNECT_PATIENCE, set_as_default=False)
    if client is None:
        # Close what was begun of it now: the collector might do so while another client starts, and each of
        # both would wait for the other.
        gc.collect()
        raise UsageError(
            f"No Dask scheduler answers at {scheduler}.",
            fix="Name its address, such as tcp://host:8786, or its scheduler file.",
        )
    with client:
        try:
            client.wait_for_workers(1, timeout=WORKER_PATIENCE)
        except TimeoutError:
            raise UsageError(
                f"The Dask scheduler at {scheduler} has no workers.",
                fix="Start some with `dask worker`, or wait until those that are queued run.",
            ) from None
        _check_versions(client)
        yield client


def _check_versions(client: Any) -> None:
    # A worker that cannot import what it is sent would ask for it again and again, without a word.
    try:
        versions = set(client.run(resolve_name, "pyannote.audio:__version__").values())
    except ImportError:
        versions = {"none"}
    if versions != {__version__}:
        raise UsageError(
            f"The workers have pyannote.audio in version {', '.join(sorted(versions))}, not {__version__}.",
            fix="Start them in the environment of this command.",
        )


def _address(scheduler: str) -> str:
    # the client would wait for ever for a file to be what a scheduler writes
    path = Path(scheduler)
    return str(json.loads(path.read_text())["address"]) if path.is_file() else scheduler
