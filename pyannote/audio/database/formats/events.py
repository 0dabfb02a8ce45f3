"""Event lists of sed_eval, as `apply` writes them.

    filename <tab> onset <tab> offset <tab> event_label

A line with a filename alone stands for a recording without events. The first line may be missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pyannote.audio.core.errors import DataError
from pyannote.audio.core.labels import Event
from pyannote.audio.database.formats._lines import first_lines
from pyannote.audio.database.formats.base import Format, Reading, ReadOptions
from pyannote.audio.database.formats.tables.layouts import layout_in, read_table
from pyannote.audio.io.event_lists import HEADER, format_events
from pyannote.audio.io.lines import quoted


def read(path: Path, recording: str, options: ReadOptions) -> Reading:
    """Read an event list, whose times are in seconds, or in minutes and seconds (1:30.5)."""
    return read_table(path, options)


def looks_right(path: Path) -> bool:
    """Whether the first line is that of event lists, or a text file has a column of recordings."""
    if first_lines(path, 1) == [HEADER]:
        return True
    layout = layout_in(path)
    return path.suffix.lower() == ".txt" and layout is not None and "file" in layout.roles


def write(events: Mapping[str, Sequence[Event]], durations: Mapping[str, float]) -> dict[str, str]:
    """Format events as one event list, with times in milliseconds."""
    for onset, offset, label in (event for own in events.values() for event in own):
        if set("\t\n\r") & set(label) or label.startswith('"'):
            found = f"The label {quoted(label)} has a tab or a line break, or begins with a double quote."
            raise DataError(found, fix="Rename it.")
        if f"{onset:.3f}" == f"{offset:.3f}":
            found = f"The event {quoted(label)} at {onset:.10g} s is shorter than a millisecond."
            raise DataError(found, fix="Remove it, or write another format.")
    return {"events.tsv": format_events(events)}


FORMAT = Format("event list of sed_eval (tsv, txt)", ("*.tsv", "*.txt"), read, looks_right, write=write)
