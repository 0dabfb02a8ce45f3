"""Text that tells whether it is as it was written, in a comment at its end."""

from __future__ import annotations

import hashlib

_SEAL = "# sha256: "


def sealed(text: str) -> str:
    r"""A text of whole lines, and a last one with the digest of all before it.

    Examples
    --------
    >>> print(sealed("epoch: 3\n"), end="")
    epoch: 3
    # sha256: 36a06a87c925f9e0e8ac8b9ef616cf3b29905254695fff0876e54f8f82553fdb
    """
    return f"{text}{_SEAL}{_digest(text)}\n"


def is_intact(text: str) -> bool:
    r"""Whether a text is as it was sealed; one without a seal has nothing that could be broken.

    Examples
    --------
    >>> is_intact(sealed("epoch: 3\n")), is_intact(sealed("epoch: 3\n").replace("3", "2", 1))
    (True, False)
    >>> is_intact("epoch: 2\n")
    True
    """
    content, seal, digest = text.rpartition(_SEAL)
    return not seal or digest == f"{_digest(content)}\n"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
