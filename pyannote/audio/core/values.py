"""Checked access to the values of files such as specs.yml and params.yml, which users may have edited."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from os import PathLike
from reprlib import Repr
from typing import Any

from pyannote.audio.core.errors import CheckpointError

LAST_EPOCH = 2**31 - 1
"""Highest epoch."""

_REPR = Repr()
_REPR.maxstring = _REPR.maxother = 60


class Values:
    """Nested mappings of plain values, each of which is checked when it is read.

    Parameters
    ----------
    content : object
        Parsed content of the file.
    file : path, optional
        The file, for errors.
    fix : str
        A sentence that says how to correct the file.

    Examples
    --------
    >>> values = Values({"chunk": {"duration": float("nan")}}, "specs.yml", "Correct it.")
    >>> values.number("chunk", "duration", low=0, high=10)
    Traceback (most recent call last):
    ...
    pyannote.audio.core.errors.CheckpointError: specs.yml: chunk.duration must be a number from 0 to 10, not nan. Correct it.
    """  # noqa: E501

    def __init__(self, content: Any, file: str | PathLike[str] | None, fix: str) -> None:
        self._content, self._file, self._fix = content, file, fix

    def __contains__(self, key: str) -> bool:
        return isinstance(self._content, Mapping) and key in self._content

    def get(self, *keys: str) -> Any:
        """Value at a path of keys, unchecked.

        Raises
        ------
        CheckpointError
            If a key is missing.

        Examples
        --------
        >>> Values({"y": {"classes": ["car"]}}, "specs.yml", "Correct it.").get("y", "classes")
        ['car']
        """
        value = self._content
        for depth, key in enumerate(keys):
            if not isinstance(value, Mapping):
                raise self.error(keys[:depth], "a mapping", value)
            if key not in value:
                raise CheckpointError(
                    f"The key {'.'.join(keys[: depth + 1])} is missing.", file=self._file, fix=self._fix
                )
            value = value[key]
        return value

    def number(self, *keys: str, low: float, high: float, above: bool = False) -> float:
        """Finite number from `low` to `high`; with `above`, greater than `low`. Booleans are refused.

        Examples
        --------
        >>> Values({"step": 1}, "specs.yml", "Correct it.").number("step", low=0, high=10)
        1.0
        """
        value = self.get(*keys)
        if _is_number(value) and low <= value <= high and not (above and value == low):
            return float(value)
        bounds = f"greater than {low:g} and at most {high:g}" if above else f"from {low:g} to {high:g}"
        raise self.error(keys, f"a number {bounds}", value)

    def whole(self, *keys: str, low: int, high: int) -> int:
        """Whole number from `low` to `high`. Booleans are refused.

        Examples
        --------
        >>> Values({"epoch": 7}, "params.yml", "Correct it.").whole("epoch", low=0, high=LAST_EPOCH)
        7
        """
        value = self.get(*keys)
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        raise self.error(keys, f"a whole number from {low} to {high}", value)

    def text(self, *keys: str) -> str:
        """Text that is not blank.

        Examples
        --------
        >>> Values({"task": "Dcase"}, "specs.yml", "Correct it.").text("task")
        'Dcase'
        """
        value = self.get(*keys)
        if isinstance(value, str) and value.strip():
            return value
        raise self.error(keys, "a name", value)

    def choice(self, *keys: str, among: Sequence[Any]) -> Any:
        """Text that is one of the allowed values.

        Examples
        --------
        >>> Values({"kind": "vector"}, None, "").choice("kind", among=("frames", "vector"))
        'vector'
        """
        value = self.get(*keys)
        if isinstance(value, str) and value in among:
            return value
        raise self.error(keys, f"one of {', '.join(among)}", value)

    def texts(self, *keys: str) -> tuple[str, ...]:
        """List of different names, at least one.

        Examples
        --------
        >>> Values({"classes": ["car", "bus"]}, None, "").texts("classes")
        ('car', 'bus')
        """
        value = self.get(*keys)
        if isinstance(value, list) and value and all(isinstance(one, str) and one.strip() for one in value):
            if len(set(value)) == len(value):
                return tuple(value)
            doubled = next(one for one in value if value.count(one) > 1)
            raise self.error(keys, "a list without repetitions", doubled)
        raise self.error(keys, "a list of names (in quotes if they read as numbers)", value)

    def names(self, *keys: str) -> list[str]:
        """Keys of a mapping; without arguments, those of the whole file.

        Examples
        --------
        >>> Values({"task": "Dcase", "X": {"dimension": 40}}, None, "").names()
        ['task', 'X']
        """
        value = self.get(*keys)
        if not isinstance(value, Mapping):
            raise self.error(keys, "a mapping", value)
        wrong = [one for one in value if not isinstance(one, str)]
        if wrong:
            raise self.error(
                keys, "a mapping whose keys are names (in quotes if they read as numbers)", wrong[0]
            )
        return list(value)

    def only(self, *keys: str, allowed: Sequence[str]) -> None:
        """Refuse unknown keys: they may be misspelt.

        Examples
        --------
        >>> Values({"y": {"labels": []}}, None, "").only("y", allowed=["classes", "made_of"])
        Traceback (most recent call last):
        ...
        pyannote.audio.core.errors.CheckpointError: y has no key 'labels'; allowed are classes, made_of. ...
        """
        for key in self.names(*keys):
            if key not in allowed:
                location = ".".join(keys) or "This file"
                raise CheckpointError(
                    f"{location} has no key {_REPR.repr(key)}; allowed are {', '.join(allowed)}.",
                    file=self._file,
                    fix=self._fix,
                )

    def error(self, keys: Sequence[str], allowed: str, value: object) -> CheckpointError:
        """Error for a value that is not allowed.

        Examples
        --------
        >>> print(Values({}, "params.yml", "Correct it.").error(["onset"], "a number", "high"))
        params.yml: onset must be a number, not 'high'. Correct it.
        """
        name = ".".join(keys) or "Its content"
        return CheckpointError(
            f"{name} must be {allowed}, not {_REPR.repr(value)}.", file=self._file, fix=self._fix
        )


def _is_number(value: Any) -> bool:
    # integers are compared without conversion: some are too large for a float
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)
