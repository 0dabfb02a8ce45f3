"""YAML with line numbers, for files that people write: no repeated keys, values of YAML 1.2."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pyannote.audio.core.errors import ConfigError
from pyannote.audio.io.yaml_files import FLOAT, checked_text, invalid_yaml

LARGEST = 1 << 17
"""Highest number of bytes of a file that people write."""

Location = tuple[str | int, ...]


@dataclass(frozen=True)
class Document:
    """Content of a YAML file, with the line of each of its entries.

    Parameters
    ----------
    file : Path
        The file.
    content : Any
        Plain mappings, lists and values.
    lines : dict
        Line of each entry, counted from 1, by its location: a tuple of keys and indices.

    Examples
    --------
    >>> Document(Path("config.yml"), {"a": [7]}, {(): 1, ("a",): 1, ("a", 0): 2}).lines["a", 0]
    2
    """

    file: Path
    content: Any
    lines: dict[Location, int]

    def error(self, where: Location, message: str, fix: str | None = None) -> ConfigError:
        """Error about the entry at a location, with its line or that of the next entry above it.

        Examples
        --------
        >>> print(Document(Path("a.yml"), {"a": 7}, {(): 1, ("a",): 1}).error(("a", "b"), "It is wrong."))
        a.yml, line 1: It is wrong.
        """
        while where and where not in self.lines:
            where = where[:-1]
        return ConfigError(message, file=self.file, line=self.lines.get(where), fix=fix)


class _Loader(yaml.SafeLoader):
    """Plain values of YAML 1.2: `no`, `1:30` and `010` are strings, `1e-2` is a number."""


_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in resolvers
        if tag.split(":")[-1] not in {"bool", "int", "float", "timestamp"}
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"^[-+]?(?:0|[1-9]\d*)$"), list("-+0123456789")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    FLOAT,
    list("-+0123456789."),
)


def _walk(node: yaml.Node, where: Location, file: Path) -> Iterator[tuple[Location, int]]:
    yield where, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise ConfigError(
                    "A list or a mapping cannot be a key.",
                    file=file,
                    line=line,
                    fix="Write a name before the colon.",
                )
            if key.value in seen:
                raise ConfigError(
                    f"The key {key.value!r} is already in line {seen[key.value]}.",
                    file=file,
                    line=line,
                    fix="Keep one of them.",
                )
            seen[key.value] = line
            yield from _walk(value, (*where, key.value), file)
            yield (*where, key.value), line
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _walk(value, (*where, index), file)


def read_yaml(file: Path) -> Document:
    """Read a YAML file that people write.

    Parameters
    ----------
    file : Path
        A file of at most 128 KiB and 50 levels, without aliases or tags.

    Raises
    ------
    ConfigError
        If the file is missing, is not valid YAML, or repeats a key; with the line.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "config.yml"
    >>> _ = path.write_text("a: {b: 1e-2}")
    >>> document = read_yaml(path)
    >>> document.content, document.lines[("a", "b")]
    ({'a': {'b': 0.01}}, 1)
    """
    text = checked_text(file, LARGEST)
    try:
        node = yaml.compose(text, Loader=_Loader)
        lines = dict(_walk(node, (), file)) if node is not None else {}
        # _Loader is a SafeLoader: it builds plain values only
        content = yaml.load(text, Loader=_Loader)
    except (yaml.YAMLError, ValueError) as error:
        raise invalid_yaml(file, error) from None
    return Document(file, content, lines)
