"""Application of a model by workers of a Dask cluster, which share folders with this process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from operator import itemgetter
from typing import TypeVar

from pyannote.audio.applications.terminal import bar
from pyannote.audio.database.protocols import Recording
from pyannote.audio.io.workers import Workers

Result = TypeVar("Result")


def apply_on_cluster(
    scheduler: str, apply_one: Callable[[Recording], Result], files: Sequence[Recording]
) -> list[Result]:
    """Results of workers for files, in the order of the files.

    Parameters
    ----------
    scheduler : str
        See `Workers`.
    apply_one : callable
        Function that a worker calls with a file. It writes the scores of the file and returns a result. It is
        pickled, and so are the files, without their events.
    files : sequence of Recording
    """
    numbered = [(index, _portable(file)) for index, file in enumerate(files)]
    done = Workers(scheduler=scheduler).map(partial(_numbered, apply_one), numbered, file=itemgetter(1))
    results = dict(bar(done, total=len(files), description="Applying"))
    return [results[index] for index in range(len(files))]


def _numbered(apply_one: Callable[[Recording], Result], one: tuple[int, Recording]) -> tuple[int, Result]:
    index, file = one
    return index, apply_one(file)


def _portable(file: Recording) -> Recording:
    return Recording(**{**file, "audio": file["audio"].absolute(), "events": None})
