"""Values of JSON objects of a known type, or errors with the line."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from pyannote.audio.core.errors import DataError
from pyannote.audio.io.encodings import decode
from pyannote.audio.io.json_files import JsonObject
from pyannote.audio.io.lines import content_of


def loaded(path: Path) -> Any:
    """Content of a JSON file, for `looks_right`; None if it is no JSON.

    Examples
    --------
    >>> loaded(Path("/nowhere")) is None
    True
    """
    try:
        return json.loads(decode(content_of(path))[0])
    except (DataError, ValueError, RecursionError):
        return None


def an_object(value: Any, path: Path, line: int) -> JsonObject:
    """Return a value that has to be an object; `line` is that of what it is in.

    Examples
    --------
    >>> an_object([], Path("a.json"), 1)
    Traceback (most recent call last):
    pyannote.audio.core.errors.DataError: a.json, line 1: An object ({...}) is expected here. ...
    """
    if not isinstance(value, JsonObject):
        raise _error("An object ({...}) is expected here.", path, line)
    return value


def a_list(parent: JsonObject, key: str, path: Path) -> list[Any]:
    """Value of a key, which has to be a list.

    Examples
    --------
    >>> a_list(JsonObject({"data": [1]}, 1), "data", Path("a.json"))
    [1]
    """
    value = parent.get(key)
    if not isinstance(value, list):
        raise _error(f"{key!r} has to be a list.", path, parent.line)
    return value


def text_value(parent: JsonObject, key: str, path: Path) -> str:
    """Value of a key, which has to be a text.

    Examples
    --------
    >>> text_value(JsonObject({"label": "car"}, 1), "label", Path("a.json"))
    'car'
    """
    value = parent.get(key)
    if not isinstance(value, str):
        raise _error(f"{key!r} has to be a text.", path, parent.line)
    return value


def number(parent: JsonObject, key: str, path: Path) -> float:
    """Value of a key, which has to be a finite number of seconds, 0 or more.

    Examples
    --------
    >>> number(JsonObject({"time": 2}, 1), "time", Path("a.json"))
    2.0
    """
    value = parent.get(key)
    # true and false are integers in Python
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise _error(f"{key!r} has to be a number of seconds, 0 or more.", path, parent.line)
    return float(value)


def _error(message: str, path: Path, line: int) -> DataError:
    return DataError(message, file=path, line=line, fix="Correct it, or export the file again.")
