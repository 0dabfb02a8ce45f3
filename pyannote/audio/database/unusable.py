"""Files of a protocol that nothing can be learned from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from pyannote.audio.core.errors import DataError


class Unusable(NamedTuple):
    """A file whose audio is missing, damaged, silent or the like.

    Parameters
    ----------
    name : str
        See `name_of`.
    reason : DataError
        Why it cannot be used, in a sentence.
    """

    name: str
    reason: DataError


def name_of(file: Mapping[str, Any]) -> str:
    """Name that no other file of a protocol has: several databases may call one by the same uri.

    Examples
    --------
    >>> name_of({"database": "AMI", "uri": "ES2011a"})
    'AMI/ES2011a'
    """
    return f"{file['database']}/{file['uri']}"
