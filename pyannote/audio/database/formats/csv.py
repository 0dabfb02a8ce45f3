"""Tables of events, or of weak labels, with a column that names the recording.

Columns are separated by commas, semicolons (then with decimal points or commas) or tabs. The first line names
them, in any order and in the words of any data set (see `tables.columns`); without names, the order is that
of event lists: file, onset, offset, label. A row with empty cells (or `nan`) beside the name of the recording
stands for one without events. Without times, labels are weak.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from pyannote.audio.core.errors import DataError
from pyannote.audio.core.labels import Event
from pyannote.audio.database.formats._lines import first_lines
from pyannote.audio.database.formats.base import Format, Reading, ReadOptions
from pyannote.audio.database.formats.tables.layouts import layout_in, read_table
from pyannote.audio.io.event_lists import HEADER
from pyannote.audio.io.lines import quoted


def read(path: Path, recording: str, options: ReadOptions) -> Reading:
    """Read a table, whose times are in seconds, or in minutes and seconds (1:30.5)."""
    return read_table(path, options)


def looks_right(path: Path) -> bool:
    """Whether the first line has a column of recordings, and is not that of event lists."""
    layout = layout_in(path)
    if layout is None or "file" not in layout.roles:
        return False
    return path.suffix.lower() != ".tsv" or first_lines(path, 1)[0].strip() != HEADER


def write(events: Mapping[str, Sequence[Event]], durations: Mapping[str, float]) -> dict[str, str]:
    """Format events as one table; times are in seconds, with six decimals."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["filename", "onset", "offset", "label"])
    for recording, own in events.items():
        for onset, offset, label in own:
            if set("\n\r") & set(label):
                raise DataError(f"The label {quoted(label)} has a line break.", fix="Rename it.")
            writer.writerow([recording, f"{onset:.6f}", f"{offset:.6f}", label])
        if not own:
            writer.writerow([recording, "", "", ""])
    return {"events.csv": text.getvalue()}


FORMAT = Format("table of events (csv, tsv)", ("*.csv", "*.tsv"), read, looks_right, write=write)
