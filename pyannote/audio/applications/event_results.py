"""Results of detectors: event lists, RTTM files and official figures of a run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pyannote.audio.applications.names import enumerated
from pyannote.audio.core.labels import Event
from pyannote.audio.io.apply_folders import EVENTS, FIGURES, REFERENCE, RTTM, TABLE, ApplyFolder
from pyannote.audio.io.event_lists import format_events
from pyannote.audio.io.rttm import write_rttm
from pyannote.audio.io.storage import write_text
from pyannote.audio.metrics.official import evaluate, jsonable, table

if TYPE_CHECKING:
    from pyannote.core import Annotation

EventLists = Mapping[str, list[Event]]


def write_events(folder: ApplyFolder, name: str, estimate: EventLists, classes: Sequence[str]) -> None:
    """Write an event list, an RTTM file of all classes, and one of each class.

    Parameters
    ----------
    folder : ApplyFolder
    name : str
        Of the run: `<Protocol>.<subset>`.
    estimate : mapping of str to list of (onset, offset, label)
        Events of each recording, in seconds.
    classes : sequence of str
    """
    write_text(folder.result(name, EVENTS), format_events(estimate))
    whole = {uri: _annotation(uri, events) for uri, events in estimate.items()}
    write_rttm(folder.result(name, RTTM), whole)
    for label in classes:
        own = {
            uri: _annotation(uri, [event for event in events if event[2] == label])
            for uri, events in estimate.items()
        }
        write_rttm(folder.rttm_of(name, label), own)


def write_evaluation(
    folder: ApplyFolder,
    name: str,
    reference: EventLists,
    estimate: EventLists,
    classes: Sequence[str],
    seen: Sequence[str] = (),
) -> str:
    """Write the reference and official figures, as a table and as JSON with sed_eval's own names.

    Parameters
    ----------
    folder, name, estimate, classes
        See `write_events`.
    reference : mapping of str to list of (onset, offset, label)
        Annotated events of each recording, in seconds.
    seen : sequence of str
        Recordings that the model was trained on, which the table and the JSON name.

    Returns
    -------
    str
        The table.
    """
    results = evaluate(reference, estimate, classes)
    mark = (
        f"The model was trained on {len(seen)} of {len(reference)} files: {enumerated(seen)}.\n\n"
        if seen
        else ""
    )
    text = mark + table(results)
    figures = jsonable(results) | ({"seen_in_training": list(seen)} if seen else {})
    write_text(folder.result(name, REFERENCE), format_events(reference))
    write_text(folder.result(name, TABLE), text)
    write_text(folder.result(name, FIGURES), json.dumps(figures, indent=1) + "\n")
    return text


def _annotation(uri: str, events: Sequence[Event]) -> Annotation:
    from pyannote.core import Annotation, Segment

    annotation = Annotation(uri=uri)
    for track, (onset, offset, label) in enumerate(events):
        annotation[Segment(onset, offset), track] = label
    return annotation
