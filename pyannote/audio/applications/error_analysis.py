"""Errors of detectors: their kinds, the events that are found, and what figures would be without a kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.applications.applied_results import Results
from pyannote.audio.applications.corpus import Corpus
from pyannote.audio.applications.terminal import warn
from pyannote.audio.config.recipe import Recipe
from pyannote.audio.core.contents import Content
from pyannote.audio.core.errors import DataError, ToolkitError
from pyannote.audio.core.labels import Event
from pyannote.audio.database.contents import contents_of
from pyannote.audio.database.event_levels import levels, powers_of
from pyannote.audio.database.protocols import Recording, name_of
from pyannote.audio.inference.stored_config import stored_config
from pyannote.audio.io.lines import quoted, safe_name
from pyannote.audio.io.waveform import info
from pyannote.audio.metrics.event_recall import (
    DURATIONS,
    LEVELS,
    OVERLAPS,
    ComparedEvents,
    Group,
    compared,
    groups,
)
from pyannote.audio.metrics.official import jsonable
from pyannote.audio.metrics.segment_based import activity
from pyannote.audio.metrics.segment_errors import Segments, ceilings, confusions, error_kinds

LevelPair = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Levels of the annotated and of the detected events of a file."""


def analysis(found: Sequence[Results], classes: Sequence[str], spelling: Mapping[str, str]) -> dict[str, Any]:
    """Kinds of errors of the results of several folders, pooled.

    Parameters
    ----------
    found : sequence of Results, shape (folders,)
    classes : sequence of str
    spelling : mapping of str to str
        Original spelling of classes, where it is another one.

    Returns
    -------
    analysis : dict
        `kinds` (substitutions, deletions and insertions of each kind), `class_wise` (segments of each class),
        `confusions`, `ceilings` (error rate and F1), and for `annotated_events` and `detected_events` their
        groups by `duration`, `overlap` and, where the audio is known, `level`.
    """
    segments, annotated, detected = [], [], []
    for one in found:
        known = _levels(one)
        for file, reference in one.reference.items():
            estimate = one.estimate.get(file, [])
            own = known.get(file, (None, None))
            active = [_padded(events, classes, reference, estimate) for events in (reference, estimate)]
            segments.append(Segments.of(*active))
            annotated.append(compared(reference, active[1], classes, reference, own[0]))
            detected.append(compared(estimate, active[0], classes, reference, own[1]))
    pooled, names = Segments.pooled(segments), [spelling.get(label, label) for label in classes]
    return {
        "kinds": {
            kind: {**errors._asdict(), "all": errors.total} for kind, errors in error_kinds(pooled).items()
        },
        "class_wise": _by_class(pooled, names),
        "confusions": _confusions(pooled, names),
        "ceilings": {
            name: jsonable({"error_rate": float(one.error_rate), "f_measure": float(one.f_measure)})
            for name, one in ceilings(pooled).items()
        },
        "annotated_events": _grouped(ComparedEvents.pooled(annotated)),
        "detected_events": _grouped(ComparedEvents.pooled(detected)),
    }


def _padded(events: Sequence[Event], classes: Sequence[str], *both: Sequence[Event]) -> NDArray[np.bool_]:
    """Activity in segments of 1 s, as long as that of both event lists."""
    last = max((int(np.ceil(offset)) for own in both for _, offset, _ in own), default=0)
    return activity(events, classes, segments=last)


def _by_class(segments: Segments, names: Sequence[str]) -> dict[str, dict[str, int]]:
    kinds = ("right", "missed", "short", "invented", "long")
    counts = {kind: getattr(segments, kind).sum(axis=0) for kind in kinds}
    return {
        name: {
            "annotated": int(sum(counts[kind][column] for kind in ("right", "missed", "short"))),
            **{kind: int(counts[kind][column]) for kind in kinds},
        }
        for column, name in enumerate(names)
    }


def _confusions(segments: Segments, names: Sequence[str]) -> list[dict[str, Any]]:
    """Pairs of a missed and an invented class, the most frequent first."""
    counts = confusions(segments)
    pairs = [
        {"annotated": names[row], "detected": names[column], "segments": int(counts[row, column])}
        for row, column in np.argwhere(counts).tolist()
    ]
    return sorted(pairs, key=lambda pair: -pair["segments"])


def _grouped(events: ComparedEvents) -> dict[str, list[dict[str, Any]]]:
    known = bool(np.isfinite(events.levels).any())
    values = {"duration": (events.durations, DURATIONS), "overlap": (events.overlaps, OVERLAPS)}
    values |= {"level": (events.levels, LEVELS)} if known else {}
    return {name: [_plain(one) for one in groups(events, *own)] for name, own in values.items()}


def _plain(group: Group) -> dict[str, Any]:
    """A group for JSON, in which infinite bounds are None."""
    low, high = (value if np.isfinite(value) else None for value in (group.low, group.high))
    counts = {"events": group.events, "found": group.found}
    return {"from": low, "to": high, **counts, "segments": group.segments, "agreeing": group.agreeing}


def _levels(one: Results) -> dict[str, LevelPair]:
    """Levels of the events of each file; none, with a warning, where its audio is not known."""
    try:
        return {
            safe_name(file["uri"]): _levels_in(file, one)
            for file in _recordings(one)
            if safe_name(file["uri"]) in one.reference
        }
    except ToolkitError as error:
        warn(f"{one.folder.path}: levels over the background are left out. {error}")
        return {}


def _levels_in(file: Recording, one: Results) -> LevelPair:
    name = safe_name(file["uri"])
    powers, events = powers_of(info(file["audio"])), file["events"] or ()
    reference, estimate = one.reference[name], one.estimate.get(name, [])
    return (
        levels(powers, reference, events, file["regions"]),
        levels(powers, estimate, events, file["regions"]),
    )


def _recordings(one: Results) -> list[Recording]:
    """The recordings that the results are of, as the protocol of today has them.

    Raises
    ------
    ToolkitError
        If it does not have them, or audio or annotation have changed.
    """
    config = stored_config(one.folder.train)
    if config is None or one.run is None:
        raise DataError(
            "An earlier version has not stored which audio they belong to.", fix="Run `apply` again."
        )
    corpus = Corpus(Recipe(config), unannotated="skip")
    protocol, _, subset = one.name.rpartition(".")
    files = [file for file in corpus.recordings(protocol, subset) if name_of(file) in one.run.files]
    now = contents_of(files, corpus.store.contents(files))
    changed = [name for name, own in one.run.files.items() if now.get(name) != Content(*own)]
    if changed:
        raise DataError(
            f"Audio or annotation of {quoted(changed[0])} is not that of these results.",
            fix="Run `apply` again.",
        )
    return files
