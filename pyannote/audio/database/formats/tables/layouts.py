"""Tables of annotation whose columns are separated by commas, semicolons or tabs."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.formats._lines import first_lines, lines_of
from pyannote.audio.database.formats.base import Reading, ReadOptions
from pyannote.audio.database.formats.tables.columns import (
    Columns,
    called,
    columns_of,
    columns_without_names,
    not_a_table,
    roles_of,
    unread_columns,
)
from pyannote.audio.database.formats.tables.rows import Rows, is_nothing
from pyannote.audio.io.event_lists import HEADER
from pyannote.audio.io.lines import quoted

DELIMITERS = "\t;,"


class Layout(NamedTuple):
    """How the rows of a table are written.

    Parameters
    ----------
    delimiter : str
    roles : set of str
        See `pyannote.audio.database.formats.tables.columns.WORDS`.
    unnamed : Columns, optional
        Columns of a table whose first line does not name them.
    """

    delimiter: str
    roles: set[str]
    unnamed: Columns | None = None


def read_table(path: Path, options: ReadOptions, recording: str | None = None) -> Reading:
    r"""Read a table of annotation, whose times are in seconds, or in minutes and seconds (1:30.5).

    Parameters
    ----------
    path : Path
    options : ReadOptions
    recording : str, optional
        Recording that all rows are about. Otherwise, a column names it.

    Raises
    ------
    DataError
        If a line cannot be read.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "a.csv"
    >>> _ = path.write_text("File;Begin time (s);Duration;Species;Remark\na.wav;1,5;1;Parus major;?\n")
    >>> reading = read_table(path, ReadOptions())
    >>> reading.events[0].segment, reading.events[0].label
    (<Segment(1.5, 2.5)>, 'Parus major')
    >>> reading.remarks[0]
    "Columns that are not read: 'Remark'."
    """
    reading = Reading()
    lines = list(lines_of(path, reading))
    if recording is not None:
        reading.name(recording, path, 1)
        if not lines:
            return reading
    delimiter, columns = _columns(lines, options, path)
    _check_naming(columns, recording, path, lines[0][0])
    group = _place_of_group(lines, delimiter, columns, options, path)
    reading.remarks += unread_columns(columns, but=options.group_column)
    # event lists of sed_eval, and those of this package, have a file without events as its name alone
    name_alone = delimiter == "\t" and (not columns.named or lines[0][1].strip() == HEADER)
    rows = Rows(path, options, recording, delimiter == ";", reading)
    for line, text in lines[columns.named :]:
        cells = split(text, delimiter)
        if name_alone and len(cells) == 1:
            cells += [""] * (columns.count - 1)
        if len(cells) != columns.count:
            raise _other_count(cells, columns, delimiter, path, line)
        rows.add({role: cells[place] for role, place in columns.places.items()}, line, columns.several)
        if group is not None:
            _add_group(rows, cells, columns, group, line)
    return rows.finished()


def _place_of_group(
    lines: Sequence[tuple[int, str]], delimiter: str, columns: Columns, options: ReadOptions, path: Path
) -> int | None:
    if options.group_column is None:
        return None
    number, first = lines[0]
    names = split(first, delimiter) if columns.named else []
    return called(names, options.group_column, "--group, or name the columns", path, number)[0]


def _add_group(rows: Rows, cells: Sequence[str], columns: Columns, place: int, line: int) -> None:
    """Note the group of the recording of a row; all rows of a recording have to agree."""
    recording, group = rows.name({"file": cells[columns.places.get("file", 0)]}, line), cells[place]
    if is_nothing(group):
        raise DataError(
            f"The group of {quoted(recording)} is missing.", file=rows.path, line=line, fix="Write it."
        )
    before = rows.reading.groups.setdefault(recording, group)
    if before != group:
        raise DataError(
            f"{quoted(recording)} is of the group {quoted(group)} here, and of {quoted(before)} before.",
            file=rows.path,
            line=line,
            fix="Correct one of them: a recording belongs to one group.",
        )


def _columns(lines: Sequence[tuple[int, str]], options: ReadOptions, path: Path) -> tuple[str, Columns]:
    if not lines:
        raise DataError("This table is empty.", file=path, line=1, fix="Check the path.")
    number, first = lines[0]
    layout = layout_of([text for _, text in lines], options.label_column)
    if layout is None:
        raise not_a_table(max((split(first, one) for one in DELIMITERS), key=len) or [first], path, number)
    if layout.unnamed is None:
        names = split(first, layout.delimiter)
        return layout.delimiter, columns_of(names, options.label_column, path, number)
    found, fix = "", ""
    if options.label_column is not None:
        found = f"There is no column {quoted(options.label_column)}: the first line names none."
        fix = "Name the columns, or leave out --label-column."
    elif "soft" in layout.roles and options.soft is None:
        found = "What the number after the label means is unknown: the first line does not name the columns."
        fix = (
            "If it is a soft label, --soft=0.5 counts those of 0.5 or more as events; else name the columns."
        )
    if found:
        raise DataError(found, file=path, line=number, fix=fix)
    return layout.delimiter, layout.unnamed


def _check_naming(columns: Columns, recording: str | None, path: Path, line: int) -> None:
    """Refuse a table that names no recordings though it is about several, and one that names others."""
    if recording is None and "file" not in columns.places:
        raise DataError(
            "This table has no column of recordings.",
            file=path,
            line=line,
            fix="Add the column filename; or use --format=csv_per_recording, if each table is about the "
            "recording that it is named after.",
        )
    if recording is not None and "file" in columns.places:
        raise DataError(
            "This table has a column of recordings, so that it is not about the one that it is named after.",
            file=path,
            line=line,
            fix="Use --format=csv, or remove the column.",
        )


def _other_count(cells: Sequence[str], columns: Columns, delimiter: str, path: Path, line: int) -> DataError:
    found = f"Found {len(cells)} columns where the first line has {columns.count}."
    fix = "Put names with a separator in double quotes."
    if not cells:
        found, fix = "The double quotes of this line do not match.", "Close them, and double those within."
    elif len(cells) < columns.count:
        alone = "a.wav" + delimiter * (columns.count - 1)
        fix = f"Write a recording without events as `{alone}`."
    return DataError(found, file=path, line=line, fix=fix.replace("\t", "<tab>"))


def layout_of(lines: Sequence[str], label_column: str | None = None) -> Layout | None:
    r"""Layout of a table, or None if these lines are not those of one.

    Parameters
    ----------
    lines : sequence of str, shape (lines,)
        Lines that are not blank.
    label_column : str, optional
        Name of the column of labels.

    Examples
    --------
    >>> layout_of(["onset;offset;label", "1;2;car"]).delimiter, layout_of(["1\t2\tcar"]).unnamed.named
    (';', False)
    """
    for first in lines[:1]:
        named = [Layout(one, roles_of(split(first, one), label_column)) for one in DELIMITERS]
        best = max(named, key=lambda layout: len(layout.roles))
        if len(best.roles) > 1:
            return best
    for text in lines:
        rows = {delimiter: split(text, delimiter) for delimiter in DELIMITERS}
        for delimiter, cells in rows.items():
            if columns := columns_without_names(cells):
                return Layout(delimiter, set(columns.places), columns)
        if any(not is_nothing(cell) for cells in rows.values() for cell in cells[1:]):
            return None
    return None


def layout_in(path: Path) -> Layout | None:
    """Layout of the table in a file, by its first lines."""
    return layout_of(first_lines(path))


def split(text: str, delimiter: str) -> list[str]:
    r"""Cells of a line; none if its quotes do not match.

    Returns
    -------
    cells : list of str, shape (columns,)

    Examples
    --------
    >>> split('a.wav, "x, y" ', ","), split('"a', ",")
    (['a.wav', 'x, y'], [])
    """
    reader = csv.reader([text.rstrip(" ")], delimiter=delimiter, skipinitialspace=True, strict=True)
    try:
        return [cell.strip() for cell in next(reader)]
    except csv.Error:
        return []
