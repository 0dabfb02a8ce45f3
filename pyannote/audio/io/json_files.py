"""Reading of JSON with the line of each object, and limits that keep hostile text from doing harm."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from pathlib import Path
from typing import Any

from pyannote.audio.core.errors import DataError
from pyannote.audio.io.lines import quoted

# their parts in Python are not in the stubs of the standard library
_json: Any = json

DEEPEST = 50
"""Highest number of nested levels."""


class JsonObject(dict[str, Any]):
    """Object of a JSON text, with the line where it begins.

    Examples
    --------
    >>> JsonObject({"onset": 1.5}, line=3).line
    3
    """

    def __init__(self, items: dict[str, Any], line: int) -> None:
        super().__init__(items)
        self.line = line


def parse_json(text: str, path: Path) -> Any:
    r"""Parse a JSON text.

    Parameters
    ----------
    text : str
    path : Path
        The file, for errors.

    Returns
    -------
    value : JsonObject, list, str, float, int, bool or None

    Raises
    ------
    DataError
        With the line, if it is no JSON, has the same key twice, or is nested more deeply than `DEEPEST`.

    Examples
    --------
    >>> parse_json('[\n {"label": "car"},\n {"label": "bus"}]', Path("a.json"))[1].line
    3
    >>> parse_json('{"label": 1, "label": 2}', Path("a.json"))
    Traceback (most recent call last):
    pyannote.audio.core.errors.DataError: a.json, line 1: The key 'label' occurs twice in an object. ...
    """
    try:
        return _Decoder(text, path).decode(text)
    except json.JSONDecodeError as error:
        message = f"This is not valid JSON ({error.msg})."
        raise DataError(message, file=path, line=error.lineno, fix="Export the file again.") from None


class _Decoder(json.JSONDecoder):
    """Decoder that knows where each object begins."""

    def __init__(self, text: str, path: Path) -> None:
        super().__init__(object_pairs_hook=list, parse_int=_parse_int)
        self._path, self._depth = path, 0
        self._breaks = [0, *(place.end() for place in re.finditer("\n", text))]
        # the scanner in C would call neither of them
        self.parse_object, self.parse_array = self._object, self._array
        self.scan_once = _json.scanner.py_make_scanner(self)

    def _object(self, place: tuple[str, int], *rest: Any) -> tuple[JsonObject, int]:
        line = self._enter(place)
        pairs, end = _json.decoder.JSONObject(place, *rest)
        self._depth -= 1
        items = dict(pairs)
        if len(items) < len(pairs):
            keys = [key for key, _ in pairs]
            doubled = next(key for key in keys if keys.count(key) > 1)
            message = f"The key {quoted(doubled)} occurs twice in an object."
            raise DataError(message, file=self._path, line=line, fix="Remove one of them.")
        return JsonObject(items, line), end

    def _array(self, place: tuple[str, int], *rest: Any) -> tuple[list[Any], int]:
        self._enter(place)
        values, end = _json.decoder.JSONArray(place, *rest)
        self._depth -= 1
        return values, end

    def _enter(self, place: tuple[str, int]) -> int:
        """Line of a place, one level deeper."""
        line = bisect_right(self._breaks, place[1] - 1)
        self._depth += 1
        if self._depth > DEEPEST:
            message = f"This is nested more than {DEEPEST} levels deep."
            raise DataError(message, file=self._path, line=line, fix="Check that this is the right file.")
        return line


def _parse_int(digits: str) -> float:
    """Integer, or a float where it has so many digits that Python refuses to convert them."""
    return int(digits) if len(digits) < 20 else float(digits)
