"""Warnings about labels: spelling, number of recordings, durations, and differences between subsets."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from statistics import median
from typing import Any

from pyannote.audio.applications.checking.spellings import is_merged
from pyannote.audio.core.findings import Finding
from pyannote.audio.database.checks.annotation import first_lines
from pyannote.audio.database.checks.recordings import Activity, similar_labels
from pyannote.audio.database.checks.subsets import Subset
from pyannote.audio.labeling.tasks.multilabel_detection import nearest, other_spelling

FEWEST_FILES = 3
"""Number of training files from which on a label that only one of them contains is reported."""


def at_first_event(finding: Finding, subset: Subset) -> Finding:
    """The same finding; if it is about a label, with file and line of the first event of the label."""
    if finding.label is None:
        return finding
    file, line = first_lines(subset).get(finding.label, (subset.listing, None))
    return replace(finding, file=file, line=line, label=None)


def check_development(task: Any, development: Subset, train: Subset) -> Iterator[Finding]:
    """Labels of training files that development files lack, and labels that only development files contain.

    Parameters
    ----------
    task : Task or Approach
    development, train : Subset
    """
    trained = first_lines(train)
    yield from (replace(one, label=None) for one in missing_labels(task, development) if one.label in trained)
    yield from unknown_labels(task, development, trained)


def missing_labels(task: Any, subset: Subset) -> Iterator[Finding]:
    """Labels of the classes of a task that a subset, on which it is validated, lacks."""
    present = first_lines(subset)
    for label in task.labels.labels:
        if label not in present and not other_spelling(task.labels, label, present):
            yield Finding(
                "development",
                f"No {subset.name} file contains {label!r}: no epoch and no threshold can be chosen for it.",
                f"Move a recording that contains it to {subset.name}.",
                subset.listing,
                label=label,
            )


def unknown_labels(task: Any, subset: Subset, trained: Collection[str] = ()) -> Iterator[Finding]:
    """Labels of a subset that the task does not know and that training files do not contain.

    Parameters
    ----------
    task : Task or Approach
    subset : Subset
    trained : collection of str
        Labels of the training files.
    """
    for label, (file, line) in first_lines(subset).items():
        if not (task.expects(label) or label in trained):
            yield Finding(
                "unknown",
                f"The {subset.name} files contain {label!r}, which labels_spec does not name.",
                nearest(label, (*task.labels.labels, *trained))
                or "It is ignored; name it in `ignore` if that is intended.",
                file,
                line,
            )


def check_names(task: Any) -> Iterator[Finding]:
    """Labels and classes of a task whose names hardly differ."""
    for first, second in similar_labels({*task.labels.labels, *task.labels.classes}):
        if {first, second} <= set(task.labels.labels) and is_merged(task, [first, second]):
            continue
        yield Finding(
            "twins",
            f"{first!r} and {second!r} differ in case, blanks or marks alone.",
            "Give one sound one label, here and in the annotation.",
            keys=task.keys_of(second),
        )


def check_spread(task: Any, train: Subset) -> Iterator[Finding]:
    """Labels that a single training file contains."""
    active = Activity(file["events"] or () for file in train.files)
    for label in task.labels.labels:
        if active.files[label] == 1 and len(train.files) >= FEWEST_FILES:
            uri = next(
                file["uri"] for file in train.files if label in {name for *_, name in file["events"] or ()}
            )
            yield Finding(
                "once",
                f"Only {uri} (of {len(train.files)} training files) contains {label!r}: the network may "
                "learn that recording instead of the class.",
                "Annotate it in more recordings.",
                label=label,
            )


def check_lengths(task: Any, train: Subset, frame: float) -> Iterator[Finding]:
    """Classes most events of which are shorter than half an output frame.

    Parameters
    ----------
    task : Task or Approach
    train : Subset
    frame : float
        Duration of an output frame, in seconds.
    """
    events = (task.labels.events(file["events"] or ()) for file in train.files)
    for name, durations in Activity(events).durations.items():
        if median(durations) < frame / 2:
            yield Finding(
                "brief",
                f"Half of the events of {name!r} last less than {median(durations):.3g} s, and an output "
                f"of the network stands for {frame:.3g} s.",
                "Choose an architecture with smaller pooling, and `target: any` or `share`.",
                keys=task.keys_of(name),
            )
