"""Findings about labels: those of the data beside those of `labels_spec`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from statistics import median

from pyannote.audio.applications.checking.configuration import located, param
from pyannote.audio.config.schema import Config
from pyannote.audio.core.errors import DataError
from pyannote.audio.core.findings import Finding
from pyannote.audio.database.checks.annotation import first_lines
from pyannote.audio.database.checks.recordings import Activity, similar_labels
from pyannote.audio.database.checks.subsets import Subset
from pyannote.audio.labeling.tasks.base import Task

FEWEST_FILES = 3
"""Training files from which on a label that only one of them holds is told."""


def line_of(config: Config, label: str) -> tuple[str | int, ...]:
    """Where `labels_spec` names a label, or a class that is made of it."""
    spec = config.task.params.get("labels_spec", {})
    where = param(config, "labels_spec")
    if label in (spec.get("regular") or ()):
        return (*where, "regular", spec["regular"].index(label))
    for group in ("union", "intersection"):
        for name, parts in (spec.get(group) or {}).items():
            if label == name:
                return (*where, group, name)
            if label in parts:
                return (*where, group, name, parts.index(label))
    return where


def check_training(config: Config, task: Task, train: Subset) -> Iterator[Finding]:
    """Labels that only `labels_spec` or only the training files know: `train` refuses them."""
    heard = first_lines(train)
    for label in task.labels.labels:
        if label not in heard:
            yield located(
                config,
                line_of(config, label),
                "absent",
                f"labels_spec names {label!r}, which no training file contains; they contain "
                f"{', '.join(sorted(heard)) or 'none'}.",
                _nearest(label, heard) or "Remove it, or add files that contain it.",
                code=DataError.code,
            )
    for label, (file, line) in heard.items():
        if not task.expects(label):
            close = _nearest(label, task.labels.labels)
            choice = "dd it to `regular`, or to `ignore` to leave it out."
            yield Finding(
                "unknown",
                f"The training files contain {label!r}, which labels_spec does not name.",
                f"{close} Otherwise, a{choice}" if close else f"A{choice}",
                file,
                line,
                DataError.code,
            )


def _nearest(label: str, others: Iterable[str]) -> str | None:
    folded = {other.casefold(): other for other in others if other != label}
    close = get_close_matches(label.casefold(), folded, n=1, cutoff=0.7)
    return f"Did you mean {folded[close[0]]!r}?" if close else None


def check_development(task: Task, development: Subset, train: Subset) -> Iterator[Finding]:
    """Labels of training that cannot be validated, and those that nobody has trained."""
    heard, learned = first_lines(development), first_lines(train)
    for label in task.labels.labels:
        if label in learned and label not in heard:
            yield Finding(
                "development",
                f"No development file holds {label!r}: no epoch and no threshold can be chosen for it.",
                "Move a recording that holds it to development.",
                development.listing,
            )
    for label, (file, line) in heard.items():
        if not (task.expects(label) or label in learned):
            yield Finding(
                "unknown",
                f"The {development.name} files contain {label!r}, which labels_spec does not name.",
                _nearest(label, (*task.labels.labels, *learned))
                or "It is passed over; name it in `ignore` if it is meant to be.",
                file,
                line,
            )


def check_names(config: Config, task: Task) -> Iterator[Finding]:
    """Labels of `labels_spec` that look like one."""
    for first, second in similar_labels({*task.labels.labels, *task.labels.classes}):
        yield located(
            config,
            line_of(config, second),
            "twins",
            f"{first!r} and {second!r} differ in case, blanks or marks alone.",
            "Give one sound one label, here and in the annotation.",
        )


def check_spread(task: Task, train: Subset) -> Iterator[Finding]:
    """Labels that a single training file holds."""
    found = Activity(file["events"] or () for file in train.files)
    where = first_lines(train)
    for label in task.labels.labels:
        if found.files[label] == 1 and len(train.files) >= FEWEST_FILES:
            uri = next(
                file["uri"] for file in train.files if label in {name for *_, name in file["events"] or ()}
            )
            yield Finding(
                "once",
                f"Of {len(train.files)} training files, {uri} alone holds {label!r}: that recording is "
                "learned instead.",
                "Annotate it in more recordings.",
                *where.get(label, (train.listing, None)),
            )


def check_lengths(config: Config, task: Task, train: Subset, frame: float) -> Iterator[Finding]:
    """Classes most events of which are shorter than half an output frame, in seconds."""
    events = (task.labels.events(file["events"] or ()) for file in train.files)
    for name, durations in Activity(events).durations.items():
        if median(durations) < frame / 2:
            yield located(
                config,
                line_of(config, name),
                "brief",
                f"Half of the events of {name!r} last less than {median(durations):.3g} s, and an output "
                f"of the network stands for {frame:.3g} s.",
                "Choose an architecture with smaller pooling, and `target: any` or `share`.",
            )
