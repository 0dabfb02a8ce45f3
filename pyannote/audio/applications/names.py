"""Names of recordings in messages."""

from __future__ import annotations

from collections.abc import Collection
from itertools import islice

from pyannote.audio.io.lines import quoted


def enumerated(names: Collection[str], shown: int = 10) -> str:
    """Names with commas between, the first ones of many.

    Examples
    --------
    >>> enumerated(["a", "b"]), enumerated("abcd", shown=2)
    ("'a', 'b'", "'a', 'b' and 2 more")
    """
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(quoted(name) for name in islice(names, shown)) + more
