"""Annotation of the DCASE challenges and of TUT Sound Events 2016, one file `.ann` a recording.

    onset <tab> offset <tab> label

References
----------
A. Mesaros, T. Heittola, and T. Virtanen, "TUT database for acoustic scene classification and sound event
detection", EUSIPCO, 2016.
"""

from __future__ import annotations

from pathlib import Path

from pyannote.audio.database.formats._events import add_event
from pyannote.audio.database.formats._label_lines import looks_like_lines, split_line, writer
from pyannote.audio.database.formats._lines import lines_of
from pyannote.audio.database.formats.base import Format, Reading, ReadOptions
from pyannote.audio.io.lines import parse_seconds


def read(path: Path, recording: str, options: ReadOptions) -> Reading:
    """Read the events of a recording; times are in seconds."""
    reading = Reading()
    reading.name(recording, path, 1)
    for line, text in lines_of(path, reading):
        start, end, label = split_line(text, path, line)
        onset, offset = (parse_seconds(time, file=path, line=line) for time in (start, end))
        add_event(reading, recording, onset, offset, label, path, line)
    return reading


FORMAT = Format(
    "DCASE 2016 (ann)", ("*.ann",), read, looks_like_lines, per_recording=True, write=writer(".ann")
)
