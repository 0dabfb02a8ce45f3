"""Results of detectors: event lists, RTTM files and official figures of a run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pyannote.audio.applications.event_scores import EventLists
from pyannote.audio.applications.terminal import warn
from pyannote.audio.core.labels import Event
from pyannote.audio.io.apply_folders import EVENTS, FIGURES, REFERENCE, RTTM, TABLE, ApplyFolder
from pyannote.audio.io.event_lists import format_events
from pyannote.audio.io.lines import quoted
from pyannote.audio.io.rttm import write_rttm
from pyannote.audio.io.storage import write_text
from pyannote.audio.metrics import psds
from pyannote.audio.metrics.official import evaluate, jsonable, table

if TYPE_CHECKING:
    from pyannote.core import Annotation


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
    scores: Mapping[str, psds.Score],
) -> str:
    """Write the reference and official figures, as a table and as JSON with sed_eval's own names.

    Parameters
    ----------
    folder, name, estimate, classes
        See `write_events`.
    reference : mapping of str to list of (onset, offset, label)
        Annotated events of each recording, in seconds.
    scores : mapping of str to psds.Score
        Polyphonic sound detection score of each scenario.

    Returns
    -------
    str
        The table.
    """
    figures = evaluate(reference, estimate, classes)
    text = figures_table(figures, scores)
    write_text(folder.result(name, REFERENCE), format_events(reference))
    write_text(folder.result(name, TABLE), text)
    write_text(folder.result(name, FIGURES), figures_json(figures, scores))
    return text


def figures_table(figures: Mapping[str, Any], scores: Mapping[str, psds.Score]) -> str:
    """Table of official figures, and of polyphonic sound detection scores, if there are any."""
    return table(figures) + (f"\n{psds.table(scores)}" if scores else "")


def figures_json(figures: Mapping[str, Any], scores: Mapping[str, psds.Score]) -> str:
    """Official figures as JSON, with polyphonic sound detection scores, if there are any."""
    content = {**jsonable(figures), **({"psds": psds.plain(scores)} if scores else {})}
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
