"""Templates of paths, in which names in braces stand for what is known of a file."""

from __future__ import annotations

from collections.abc import Iterator
from string import Formatter
from typing import Any


def invalid_field(template: str) -> str | None:
    """What stands in braces and is no plain name, if anything is.

    `str.format` would look into objects, or widen a name to any size.

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
    """All texts in mappings and lists, but for keys."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, (dict, list)):
        for value in content.values() if isinstance(content, dict) else content:
            yield from strings_in(value)
