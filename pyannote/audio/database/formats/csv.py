"""Tables of events, separated by commas, semicolons or tabs, whose first line names the columns.

A row with a filename alone stands for a recording without events.
"""

from __future__ import annotations

import csv
from pathlib import Path

from pyannote.audio.core.counted import counted
from pyannote.audio.core.errors import DataError
from pyannote.audio.database.formats.base import Format, Reading, ReadOptions, first_lines, lines_of
from pyannote.audio.io.lines import AnnotatedEvent, parse_segment

COLUMNS = ("filename", "onset", "offset", "label")


def read(path: Path, recording: str, options: ReadOptions) -> Reading:
    """Read a table."""
    reading = Reading()
    lines = lines_of(path, reading)
    number, header = next(lines, (1, ""))
    delimiter, names = _read_header(header, path, number)
    for line, text in lines:
        row = [column.strip() for column in next(csv.reader([text], delimiter=delimiter))]
        if len(row) != len(names):
            found = f"Found {counted(len(row), 'column')} where the first line has {len(names)}."
            raise DataError(found, file=path, line=line, fix="Put names with a separator in double quotes.")
        cells = dict(zip(names, row, strict=True))
        filename, onset, offset, label = (cells[name] for name in COLUMNS)
        reading.name(filename, path, line)
        if not (onset or offset or label):
            continue
        if not label:
            raise DataError("The label is missing.", file=path, line=line, fix="Write it.")
        segment = parse_segment(onset, offset, file=path, line=line)
        reading.add(AnnotatedEvent(filename, segment, label, path, line))
    return reading


def _read_header(header: str, path: Path, line: int) -> tuple[str, list[str]]:
    for delimiter in ",;\t":
        names = [name.strip().lower() for name in next(csv.reader([header], delimiter=delimiter), [])]
        if set(COLUMNS) <= set(names):
            return delimiter, names
    found = f"The first line does not name the columns {', '.join(COLUMNS)}."
    raise DataError(found, file=path, line=line, fix="Add or correct it.")


def looks_right(path: Path) -> bool:
    """Whether the first line has several columns."""
    return any(delimiter in line for line in first_lines(path, 1) for delimiter in ",;\t")


FORMAT = Format("table of events (csv, tsv)", ("*.csv", "*.tsv"), read, looks_right)
