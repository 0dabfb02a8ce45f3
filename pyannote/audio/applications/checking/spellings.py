"""Labels of a data set that are one label in different spellings."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pyannote.audio.core.errors import DataError
from pyannote.audio.core.findings import Finding
from pyannote.audio.core.spellings import spelled_alike, visible
from pyannote.audio.database.checks.subsets import Subset
from pyannote.audio.io.lines import AnnotatedEvent


class Place(NamedTuple):
    """An event of a label: its file and line, or the number of the event where they are not known."""

    file: Path | None
    line: int | None
    number: int = 0


def check_spellings(task: Any, subsets: Sequence[Subset]) -> Iterator[Finding]:
    """Labels of all subsets that differ in case, blanks, hyphens or Unicode form, and that no class merges.

    They are errors where a class of the task is made of one of them, and warnings about speakers.

    Parameters
    ----------
    task : Task or Approach
    subsets : sequence of Subset

    Yields
    ------
    Finding
        Of the kind "spelling".
    """
    places = _places(subsets)
    ignored = getattr(task, "ignored", ())
    for group in spelled_alike(label for label in places if label not in ignored):
        if task.speakers or not is_merged(task, group):
            yield _finding(task, group, places)


def is_merged(task: Any, labels: Sequence[str]) -> bool:
    """Whether each class that some of these labels belong to is active where any of them is."""
    touched = [one for one in task.labels.definitions if any(map(one.includes, labels))]
    return all(one.least == 1 and all(map(one.includes, labels)) for one in touched)


def _finding(task: Any, group: Sequence[str], places: dict[str, list[Place]]) -> Finding:
    # what most events are called is the likely class
    usual, *others = sorted(group, key=lambda label: -len(places[label]))
    named = set(group) & set(task.labels.labels)
    first = places[usual][0]
    names = ", ".join(map(json.dumps, [usual, *others]))
    return Finding(
        "spelling",
        f"{_told(usual, places[usual])} and {' and '.join(_told(label, places[label]) for label in others)} "
        "differ in case, blanks, hyphens or the form of Unicode alone.",
        "Give each speaker one name."
        if task.speakers
        else f"Make them one class: `union: {{{json.dumps(usual)}: [{names}]}}` in labels_spec; or "
        "name one of them in `ignore`, or prepare the data again with `--labels`.",
        file=first.file,
        line=first.line,
        code=DataError.code if named and not task.speakers else 0,
    )


def _told(label: str, places: Sequence[Place]) -> str:
    first = places[0]
    where = "" if first.line is None or first.file is None else f", {first.file.name}, line {first.line}"
    return f"{visible(label)} ({len(places)} event{'s' * (len(places) != 1)}{where})"


def _places(subsets: Sequence[Subset]) -> dict[str, list[Place]]:
    """Places of the events of each label; those that several subsets share count once."""
    places: defaultdict[str, dict[Place, None]] = defaultdict(dict)
    for subset in subsets:
        lines = [line for uri, _ in subset.uris for line in subset.annotation_of(uri)]
        events = [line for line in lines if isinstance(line, AnnotatedEvent)]
        for event in events:
            places[event.label][Place(event.file, event.line)] = None
        if not events:
            labels = [label for file in subset.files for *_, label in file["events"] or ()]
            for number, label in enumerate(labels):
                places[label][Place(subset.listing, None, number)] = None
    return {label: list(own) for label, own in places.items()}
