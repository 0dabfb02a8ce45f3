"""Digests by which a recording is told from a changed one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Content(NamedTuple):
    """Digests of a recording, as hexadecimal numbers.

    Parameters
    ----------
    audio : str
        Digest of all bytes of its audio file.
    annotation : str
        Digest of its annotated regions and its events.

    Examples
    --------
    >>> Content("9c1a", "03fe").audio
    '9c1a'
    """

    audio: str
    annotation: str


Contents = Mapping[str, Content]
"""Digests of recordings by their names, `<database>/<uri>`."""
