"""Digests of plain values and arrays, which tell whether stored results are still valid."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray


def digest(content: Any) -> str:
    """Digest (BLAKE2b) of plain values in 32 hexadecimal digits; the order of keys has no effect.

    Parameters
    ----------
    content : Any
        Mappings, lists, tuples, strings, numbers, True, False and None. Whole numbers have the same digest as
        integers and floats; so have tuples and lists.

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
    """Convert mappings to dictionaries, tuples to lists, and whole floats to integers.

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
    """Digest (BLAKE2b) of named arrays in 32 hexadecimal digits: names, types, shapes and values.

    Examples
    --------
    >>> arrays_digest({"mean": np.zeros(3)}) == arrays_digest({"mean": np.zeros(4)})
    False
    """
    state = blake2b(digest_size=16)
    for name, array in sorted(arrays.items()):
        state.update(f"{name} {array.dtype.str} {array.shape}".encode())
        state.update(np.ascontiguousarray(array).tobytes())
    return state.hexdigest()
