"""Work on many files at once: in threads of this process, or on the workers of a Dask cluster."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pyannote.audio.core.errors import OutOfMemoryError, ToolkitError, UsageError
from pyannote.audio.core.threads import in_order

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
    >>> sorted(Workers(parallel=2).map(abs, [-3, 1, -2]))
    [1, 2, 3]
    """

    parallel: int = 1
    scheduler: str | None = None

    def map(self, function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """Results of a function for some items, in the order in which they are ready.

        A worker of a cluster that dies costs time alone: what it was doing is given to another one, and what
        it had done and handed over is not done again. So it may happen that a function is called twice for
        an item, and what it writes must come to the same.

        Parameters
        ----------
        function : callable
            Takes an item. On a cluster, it, the items and its results are pickled.
        items : sequence

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
            return _on_cluster(self.scheduler, function, items)
        # NumPy, SciPy and libsndfile leave Python's lock alone while they work, so that threads suffice.
        return in_order(function, items, self.parallel)


def _on_cluster(
    scheduler: str, function: Callable[[Item], Result], items: Sequence[Item]
) -> Iterator[Result]:
    with _client(scheduler) as client:
        from distributed import KilledWorker, as_completed

        # No result is kept on a worker once it is here, so that none is lost, and computed again, with it.
        for future in as_completed(client.map(function, items, pure=False)):
            try:
                result = future.result()
            except KilledWorker:
                raise OutOfMemoryError(
                    "Several workers of the cluster have died one after the other of the same file.",
                    fix="Give workers more memory (dask worker --memory-limit), or a smaller --batch.",
                ) from None
            except CancelledError:
                raise ToolkitError(
                    f"The connection to the Dask scheduler {scheduler} was lost.",
                    fix="Start the command again: what was finished is kept.",
                ) from None
            del future
            yield result


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
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    place = {"scheduler_file": scheduler} if Path(scheduler).is_file() else {"address": scheduler}
    try:
        client = Client(**place, timeout=CONNECT_PATIENCE, set_as_default=False)
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(
            f"No Dask scheduler answers at {scheduler}.",
            fix="Name its address, such as tcp://host:8786, or the file that --scheduler-file of it names.",
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=WORKER_PATIENCE)
        except TimeoutError:
            raise UsageError(
                f"The Dask scheduler at {scheduler} has no workers.",
                fix=f"Start some: dask worker {scheduler}",
            ) from None
        yield client
