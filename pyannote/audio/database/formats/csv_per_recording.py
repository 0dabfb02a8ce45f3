"""Tables of events, one a recording, which is the one that the file is named after.

Columns are those of other tables (`pyannote.audio.database.formats.csv`) without that of recordings; without
names, the order is onset, offset, label, or onset, offset, label, soft label.
"""

from __future__ import annotations

from pathlib import Path

from pyannote.audio.database.formats._lines import first_lines
from pyannote.audio.database.formats.base import Format, Reading, ReadOptions
from pyannote.audio.database.formats.tables.layouts import layout_in, read_table


def read(path: Path, recording: str, options: ReadOptions) -> Reading:
    """Read the table of a recording; its times are in seconds, or in minutes and seconds (1:30.5)."""
    return read_table(path, options, recording)


def looks_right(path: Path) -> bool:
    """Whether the first line has a column of onsets and none of recordings.

    Text files in the form of Audacity are its own, and so are those with the columns of Raven.
    """
    layout = layout_in(path)
    if layout is None or "file" in layout.roles or "onset" not in layout.roles:
        return False
    label_track = layout.delimiter == "\t" and layout.unnamed is not None and layout.unnamed.count == 3
    of_raven = first_lines(path, 1)[0].lower().startswith("selection\t")
    return path.suffix.lower() != ".txt" or not (label_track or of_raven)


FORMAT = Format(
    "tables of events, one a recording (csv, tsv, txt)",
    ("*.csv", "*.tsv", "*.txt"),
    read,
    looks_right,
    per_recording=True,
)
