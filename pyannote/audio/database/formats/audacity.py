"""Label tracks of Audacity, one file a recording.

    onset <tab> offset <tab> label

A line that begins with a backslash holds the frequencies of the label before it; they are not read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pyannote.audio.core.errors import DataError
from pyannote.audio.core.labels import Event
from pyannote.audio.database.formats.base import (
    Format,
    Reading,
    ReadOptions,
    first_lines,
    lines_of,
    unreadable,
)
from pyannote.audio.io.lines import AnnotatedEvent, parse_segment


def read(path: Path, recording: str, options: ReadOptions) -> Reading:
    """Read the labels of a recording."""
    reading = Reading()
    reading.name(recording, path, 1)
    for line, text in lines_of(path, reading):
        if text.startswith("\\"):
            reading.left_out["lines of frequencies"] += 1
            continue
        columns = [column.strip() for column in text.split("\t")]
        if len(columns) != 3 or not columns[2]:
            raise unreadable(path, line, "onset <tab> offset <tab> label")
        segment = parse_segment(columns[0], columns[1], file=path, line=line)
        reading.add(AnnotatedEvent(recording, segment, columns[2], path, line))
    return reading


def looks_right(path: Path) -> bool:
    """Whether half of the first lines begin with two numbers, and have no more than a label after them."""
    lines = [line for line in first_lines(path) if not line.startswith("\\")]
    return 2 * sum(map(_begins_with_times, lines)) >= len(lines)


def _begins_with_times(line: str) -> bool:
    try:
        return float(line.split()[0]) <= float(line.split()[1]) and line.count("\t") <= 2
    except (ValueError, IndexError):
        return False


def write(events: Mapping[str, Sequence[Event]], durations: Mapping[str, float]) -> dict[str, str]:
    """Format the events of each recording as a file of labels."""
    for name, its_events in events.items():
        for _, _, label in its_events:
            if set("\t\n\r") & set(label):
                raise DataError(f"The label {label!r} of {name} has a tab or a line break.", fix="Rename it.")
    return {
        f"{recording}.txt": "".join(f"{onset:.6f}\t{offset:.6f}\t{label}\n" for onset, offset, label in own)
        for recording, own in events.items()
    }


FORMAT = Format("label tracks of Audacity", ("*.txt",), read, looks_right, per_recording=True, write=write)
