"""`pyannote-audio <block> evaluate`: several folds as one evaluation, as the challenge does."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pyannote.audio.applications.labeling.apply import EVENTS, REFERENCE
from pyannote.audio.applications.options import EvaluateOptions
from pyannote.audio.applications.terminal import say
from pyannote.audio.core.errors import DataError, UsageError
from pyannote.audio.core.labels import Event
from pyannote.audio.features.precomputed import Precomputed
from pyannote.audio.io.storage import write_text
from pyannote.audio.metrics import event_based, segment_based
from pyannote.audio.metrics.confidence import bootstrap
from pyannote.audio.metrics.official import evaluate as official
from pyannote.audio.metrics.official import jsonable, table

EventLists = dict[str, list[Event]]


def evaluate(options: EvaluateOptions) -> None:
    """Pool what `apply` has written in several folders into one evaluation."""
    reference: EventLists = {}
    estimate: EventLists = {}
    classes: tuple[str, ...] = ()
    for folder in options.folders:
        own_reference, own_estimate = read_folder(folder)
        classes = _same_classes(classes, folder)
        for pooled, own in ((reference, own_reference), (estimate, own_estimate)):
            doubled = sorted(set(pooled) & set(own))
            if pooled is reference and doubled:
                raise DataError(
                    f"The file {doubled[0]!r} was already evaluated in another of these folders.",
                    file=folder,
                    fix="Name each fold once, with files that no other fold tests.",
                )
            pooled.update(own)
    results = official(reference, estimate, classes)
    say(f"{len(options.folders)} folders, {len(reference)} files\n")
    say(table(results))
    say(_intervals(reference, estimate, classes))
    if options.output is not None:
        write_text(options.output, json.dumps(jsonable(results), indent=1) + "\n")


def read_folder(folder: Path) -> tuple[EventLists, EventLists]:
    """Reference and estimate of a folder of `apply`, as event lists by file.

    Raises
    ------
    UsageError
        If there is no evaluation in it.
    """
    from pyannote.audio.io.event_lists import read_event_lists

    found = sorted(folder.glob(f"*{REFERENCE}"))
    if not found:
        raise UsageError(
            f"{folder} holds no evaluation.",
            fix="Name folders that `apply` has written for annotated files, such as .../apply/class-wise.",
        )
    reference: EventLists = {}
    estimate: EventLists = {}
    for path in found:
        reference.update(read_event_lists(path))
        estimate.update(read_event_lists(path.with_name(path.name.removesuffix(REFERENCE) + EVENTS)))
    return reference, estimate


def _same_classes(classes: tuple[str, ...], folder: Path) -> tuple[str, ...]:
    own = tuple(Precomputed(folder).classes or ())
    if classes and set(own) != set(classes):
        raise DataError(
            f"Its classes are {', '.join(own)}, and those of the first folder are {', '.join(classes)}.",
            file=folder,
            fix="Pool folds of one task.",
        )
    return classes or own


def _intervals(reference: EventLists, estimate: EventLists, classes: Sequence[str]) -> str:
    """95 % bootstrap intervals over files of the overall figures."""
    segments, events = [], []
    for file, own in reference.items():
        found = estimate.get(file, [])
        segments.append(
            segment_based.count(segment_based.activity(own, classes), segment_based.activity(found, classes))
        )
        events.append(event_based.count(own, found, classes))
    lines = ["95 % intervals (bootstrap over files)"]
    for title, counts in (("segment-based", segments), ("event-based, onset and offset", events)):
        for name, measure in (("ER", _error_rate), ("F1", _f_measure)):
            low, high = bootstrap(counts, measure)
            lines.append(f"  {title} {name}: {low:.3f} to {high:.3f}")
    return "\n".join(lines) + "\n"


def _error_rate(counts: Any) -> Any:
    return counts.overall.error_rate


def _f_measure(counts: Any) -> Any:
    return counts.overall.f_measure
