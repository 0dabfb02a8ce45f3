"""Files of a protocol that nothing can be learned from."""

from __future__ import annotations

from typing import NamedTuple

from pyannote.audio.core.errors import DataError


class Unusable(NamedTuple):
    """A file whose audio is missing, damaged, silent or the like.

    Parameters
    ----------
    uri : str
        What the protocol calls it.
    reason : DataError
        Why it cannot be used, in a sentence.
    """

    uri: str
    reason: DataError
