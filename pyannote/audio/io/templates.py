"""Path templates with fields in braces, such as `/audio/{uri}.wav`."""

from __future__ import annotations

from collections.abc import Iterator
from string import Formatter
from typing import Any


def invalid_field(template: str) -> str | None:
    """First field of a template that is not a plain name; None if all are.

    Other fields would make `str.format` read attributes, or pad a name to any size.

    Examples
    --------
    >>> invalid_field("/audio/{database}/{uri}.wav") is None
    True
    >>> invalid_field("/audio/{uri.__class__}.wav"), invalid_field("{uri:>99}"), invalid_field("{")
    ('uri.__class__', 'uri:>99', '{')
    """
    try:
        fields = list(Formatter().parse(template))
    except ValueError:
        return template
    for _, name, form, conversion in fields:
        if name is not None and (form or conversion or not name.isidentifier()):
            return f"{name}{f'!{conversion}' if conversion else ''}{f':{form}' if form else ''}"
    return None


def strings_in(content: Any) -> Iterator[str]:
    """Yield all strings in nested mappings and lists, except keys.

    Examples
    --------
    >>> list(strings_in({"a": ["b", {"c": "d"}], "e": 1}))
    ['b', 'd']
    """
    if isinstance(content, str):
        yield content
    elif isinstance(content, (dict, list)):
        for value in content.values() if isinstance(content, dict) else content:
            yield from strings_in(value)
