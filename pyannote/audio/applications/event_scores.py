"""Scores that `apply` has stored, with their reference: what figures over all thresholds need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pyannote.audio.core.errors import DataError
from pyannote.audio.core.labels import Event
from pyannote.audio.features.precomputed import Precomputed
from pyannote.audio.io.apply_folders import AGAIN, AppliedRun, ApplyFolder
from pyannote.audio.io.lines import safe_name
from pyannote.audio.io.storage import digest
from pyannote.audio.metrics.intersection_based import Scored
from pyannote.audio.pipeline.events import frames_within

EventLists = Mapping[str, list[Event]]


def digests_of_scores(folder: ApplyFolder, recordings: Iterable[str]) -> dict[str, str]:
    """Digests by path of the files that exist of metadata.yml and the scores of `<Database>/<uri>`."""
    stored = Precomputed(folder.path)
    paths = [folder.path / "metadata.yml", *(stored.path(_file(name)) for name in recordings)]
    return {path.relative_to(folder.path).as_posix(): digest(path) for path in paths if path.is_file()}


def check_scores(folder: ApplyFolder, run: AppliedRun) -> None:
    """Refuse scores that are not those of a run.

    Raises
    ------
    DataError
        If they are missing, or have changed since `apply` wrote them, or an earlier version has not stored
        what they are compared with.
    """
    if run.regions is None or run.arrays is None:
        raise DataError(
            "An earlier version has stored no digests of scores and no annotated regions.",
            file=folder.path,
            fix=AGAIN,
        )
    now = digests_of_scores(folder, run.regions)
    changed = [path for path, stored in run.arrays.items() if now.get(path) != stored]
    if changed:
        raise DataError(
            "These scores are not those that `apply` wrote.", file=Path(folder.path, changed[0]), fix=AGAIN
        )


def scored_recordings(
    folder: ApplyFolder, run: AppliedRun, reference: EventLists, classes: Sequence[str]
) -> Iterator[Scored]:
    """Scores of each recording within its annotated regions, one at a time.

    Parameters
    ----------
    folder : ApplyFolder
    run : AppliedRun
        With `regions`.
    reference : mapping of str to list of (onset, offset, label)
        Annotated events of each recording, in seconds, by the name in event lists.
    classes : sequence of str
        One column each.
    """
    stored = Precomputed(folder.path)
    columns = [run.classes.index(label) for label in classes]
    for name, regions in _regions(run).items():
        scores: Any = stored(_file(name)).data
        frames = frames_within(scores[:, columns], stored.sliding_window.step, regions)
        yield Scored(*frames, reference[safe_name(_file(name)["uri"])])


def annotated_seconds(run: AppliedRun) -> float:
    """Duration of the annotated regions of all recordings of a run."""
    return sum(end - start for regions in _regions(run).values() for start, end in regions)


def _regions(run: AppliedRun) -> dict[str, list[tuple[float, float]]]:
    return {name: [(start, end) for start, end in own] for name, own in (run.regions or {}).items()}


def _file(name: str) -> dict[str, str]:
    database, _, uri = name.partition("/")
    return {"database": database, "uri": uri}
