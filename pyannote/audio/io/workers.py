"""Parallel processing of files in threads, or on the workers of a Dask cluster."""

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
from pyannote.audio.core.threads import in_order
from pyannote.audio.core.user_code import import_file, user_modules
from pyannote.audio.io.error_context import error_context, name_of
from pyannote.audio.io.waveform import AudioFile

Item = TypeVar("Item")
Result = TypeVar("Result")

CONNECT_PATIENCE = 10
"""Timeout of the connection to a scheduler, in seconds."""

WORKER_PATIENCE = 60
"""Timeout for the first worker, which may wait in a queue, in seconds."""


@dataclass(frozen=True)
class Workers:
    """Threads or cluster workers that process files.

    Parameters
    ----------
    parallel : int
        Number of threads of this process.
    scheduler : str, optional
        Address of the scheduler of a Dask cluster, such as "tcp://host:8786", or the file that it has written
        (``dask scheduler --scheduler-file``). Its workers then replace the threads.

    Examples
    --------
    >>> Workers(parallel=2).scheduler is None
    True
    """

    parallel: int = 1
    scheduler: str | None = None

    def map(
        self,
        function: Callable[[Item], Result],
        items: Sequence[Item],
        file: Callable[[Item], AudioFile] = str,
    ) -> Iterator[Result]:
        """Yield the results of a function for items; those of a cluster in the order of completion.

        If a worker of a cluster dies, its unfinished items are given to another one. A function may
        therefore be called twice for an item, and must write the same in both calls.

        Parameters
        ----------
        function : callable
            Called with an item. On a cluster, the function, the items and the results are pickled.
        items : sequence, shape (items,)
        file : callable
            Returns the recording of an item, for errors. By default, items are paths.

        Raises
        ------
        UsageError
            The scheduler does not answer or has no workers, or Dask is not installed.
        OutOfMemoryError
            One item has killed several workers.
        ToolkitError
            The connection to the scheduler was lost, or the function raises it.

        Examples
        --------
        >>> list(Workers(parallel=2).map(len, ["a.wav", "bc.wav"]))
        [5, 6]
        """
        if not items:
            return iter(())
        if self.scheduler is not None:
            return _on_cluster(self.scheduler, partial(_with_context, function, file), items, file)
        # NumPy, SciPy and libsndfile release the global interpreter lock, so that threads suffice
        return in_order(partial(_with_context, function, file), items, self.parallel)


def _with_context(
    function: Callable[[Item], Result], file: Callable[[Item], AudioFile], item: Item
) -> Result:
    """Call a function; its errors name the file."""
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
        # `del` below: a result that stayed on its worker would be computed again if the worker died
        futures = client.map(call, items, pure=False)
        files = {future.key: name_of(file(item)) for future, item in zip(futures, items, strict=True)}
        waiting = as_completed(futures, loop=client.loop)
        del futures
        for future in waiting:
            try:
                result = future.result()
            except KilledWorker:
                raise OutOfMemoryError(
                    "Several workers of the cluster died while they processed this file or another one.",
                    file=files[future.key],
                    fix="Give workers more memory (dask worker --memory-limit), or a smaller --batch.",
                ) from None
            except CancelledError:
                raise ToolkitError(
                    f"The connection to the Dask scheduler {scheduler} was lost.",
                    fix="Start the command again: finished files are not processed again.",
                ) from None
            del future
            yield result


def _call(code: Sequence[Path], pickled: bytes, item: Item) -> object:
    """Call a function on a worker. Errors of unpickling are then errors of this call, not of the worker.

    Parameters
    ----------
    code : sequence of path
        Users' files that the sender has imported.
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
            fix="Run `pip install distributed`, here and on the workers.",
        ) from None
    # errors are reported once, by the exceptions below
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    client = None
    with suppress(OSError, ValueError, KeyError, TypeError):
        client = Client(_address(scheduler), timeout=CONNECT_PATIENCE, set_as_default=False)
    if client is None:
        # close the failed client now: if it were collected while another one starts, both would wait for ever
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
                fix="Start some with `dask worker`, or wait until queued ones run.",
            ) from None
        _check_versions(client)
        yield client


def _check_versions(client: Any) -> None:
    # a worker that cannot import the function would request it for ever, without a message
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
    # the client would wait for ever for a file of another kind
    path = Path(scheduler)
    return str(json.loads(path.read_text())["address"]) if path.is_file() else scheduler
