"""Labels that are one label in different spellings."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable

LONGEST = 80
"""Highest number of characters of a label in a message."""


def spelled_alike(labels: Iterable[str]) -> list[list[str]]:
    r"""Groups of labels that differ in case, blanks, underscores, hyphens, or the form of Unicode alone.

    Parameters
    ----------
    labels : iterable of str

    Returns
    -------
    groups : list of list of str, shape (groups,)
        In alphabetical order, each of two labels or more.

    Examples
    --------
    >>> spelled_alike(["Coq", "coq", "people talking", "people_talking", "12", "1-2"])
    [['Coq', 'coq'], ['people talking', 'people_talking']]
    >>> len(spelled_alike(["cafe\u0301", "caf\u00e9"]))
    1
    """
    groups = defaultdict(list)
    for label in sorted(set(labels)):
        groups[_key(label)].append(label)
    return sorted(group for group in groups.values() if len(group) > 1)


def visible(label: str) -> str:
    r"""Label in quotes, with characters escaped that are invisible or part of another one.

    Examples
    --------
    >>> print(visible("caf\u00e9"), visible("cafe\u0301"))
    'café' 'cafe\u0301'
    """
    plain = unicodedata.normalize("NFC", label) == label
    seen = all(unicodedata.category(one) not in {"Cf", "Mn"} for one in label)
    text = repr(label) if plain and seen else ascii(label)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 4]}...'"


def _key(label: str) -> str:
    """The label without what may differ: separators are one blank, and invisible characters are left out."""
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", label).casefold())
    parts = []
    for character in folded:
        category = unicodedata.category(character)
        if character.isspace() or category in {"Pd", "Pc"}:
            parts.append(" ")
        elif category != "Cf":
            parts.append(character)
    return " ".join("".join(parts).split())
