"""Label files `.lab`, one a recording: times in seconds, or in the units of HTK.

    0.00 0.36 car
    0 3600000 car

HTK counts time in integers of 100 ns. A file with a decimal point has seconds. One without has seconds if its
latest time is at most 10000, which would be a millisecond, and units of HTK if it is above 1000000, which
would be eleven days; in between it is refused. Behind a label of HTK may stand its score and labels of other
levels; they are counted, and not used.

References
----------
S. Young et al., The HTK Book (3.4), section 6.2.1, 2006.
"""

from __future__ import annotations

from pathlib import Path

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.formats._events import add_event
from pyannote.audio.database.formats._label_lines import is_number, split_line
from pyannote.audio.database.formats._lines import first_lines, lines_of, unreadable
from pyannote.audio.database.formats.base import Format, Reading, ReadOptions
from pyannote.audio.io.lines import parse_seconds

UNITS = 10_000_000
"""Units of HTK in a second."""

SURELY_SECONDS, SURELY_UNITS = 10_000, 1_000_000
"""Latest time, as an integer, up to which a file has seconds, and above which it has units of HTK."""


def read(path: Path, recording: str, options: ReadOptions) -> Reading:
    """Read the labels of a recording; times in the file are in seconds, or in units of HTK (100 ns)."""
    reading = Reading()
    reading.name(recording, path, 1)
    lines = list(lines_of(path, reading))
    units = _is_htk(lines, path)
    for line, text in lines:
        start, end, label = _split_htk(text, path, line, reading) if units else split_line(text, path, line)
        onset, offset = (parse_seconds(time, file=path, line=line) for time in (start, end))
        scale = UNITS if units else 1
        add_event(reading, recording, onset / scale, offset / scale, label, path, line)
    return reading


def _is_htk(lines: list[tuple[int, str]], path: Path) -> bool:
    """Whether times are in units of HTK."""
    times = [(word, line) for line, text in lines for word in text.split()[:2]]
    integers = [(float(word), line) for word, line in times if word.isascii() and word.isdigit()]
    if not integers or any(is_number(word) and not word.isdigit() for word, _ in times):
        return False
    latest, line = max(integers)
    if SURELY_SECONDS < latest <= SURELY_UNITS:
        raise DataError(
            f"It cannot be told whether {latest:.0f} is a time in seconds or in the 100 ns of HTK.",
            file=path,
            line=line,
            fix="Write seconds with a decimal point.",
        )
    return latest > SURELY_UNITS


def _split_htk(text: str, path: Path, line: int, reading: Reading) -> tuple[str, str, str]:
    columns = text.split()
    if len(columns) < 3:
        raise unreadable(path, line, "onset offset label")
    onset, offset, label, *others = columns
    if others:
        reading.left_out["columns behind labels"] += len(others)
    return onset, offset, label


def looks_right(path: Path) -> bool:
    """Whether each of the first lines begins with two numbers, and a label follows."""
    lines = [line.split() for line in first_lines(path)]
    return all(len(words) > 2 and is_number(words[0]) and is_number(words[1]) for words in lines)


FORMAT = Format("label files (lab) in seconds or of HTK", ("*.lab",), read, looks_right, per_recording=True)
