"""Event lists in the tab-separated form of sed_eval: file, onset, offset, label.

    filename <tab> onset <tab> offset <tab> event_label       header
    a001     <tab> 0.500 <tab> 1.250  <tab> car               an event, times in seconds
    a002                                                      a file without events

The header may name the columns in any order. It may be missing; then names of files without events may not
contain blanks, commas or semicolons, which would separate the columns of other formats. Text is UTF-8, with
or without a byte order mark, with any line ends; blank lines are skipped.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from pyannote.audio.core.errors import DataError
from pyannote.audio.core.labels import Event
from pyannote.audio.io.lines import parse_seconds, quoted, read_lines, safe_names

COLUMNS = ("filename", "onset", "offset", "event_label")
HEADER = "\t".join(COLUMNS)

LATEST = 1_000_000.0
"""Latest time of an event, in seconds: later ones would take figures of segments all memory."""

WRITE_IT = "Write it as `filename <tab> onset <tab> offset <tab> event_label`, or run `apply` again."


class ListedEvent(NamedTuple):
    """A line of an event list: an event of a file, or a file without events.

    Parameters
    ----------
    file : str
    event : (onset, offset, label), optional
        In seconds; None where the file has no events.
    line : int
        Number of the line, counted from 1.

    Examples
    --------
    >>> ListedEvent("a", (0.5, 1.0, "car"), line=2).event
    (0.5, 1.0, 'car')
    """

    file: str
    event: Event | None
    line: int


def format_events(events: Mapping[str, Sequence[Event]]) -> str:
    r"""Lines of an event list.

    Parameters
    ----------
    events : mapping of str to sequence of (onset, offset, label)
        Events of each file, in seconds. A file without events is a line with its name only. Names are
        written without blanks (`safe_name`), labels unchanged; times with 3 decimals, or with as many as they
        have where rounding would move them into another second (and change figures of segments), or end an
        event where it begins.

    Raises
    ------
    DataError
        If two files have the same name without blanks.

    Examples
    --------
    >>> format_events({"a": [(0.5, 1.0, "car")], "b": []}).splitlines()[1:]
    ['a\t0.500\t1.000\tcar', 'b']
    """
    lines, names = [HEADER], safe_names(events)
    for file, own_events in events.items():
        lines += [f"{names[file]}\t{_times(onset, offset)}\t{label}" for onset, offset, label in own_events]
        if not own_events:
            lines.append(names[file])
    return "\n".join(lines) + "\n"


def _times(onset: float, offset: float) -> str:
    first, last = _time(onset), _time(offset)
    return f"{first}\t{last}" if first != last else f"{float(onset)!r}\t{float(offset)!r}"


def _time(time: float) -> str:
    text = f"{time:.3f}"
    same = all(rounded(float(text)) == rounded(time) for rounded in (math.floor, math.ceil))
    return text if same else repr(float(time))


def read_event_lists(path: Path) -> dict[str, list[Event]]:
    """Read an event list.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict of str to list of (onset, offset, label)
        Events of each file, in seconds.

    Raises
    ------
    DataError
        If the file is missing or empty, or a line is neither a file name nor a complete event.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "a.tsv"
    >>> _ = path.write_text(format_events({"a": [(0.5, 1.0, "car")], "b": []}))
    >>> read_event_lists(path)
    {'a': [(0.5, 1.0, 'car')], 'b': []}
    """
    events: dict[str, list[Event]] = {}
    for file, event, _ in listed_events(path):
        events.setdefault(file, []).extend([] if event is None else [event])
    return events


def listed_events(path: Path) -> list[ListedEvent]:
    r"""Read the lines of an event list.

    Returns
    -------
    lines : list of ListedEvent, shape (lines,)
        All lines but the header and blank ones; times in seconds.

    Raises
    ------
    DataError
        If the file is missing or empty, or a line is neither a file name nor a complete event; if a file that
        a line lists without events is listed elsewhere.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "a.tsv"
    >>> _ = path.write_text("a\t0.5\t1.0\tcar\nb\n")
    >>> listed_events(path)
    [ListedEvent(file='a', event=(0.5, 1.0, 'car'), line=1), ListedEvent(file='b', event=None, line=2)]
    """
    lines = list(read_lines(path, comments=False))
    if not lines:
        raise DataError("This event list is empty.", file=path, fix=WRITE_IT)
    order = _header(lines[0][1])
    rows = lines if order is None else lines[1:]
    listed = [ListedEvent(*_parsed(text, order, path, line), line) for line, text in rows]
    _refuse_contradictions(listed, path)
    return listed


def _header(text: str) -> list[int] | None:
    """Position of each column, None if the line is no header."""
    names = [name.strip().lower() for name in text.split("\t")]
    return [names.index(name) for name in COLUMNS] if sorted(names) == sorted(COLUMNS) else None


def _parsed(text: str, order: list[int] | None, path: Path, line: int) -> tuple[str, Event | None]:
    """File and event of a line."""
    columns = text.split("\t")
    if len(columns) == 1 and (order is not None or not _is_another_format(text)):
        return text, None
    if len(columns) != len(COLUMNS):
        raise DataError(_fault(columns), file=path, line=line, fix=WRITE_IT)
    file, onset, offset, label = columns if order is None else [columns[place] for place in order]
    if not file.strip():
        raise DataError("The file name is missing.", file=path, line=line, fix=WRITE_IT)
    if not (onset or offset or label):
        return file, None
    if not label.strip():
        raise DataError("The label is missing.", file=path, line=line, fix=WRITE_IT)
    start, end = (parse_seconds(time, file=path, line=line) for time in (onset, offset))
    if end > LATEST:
        raise DataError(
            f"The offset {offset.strip()} is later than {LATEST:.0f} s.",
            file=path,
            line=line,
            fix="Times are in seconds: correct it.",
        )
    if start >= end:
        raise DataError(
            f"The offset {offset.strip()} is not later than the onset {onset.strip()}.",
            file=path,
            line=line,
            fix="The offset must be later than the onset: correct the times.",
        )
    return file, (start, end, label)


def _is_another_format(text: str) -> bool:
    """Whether a line without tabs may be an event of another format, or a header."""
    return bool(re.search(r"[,;\s]", text.strip()) or text.strip().lower() in COLUMNS)


def _fault(columns: Sequence[str]) -> str:
    if columns[0].startswith("SPEAKER "):
        return "This line is RTTM, not `filename, onset, offset, event_label`, separated by tabs."
    return (
        f"This line is not `filename, onset, offset, event_label`, separated by tabs: it has {len(columns)} "
        f"column{'s' * (len(columns) != 1)}."
    )


def _refuse_contradictions(listed: Sequence[ListedEvent], path: Path) -> None:
    """Refuse a file that one line lists without events, and another line again."""
    first: dict[str, ListedEvent] = {}
    for one in listed:
        before = first.setdefault(one.file, one)
        if before is not one and None in (before.event, one.event):
            raise DataError(
                f"{quoted(one.file)} stands in line {before.line} already, and one of the two lines says "
                "that it has no events.",
                file=path,
                line=one.line,
                fix="Remove one of them.",
            )
