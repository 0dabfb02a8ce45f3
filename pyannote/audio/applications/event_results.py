"""Results of detectors: event lists, RTTM files and official figures of a run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyannote.audio.applications.event_formats import RTTM, TSV, formatted
from pyannote.audio.applications.event_scores import EventLists
from pyannote.audio.applications.names import enumerated
from pyannote.audio.applications.terminal import warn
from pyannote.audio.core.labels import Event
from pyannote.audio.io import apply_folders
from pyannote.audio.io.apply_folders import ApplyFolder
from pyannote.audio.io.event_lists import format_events
from pyannote.audio.io.lines import quoted
from pyannote.audio.io.rttm_writer import write_rttm
from pyannote.audio.io.storage import write_text
from pyannote.audio.metrics import psds
from pyannote.audio.metrics.official import evaluate, jsonable, table

if TYPE_CHECKING:
    from pyannote.core import Annotation

Spelling = Mapping[str, str]
"""Original spelling of classes, where it is another one."""


def respelled(results: Mapping[str, Any], spelling: Spelling) -> dict[str, Any]:
    """Official figures with classes called by their original spelling.

    Parameters
    ----------
    results : mapping
        From `metrics.official.evaluate`.
    spelling : mapping of str to str

    Examples
    --------
    >>> respelled({"segment_based": {"class_wise": {"big_dog": {}}}}, {"big_dog": "big dog"})
    {'segment_based': {'class_wise': {'big dog': {}}}}
    """
    return {
        key: {
            **result,
            "class_wise": {
                spelling.get(label, label): measures for label, measures in result["class_wise"].items()
            },
        }
        for key, result in results.items()
    }


def respelled_scores(scores: Mapping[str, psds.Score], spelling: Spelling) -> dict[str, psds.Score]:
    """Polyphonic sound detection scores with classes called by their original spelling."""
    return {
        name: psds.Score(
            score.value, {spelling.get(label, label): value for label, value in score.class_wise.items()}
        )
        for name, score in scores.items()
    }


def spelled_events(events: EventLists, spelling: Spelling) -> dict[str, list[Event]]:
    """Events with labels in their original spelling.

    Examples
    --------
    >>> spelled_events({"a": [(0.0, 1.0, "people_walking")]}, {"people_walking": "people walking"})
    {'a': [(0.0, 1.0, 'people walking')]}
    """
    return {
        file: [(onset, offset, spelling.get(label, label)) for onset, offset, label in own]
        for file, own in events.items()
    }


@dataclass(frozen=True)
class EventResults:
    """Results of a run of `apply`.

    Parameters
    ----------
    folder : ApplyFolder
    name : str
        Of the run: `<Protocol>.<subset>`.
    classes : sequence of str
    spelling : mapping of str to str
        Original spelling of classes, which all files have except RTTM, in which names have no blanks.
    """

    folder: ApplyFolder
    name: str
    classes: Sequence[str]
    spelling: Spelling = field(default_factory=dict)

    def write_events(
        self, estimate: EventLists, durations: Mapping[str, float], formats: Sequence[str] = (TSV, RTTM)
    ) -> None:
        """Write events: by default an event list, an RTTM file of all classes, and one of each class.

        Parameters
        ----------
        estimate : mapping of str to list of (onset, offset, class)
            Events of each recording, in seconds.
        durations : mapping of str to float
            Duration of each recording, in seconds.
        formats : sequence of str
            Names of formats (see `event_formats`).
        """
        events = spelled_events(estimate, self.spelling)
        texts = formatted(self.folder, self.name, formats, events, durations)
        if TSV in formats:
            write_text(self._path(apply_folders.EVENTS), format_events(events))
        if RTTM in formats:
            self._write_rttm(estimate)
        for path, text in texts.items():
            write_text(path, text)

    def _write_rttm(self, estimate: EventLists) -> None:
        whole = {uri: _annotation(uri, events) for uri, events in estimate.items()}
        write_rttm(self._path(apply_folders.RTTM), whole)
        for label in self.classes:
            own = {
                uri: _annotation(uri, [event for event in events if event[2] == label])
                for uri, events in estimate.items()
            }
            write_rttm(self.folder.rttm_of(self.name, label), own)

    def write_evaluation(
        self,
        reference: EventLists,
        estimate: EventLists,
        scores: Mapping[str, psds.Score],
        seen: Sequence[str] = (),
    ) -> str:
        """Write the reference and official figures, as a table and as JSON with sed_eval's own names.

        Parameters
        ----------
        reference, estimate : mapping of str to list of (onset, offset, class)
            Annotated and detected events of each recording, in seconds.
        scores : mapping of str to psds.Score
            Polyphonic sound detection score of each scenario.
        seen : sequence of str
            Recordings that the model was trained on, which the table and the JSON name.

        Returns
        -------
        str
            The table.
        """
        results = respelled(evaluate(reference, estimate, self.classes), self.spelling)
        mark = (
            f"The model was trained on {len(seen)} of {len(reference)} files: {enumerated(seen)}.\n\n"
            if seen
            else ""
        )
        scores = respelled_scores(scores, self.spelling)
        text = mark + figures_table(results, scores)
        lists = format_events(spelled_events(reference, self.spelling))
        write_text(self._path(apply_folders.REFERENCE), lists)
        write_text(self._path(apply_folders.TABLE), text)
        write_text(self._path(apply_folders.FIGURES), figures_json(results, scores, seen))
        return text

    def _path(self, suffix: str) -> Path:
        return self.folder.result(self.name, suffix)


def figures_table(figures: Mapping[str, Any], scores: Mapping[str, psds.Score]) -> str:
    """Table of official figures, and of polyphonic sound detection scores, if there are any."""
    return table(figures) + (f"\n{psds.table(scores)}" if scores else "")


def figures_json(
    figures: Mapping[str, Any],
    scores: Mapping[str, psds.Score],
    seen: Sequence[str] = (),
    errors: Mapping[str, Any] | None = None,
) -> str:
    """Official figures as JSON; with detection scores, seen files and kinds of errors, if there are any."""
    content = {**jsonable(figures), **({"psds": psds.plain(scores)} if scores else {})}
    content |= {"seen_in_training": list(seen)} if seen else {}
    content |= {} if errors is None else {"errors": errors}
    return json.dumps(content, indent=1) + "\n"


def tell_unannotated(reference: EventLists, classes: Sequence[str]) -> None:
    """Warn of classes without a single annotated event: they have no figures."""
    annotated = {label for events in reference.values() for *_, label in events}
    missing = [label for label in classes if label not in annotated]
    if missing:
        warn(
            f"these files have no annotated events of {', '.join(map(quoted, missing))}. Figures of "
            f"{'this class' if len(missing) == 1 else 'these classes'} are undefined (-), and averages are "
            f"over the other {len(classes) - len(missing)} of {len(classes)} classes."
        )


def _annotation(uri: str, events: Sequence[Event]) -> Annotation:
    from pyannote.core import Annotation, Segment

    annotation = Annotation(uri=uri)
    for track, (onset, offset, label) in enumerate(events):
        annotation[Segment(onset, offset), track] = label
    return annotation
