"""A list of events in JSON.

    [{"recording": "monday.wav", "onset": 3.25, "offset": 4.75, "label": "people walking"},
     {"recording": "tuesday.wav"}]

Keys are in the words of any data set (see `tables.columns`). An object with a recording alone stands for one
without events.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pyannote.audio.core.errors import DataError
from pyannote.audio.core.labels import Event
from pyannote.audio.database.formats._lines import first_lines, text_of
from pyannote.audio.database.formats.base import Format, Reading, ReadOptions
from pyannote.audio.database.formats.tables.columns import Columns, columns_of, roles_of, unread_columns
from pyannote.audio.database.formats.tables.rows import Rows
from pyannote.audio.io.lines import quoted

Object = dict[str, object]


def read(path: Path, recording: str, options: ReadOptions) -> Reading:
    """Read a list of events, whose times are in seconds, or in minutes and seconds (1:30.5)."""
    rows = Rows(path, options)
    known: dict[tuple[str, ...], Columns] = {}
    for line, found in _objects(text_of(path, rows.reading), path):
        keys, cells = tuple(found), [_cell(value, path, line) for value in found.values()]
        if keys not in known:
            known[keys] = _columns(keys, options, path, line)
        columns = known[keys]
        rows.add({role: cells[place] for role, place in columns.places.items()}, line, columns.several)
    rows.reading.remarks += unread_columns(*known.values())
    return rows.finished()


def _columns(keys: Sequence[str], options: ReadOptions, path: Path, line: int) -> Columns:
    if len(keys) == 1 and roles_of(keys) == {"file"}:
        return Columns({"file": 0}, count=1)
    columns = columns_of(keys, options.label_column, path, line)
    if "file" not in columns.places:
        raise DataError("The recording is missing.", file=path, line=line, fix="Add the key `recording`.")
    return columns


def _cell(value: object, path: Path, line: int) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        found = f"{quoted(json.dumps(value))} is neither text nor a number."
        raise DataError(found, file=path, line=line, fix="Write each event as an object of its own.")
    return value.strip()


def _objects(text: str, path: Path) -> Iterator[tuple[int, Object]]:
    """Line and content of each object of a list; numbers are text, as they are written."""
    decoder = json.JSONDecoder(object_pairs_hook=_object, parse_float=str, parse_int=str, parse_constant=str)
    line, counted, position = 1, 0, _after_blanks(text, 0)
    if not text.startswith("[", position):
        raise _unreadable(text, position, path)
    position = _after_blanks(text, position + 1)
    while not text.startswith("]", position):
        line, counted = line + text.count("\n", counted, position), position
        try:
            found, position = decoder.raw_decode(text, position)
        except json.JSONDecodeError as error:
            raise _unreadable(text, error.pos, path) from None
        except (ValueError, RecursionError):
            raise _unreadable(text, position, path) from None
        if not isinstance(found, dict):
            raise _unreadable(text, counted, path)
        yield line, found
        position = _after_blanks(text, position)
        if text.startswith(",", position):
            position = _after_blanks(text, position + 1)
        elif not text.startswith("]", position):
            raise _unreadable(text, position, path)
    if text[position + 1 :].strip():
        raise _unreadable(text, position + 1, path)


def _object(pairs: Sequence[tuple[str, object]]) -> Object:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("A key occurs twice.")
    return dict(pairs)


def _after_blanks(text: str, position: int) -> int:
    while text[position : position + 1] in set(" \t\r\n"):
        position += 1
    return position


def _unreadable(text: str, position: int, path: Path) -> DataError:
    return DataError(
        "This is no list of events.",
        file=path,
        line=text.count("\n", 0, position) + 1,
        fix='Write it in JSON as [{"recording": "a.wav", "onset": 0.5, "offset": 1.5, "label": "car"}, ...], '
        "each key once.",
    )


def looks_right(path: Path) -> bool:
    """Whether the first object of a list is an event, or a recording alone; its values are no objects."""
    try:
        _, found = next(_objects("\n".join(first_lines(path, 100)), path), (1, {}))
    except DataError:
        return False
    roles, nested = roles_of(tuple(found)), any(isinstance(one, dict | list) for one in found.values())
    return not nested and "file" in roles and ("label" in roles or len(found) == 1)


def write(events: Mapping[str, Sequence[Event]], durations: Mapping[str, float]) -> dict[str, str]:
    """Format events as one list, with an object a line; times are in seconds, rounded to six decimals."""
    objects: list[Object] = []
    for recording, own in events.items():
        objects += [
            {"recording": recording, "onset": round(onset, 6), "offset": round(offset, 6), "label": label}
            for onset, offset, label in own
        ] or [{"recording": recording}]
    lines = ",\n".join(json.dumps(one, ensure_ascii=False) for one in objects)
    return {"events.json": f"[{lines}]\n"}


FORMAT = Format("list of events in JSON", ("*.json",), read, looks_right, write=write)
