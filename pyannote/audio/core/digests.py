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
        integers and floats; so have tuples and lists. Keys of a mapping are told apart by their types: 1, "1"
        and True are three keys.

    Raises
    ------
    TypeError
        A key or a value is none of these.

    Examples
    --------
    >>> digest({"a": 1, "b": (2.0, None)}) == digest({"b": [2, None], "a": 1.0})
    True
    >>> digest({"a": 1}) == digest({"a": True}), digest({1: "a"}) == digest({"1": "a"})
    (False, False)
    """
    content = plain(content)
    # JSON has no other keys than strings; no JSON begins with this prefix
    text = _json(content) if _has_names(content) else f"typed keys: {_json(_typed(content))}"
    return blake2b(text.encode(), digest_size=16).hexdigest()


def plain(content: Any) -> Any:
    """Convert mappings to dictionaries, tuples to lists, and whole floats to integers.

    Examples
    --------
    >>> plain({"sizes": (64.0, 0.5)})
    {'sizes': [64, 0.5]}
    """
    if isinstance(content, Mapping):
        return {str(key) if isinstance(key, str) else key: plain(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [plain(value) for value in content]
    if isinstance(content, float) and content.is_integer():
        return int(content)
    return content


def _has_names(content: Any) -> bool:
    """Whether all keys of all mappings are strings."""
    if isinstance(content, dict):
        return all(isinstance(key, str) and _has_names(value) for key, value in content.items())
    return not isinstance(content, list) or all(map(_has_names, content))


def _typed(content: Any) -> Any:
    """The same with the JSON of each key as the key, such as '1' for 1 and '"1"' for "1"."""
    if isinstance(content, dict):
        return {_json(plain(key)): _typed(value) for key, value in content.items()}
    return [_typed(value) for value in content] if isinstance(content, list) else content


def _json(content: Any) -> str:
    return json.dumps(content, sort_keys=True, ensure_ascii=True)


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
