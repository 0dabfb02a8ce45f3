r"""Label tracks of Audacity, one file a recording.

    onset <tab> offset <tab> label
    \ <tab> lowest frequency <tab> highest frequency

The second line belongs to the label before it, which was marked in a spectrogram. Frequencies are checked and
counted, and not used. Columns may be separated by blanks, too: the label is all that follows the second time.
Labels that mark a point of time are counted as events without duration.

References
----------
https://manual.audacityteam.org/man/importing_and_exporting_labels.html
"""

from __future__ import annotations

from pathlib import Path

from pyannote.audio.database.formats._events import add_event
from pyannote.audio.database.formats._label_lines import is_number, looks_like_lines, split_line, writer
from pyannote.audio.database.formats._lines import lines_of, unreadable
from pyannote.audio.database.formats.base import Format, Reading, ReadOptions
from pyannote.audio.io.lines import parse_seconds


def read(path: Path, recording: str, options: ReadOptions) -> Reading:
    """Read the labels of a recording; times are in seconds."""
    reading = Reading()
    reading.name(recording, path, 1)
    for line, text in lines_of(path, reading):
        if text.startswith("\\"):
            frequencies = text[1:].split()
            if len(frequencies) != 2 or not all(map(is_number, frequencies)):
                raise unreadable(path, line, "\\ <tab> lowest frequency <tab> highest frequency")
            reading.left_out["lines of frequencies"] += 1
            continue
        start, end, label = split_line(text, path, line)
        onset, offset = (parse_seconds(time, file=path, line=line) for time in (start, end))
        add_event(reading, recording, onset, offset, label, path, line)
    return reading


FORMAT = Format(
    "label tracks of Audacity",
    ("*.txt",),
    read,
    looks_like_lines,
    per_recording=True,
    write=writer(".txt"),
)
