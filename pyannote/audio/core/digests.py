"""Digests of plain values, by which what is kept is compared with what it came from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray


def digest(content: Any) -> str:
    """Digest of plain values, whatever the order of their keys, as 32 hexadecimal digits.

    Parameters
    ----------
    content : Any
        Mappings, lists, tuples, strings, numbers, True, False and None. A whole number is the same as an
        integer or as a float, and a tuple the same as a list.

    Examples
    --------
    >>> digest({"a": 1, "b": (2.0, None)}) == digest({"b": [2, None], "a": 1.0})
    True
    >>> digest({"a": 1}) == digest({"a": True})
    False
    """
    text = json.dumps(plain(content), sort_keys=True, ensure_ascii=True)
    return blake2b(text.encode(), digest_size=16).hexdigest()


def plain(content: Any) -> Any:
    """The same values as dictionaries and lists, with integers instead of whole floats.

    Examples
    --------
    >>> plain({"sizes": (64.0, 0.5)})
    {'sizes': [64, 0.5]}
    """
    if isinstance(content, Mapping):
        return {str(key): plain(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [plain(value) for value in content]
    if isinstance(content, float) and content.is_integer():
        return int(content)
    return content


def arrays_digest(arrays: Mapping[str, NDArray[Any]]) -> str:
    """Digest of named arrays, as 32 hexadecimal digits.

    Examples
    --------
    >>> arrays_digest({"mean": np.zeros(3)}) == arrays_digest({"mean": np.zeros(4)})
    False
    """
    found = blake2b(digest_size=16)
    for name, array in sorted(arrays.items()):
        found.update(f"{name} {array.dtype.str} {array.shape}".encode())
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()
