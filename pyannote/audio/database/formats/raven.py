"""Selection tables of Raven, one file a recording, or one for several.

    Selection <tab> View <tab> Channel <tab> Begin Time (s) <tab> End Time (s) <tab> ... <tab> Annotation

Raven writes a selection once for each view (waveform and spectrogram); it is read once. The column of labels
is the one of `LABELS` that the table has, or that of `ReadOptions.label_column`. A table with the column
`Begin File` or `Begin Path` names the recording of each selection, and `File Offset (s)` is the onset in it,
because `Begin Time (s)` counts from the beginning of the first file.

References
----------
https://www.ravensoundsoftware.com/knowledge-base/selection-table-format/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pyannote.audio.core.errors import DataError
from pyannote.audio.core.labels import Event
from pyannote.audio.database.formats._events import add_event
from pyannote.audio.database.formats._label_lines import on_one_line
from pyannote.audio.database.formats._lines import first_lines, lines_of
from pyannote.audio.database.formats.base import Format, Reading, ReadOptions
from pyannote.audio.io.lines import parse_seconds, quoted

SELECTION, VIEW, CHANNEL = "Selection", "View", "Channel"
BEGIN, END = "Begin Time (s)", "End Time (s)"
FILE, PATH, FILE_OFFSET = "Begin File", "Begin Path", "File Offset (s)"

LABELS = {
    *("annotation", "annotations", "call", "call type", "class", "common name", "event", "label", "labels"),
    *("sound", "species", "species code", "tag", "tags", "type"),
}
"""Names of columns that are taken for that of the labels, in small letters."""

TABLES = tuple(f"*.table.{number}.selections.txt" for number in range(1, 10))
"""Names that Raven gives."""

Row = dict[str, str]


def read(path: Path, recording: str, options: ReadOptions) -> Reading:
    """Read a selection table, whose times are in seconds."""
    reading = Reading()
    rows = _rows(path, reading)
    line, header = next(rows)
    label_column = _label_column(list(header), path, line, options.label_column)
    if not names_recordings(path):
        reading.name(recording, path, 1)
    seen: dict[tuple[str, str], Row] = {}
    files: set[str] = set()
    for at, row in rows:
        name = _file_of(row) or recording
        files.add(name)
        first = seen.setdefault((name, row[SELECTION]), row)
        if first is row:
            onset, offset = _times(row, path, at)
            add_event(reading, name, onset, offset, row[label_column], path, at)
        elif not _is_other_view(row, first, label_column):
            raise DataError(
                f"The selection {quoted(row[SELECTION])} occurs twice, and not as two views of one.",
                file=path,
                line=at,
                fix="Remove one of them, or give it a number of its own.",
            )
    if {FILE, PATH} & set(header) and FILE_OFFSET not in header and files:
        reading.remarks.append(_without_offsets(files, path, line))
    return reading


def _rows(path: Path, reading: Reading) -> Iterator[tuple[int, Row]]:
    """The header, as a row of its own, and all rows."""
    names: list[str] = []
    for line, text in lines_of(path, reading):
        cells = [cell.strip() for cell in text.split("\t")]
        if not names:
            names = _checked_header(cells, path, line)
        elif len(cells) != len(names):
            raise DataError(
                f"Found {len(cells)} columns where the first line has {len(names)}.",
                file=path,
                line=line,
                fix="Separate columns by tabs, and keep those that are empty.",
            )
        yield line, dict(zip(names, cells, strict=True))
    if not names:
        _checked_header([], path, 1)


def _checked_header(names: list[str], path: Path, line: int) -> list[str]:
    missing = [name for name in (SELECTION, BEGIN, END) if name not in names]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if missing or doubled:
        found = f"has no column {missing[0]!r}" if missing else f"has the column {quoted(doubled[0])} twice"
        raise DataError(
            f"The first line {found}.",
            file=path,
            line=line,
            fix="Save the selection table in Raven, with its header, and columns separated by tabs.",
        )
    return names


def _label_column(names: Sequence[str], path: Path, line: int, chosen: str | None) -> str:
    found = [name for name in names if name == chosen] if chosen else []
    if not chosen:
        found = [name for name in names if name.lower() in LABELS]
    if len(found) == 1:
        return found[0]
    others = ", ".join(quoted(name) for name in found or names)
    if chosen:
        message = f"There is no column {quoted(chosen)}"
    else:
        message = "Several columns may be the labels" if found else "No column is known to be the labels"
    raise DataError(
        f"{message}: {others}.",
        file=path,
        line=line,
        fix="Name the column of the labels with --label-column.",
    )


def _file_of(row: Row) -> str:
    """Name of the audio file of a selection, if the table has it."""
    return (row.get(FILE) or row.get(PATH, "")).replace("\\", "/").rpartition("/")[2]


def _is_other_view(row: Row, first: Row, label_column: str) -> bool:
    """Whether a row is that of another view, or channel, of a selection."""
    same = all(row[name] == first[name] for name in (BEGIN, END, label_column))
    return same and any(row.get(name) != first.get(name) for name in (VIEW, CHANNEL))


def _times(row: Row, path: Path, line: int) -> tuple[float, float]:
    """Onset and offset in the recording."""
    begin, end = (parse_seconds(row[name], file=path, line=line) for name in (BEGIN, END))
    if FILE_OFFSET not in row or not _file_of(row):
        return begin, end
    onset = parse_seconds(row[FILE_OFFSET], file=path, line=line)
    return onset, onset + (end - begin)


def _without_offsets(files: set[str], path: Path, line: int) -> str:
    """Remark about a table that names one file; times in several cannot be known."""
    if len(files) > 1:
        raise DataError(
            f"Selections of {len(files)} recordings have no {FILE_OFFSET!r}, so that their times in them are "
            f"unknown: {BEGIN!r} counts from the beginning of the first.",
            file=path,
            line=line,
            fix="In Raven, choose this measurement (View > Configure Measurements) and save the table again.",
        )
    return f"{path} has no column {FILE_OFFSET!r}: its times are those from the beginning of {min(files)}."


def looks_right(path: Path) -> bool:
    """Whether the first line names the columns of Raven."""
    return {SELECTION, BEGIN, END} <= _header(path)


def names_recordings(path: Path) -> bool:
    """Whether the table names the recordings of its selections."""
    return bool({FILE, PATH} & _header(path)) and len(first_lines(path, 2)) > 1


def _header(path: Path) -> set[str]:
    return {name.strip() for line in first_lines(path, 1) for name in line.split("\t")}


def write(events: Mapping[str, Sequence[Event]], durations: Mapping[str, float]) -> dict[str, str]:
    """Format the events of each recording as a selection table; times are in seconds, with six decimals."""
    header = "\t".join([SELECTION, VIEW, CHANNEL, BEGIN, END, "Annotation"])
    return {
        f"{recording}.Table.1.selections.txt": "\n".join(
            [
                header,
                *(
                    f"{number}\tWaveform 1\t1\t{onset:.6f}\t{offset:.6f}\t{on_one_line(label, recording)}"
                    for number, (onset, offset, label) in enumerate(its_events, start=1)
                ),
                "",
            ]
        )
        for recording, its_events in events.items()
    }


FORMAT = Format(
    "selection tables of Raven",
    (*TABLES, "*.birdnet.selections.txt", "*.selections.txt", "*.birdnet.selection.table.txt", "*.txt"),
    read,
    looks_right,
    per_recording=True,
    names_recordings=names_recordings,
    write=write,
)
