"""Stored scores of detectors, with their reference: what scores over all thresholds need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pyannote.audio.core.digests import digest
from pyannote.audio.core.errors import DataError
from pyannote.audio.core.labels import Event
from pyannote.audio.features.precomputed import Precomputed
from pyannote.audio.io.apply_folders import AppliedRun, ApplyFolder
from pyannote.audio.io.lines import quoted, safe_name
from pyannote.audio.metrics.intersection_based import Scored
from pyannote.audio.pipeline.events import events_of, frames_within

EventLists = Mapping[str, list[Event]]


class EventScores:
    """Scores that a run of `apply` has stored, compared with the events that it has written.

    Parameters
    ----------
    folder : ApplyFolder
    run : AppliedRun
        Provenance of the run.
    reference, estimate : mapping of str to list of (onset, offset, label)
        Annotated and detected events of each recording, in seconds, by the name in event lists.

    Raises
    ------
    DataError
        If there are no scores of this run.
    """

    def __init__(
        self, folder: ApplyFolder, run: AppliedRun, reference: EventLists, estimate: EventLists
    ) -> None:
        if run.regions is None:
            raise DataError(
                "An earlier version has not stored the annotated regions of these recordings.",
                file=folder.path,
                fix="Run `apply` again.",
            )
        self.folder, self.run = folder, run
        self.regions = {name: [(start, end) for start, end in own] for name, own in run.regions.items()}
        self.reference, self.estimate = reference, estimate
        self.stored = Precomputed(folder.path)
        if self.stored.provenance != digest(run.scores):
            raise DataError(
                "The stored scores are those of other weights or options.",
                file=folder.path,
                fix="Run `apply` again.",
            )

    @property
    def seconds(self) -> float:
        """Duration of all annotated regions."""
        return sum(end - start for own in self.regions.values() for start, end in own)

    def recordings(self, classes: Sequence[str]) -> Iterator[Scored]:
        """Scores of each recording within its regions, with one column for each of some classes.

        Raises
        ------
        DataError
            If scores are missing or damaged, or do not give the events of their recording.
        """
        columns = [self.run.classes.index(label) for label in classes]
        # files of provenance do not keep the order of columns
        parameters = {label: self.run.pipeline[label] for label in self.run.classes}
        step = self.stored.sliding_window.step
        for name, regions in self.regions.items():
            database, _, uri = name.partition("/")
            file = {"database": database, "uri": uri}
            scores: Any = self.stored(file).data
            own = safe_name(uri)
            end = max((region[1] for region in regions), default=0.0)
            if events_of(scores, step, parameters, end, regions) != self.estimate.get(own):
                raise DataError(
                    f"These scores do not give the events of {quoted(uri)}.",
                    file=self.stored.path(file),
                    fix="Run `apply` again.",
                )
            yield Scored(*frames_within(scores[:, columns], step, regions), self.reference[own])
