"""Lines of single entries of YAML files that another library has read."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import yaml


class Entry(NamedTuple):
    """An entry of a YAML file.

    Parameters
    ----------
    line : int
        Line of its key, counted from 1.
    value : str, optional
        Text of its value, None where that is a mapping or a list.

    Examples
    --------
    >>> Entry(4, "database").line
    4
    """

    line: int
    value: str | None


def entry_in(file: Path, keys: Iterable[str]) -> Entry | None:
    """Entry of a valid file below some keys, None if there is none; the last of equal keys counts.

    A key that a mapping has not may be in those that it is merged with (`<<: *name`).

    Examples
    --------
    >>> path = getfixture("tmp_path") / "database.yml"
    >>> _ = path.write_text("Protocols: {Street: {scope: file}}")
    >>> entry_in(path, ["Protocols", "Street", "scope"]), entry_in(path, ["Databases"])
    (Entry(line=1, value='file'), None)
    """
    node: yaml.Node | None = yaml.compose(file.read_text(encoding="utf-8-sig"), Loader=yaml.SafeLoader)
    line = 1
    for key in keys:
        found = _value(node, key)
        if found is None:
            return None
        line, node = found
    return Entry(line, node.value if isinstance(node, yaml.ScalarNode) else None)


def _value(node: yaml.Node | None, key: str) -> tuple[int, yaml.Node] | None:
    """Line of a key in a mapping, and its value."""
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    found = [(name.start_mark.line + 1, value) for name, value in pairs if name.value == key]
    if found:
        return found[-1]
    merged = [value for name, value in pairs if name.value == "<<"]
    parts = [part for one in merged for part in (one.value if isinstance(one, yaml.SequenceNode) else [one])]
    return next(filter(None, (_value(part, key) for part in parts)), None)
