"""Strict reading of the event lists of a folder of `apply`, which may have been written by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from pyannote.audio.applications.terminal import warn
from pyannote.audio.core.errors import DataError
from pyannote.audio.core.labels import Event
from pyannote.audio.io.event_lists import ListedEvent, listed_events
from pyannote.audio.io.lines import quoted, safe_name

EventLists = dict[str, list[Event]]

SHOWN = 5
"""Lines, or files, that a warning names."""


class AppliedLists(NamedTuple):
    """Annotated and detected events of each file, with the labels that they may have.

    Parameters
    ----------
    classes : tuple of str
    reference, estimate : dict of str to list of (onset, offset, class)
        Times in seconds. `reference` has all files.
    """

    classes: tuple[str, ...]
    reference: EventLists
    estimate: EventLists


def read_lists(
    reference: Path,
    estimate: Path,
    classes: Sequence[str],
    spelling: Mapping[str, str],
    ours: bool,
) -> AppliedLists:
    """Read the reference and the detections of some files.

    Parameters
    ----------
    reference, estimate : Path
        Event lists.
    classes : sequence of str
        Labels that events may have. Where there are none, they are the labels of the reference.
    spelling : mapping of str to str
        Original spelling of classes, by which lists may call them as well.
    ours : bool
        Whether `apply` is known to have written them. It writes each file, and an event of the reference as
        often as it is annotated; in other lists, a warning tells of what may be a mistake.

    Raises
    ------
    DataError
        With the line that is wrong, has a label that is no class, or a file that the reference lacks.
    """
    listed, detected = listed_events(reference), listed_events(estimate)
    if not listed:
        raise DataError("This reference names no file.", file=reference, fix="List each file in it.")
    if not classes:
        classes = sorted({one.event[2] for one in listed if one.event is not None})
        warn(
            f"{reference.parent} holds no metadata.yml, which names the classes of scores. The classes are "
            f"the labels of {reference.name}: {', '.join(map(quoted, classes)) or 'none'}."
        )
    names = _names(classes, spelling)
    annotated = _by_file(listed, names, reference)
    files = {one.file: one.line for one in detected}
    unknown = next((file for file in files if file not in annotated), None)
    if unknown is not None:
        raise DataError(
            f"{quoted(unknown)} has detections here, and is no file of {reference.name}.",
            file=estimate,
            line=files[unknown],
            fix=_nearest(unknown, annotated) or "Add it to the reference, or remove it here.",
        )
    if not ours:
        _tell_doubled(listed, reference)
        _tell_doubled(detected, estimate)
        _tell_unlisted([file for file in annotated if file not in files], len(annotated), estimate)
    return AppliedLists(tuple(classes), annotated, _by_file(detected, names, estimate))


def _names(classes: Sequence[str], spelling: Mapping[str, str]) -> dict[str, str]:
    """Class of each name that a list may call it: its own, that with blanks, and the original one."""
    names = {label.replace("_", " "): label for label in classes}
    names |= {safe_name(label): label for label in classes}
    names |= {original: label for label, original in spelling.items() if label in classes}
    return names | {label: label for label in classes}


def _by_file(listed: Sequence[ListedEvent], names: Mapping[str, str], path: Path) -> EventLists:
    events: EventLists = {}
    for file, event, line in listed:
        own = events.setdefault(file, [])
        if event is None:
            continue
        onset, offset, label = event
        if label not in names:
            raise DataError(
                f"The label {quoted(label)} is none of the classes, which are "
                f"{', '.join(map(quoted, dict.fromkeys(names.values())))}.",
                file=path,
                line=line,
                fix=_nearest(label, names) or "Correct the label, or remove the line.",
            )
        own.append((onset, offset, names[label]))
    return events


def _nearest(name: str, others: Mapping[str, object]) -> str | None:
    stem = Path(name).stem
    close = [stem] if stem != name and stem in others else get_close_matches(name, others, n=1)
    return f"Did you mean {quoted(close[0])}?" if close else None


def _tell_doubled(listed: Sequence[ListedEvent], path: Path) -> None:
    """Warn of events that two lines list."""
    doubled = list(_doubled(listed))
    if doubled:
        more = len(doubled) - SHOWN
        warn(
            f"{path}: {len(doubled)} events stand there twice, and each of them counts.",
            *(f"line {line} repeats line {first}" for line, first in doubled[:SHOWN]),
            *([f"and {more} more"] if more > 0 else []),
        )


def _doubled(listed: Sequence[ListedEvent]) -> Iterator[tuple[int, int]]:
    """Lines of events that an earlier line lists as well, each with the number of that line."""
    first: dict[tuple[str, Event | None], int] = {}
    for file, event, line in listed:
        before = first.setdefault((file, event), line)
        if before != line:
            yield line, before


def _tell_unlisted(files: Sequence[str], total: int, path: Path) -> None:
    """Warn of files of the reference that have no line among the detections."""
    if files:
        warn(
            f"{path}: {len(files)} of the {total} files of the reference are not listed there, such as "
            f"{quoted(files[0])}. They count as files in which nothing was detected."
        )
