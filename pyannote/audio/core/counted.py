"""Counts in sentences."""

from __future__ import annotations


def counted(count: int, singular: str, plural: str | None = None) -> str:
    """A count with its noun, or with noun and verb.

    Parameters
    ----------
    count : int
    singular : str
        Words after a count of 1.
    plural : str, optional
        Words after any other count. Defaults to the singular and an "s".

    Examples
    --------
    >>> counted(1, "speaker"), counted(0, "speaker")
    ('1 speaker', '0 speakers')
    >>> counted(1, "speaker has", "speakers have"), counted(2, "speaker has", "speakers have")
    ('1 speaker has', '2 speakers have')
    """
    return f"{count} {singular if count == 1 else plural or f'{singular}s'}"
