"""Checks of weights that were read from a file, before a network takes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from pyannote.audio.core.finite import first_not_finite


def fault_of(weights: Mapping[Any, Any], expected: Mapping[str, Tensor]) -> str | None:
    """Sentence on the first fault of weights that PyTorch would take, or fail at without naming it.

    Parameters
    ----------
    weights : mapping
        Content of a file, whose keys and values may be anything.
    expected : mapping of str to Tensor
        State dict of the network, whose types of numbers are asked for. Names and shapes are compared by
        `load_state_dict`.

    Returns
    -------
    str or None
        None if there is no such fault.

    Examples
    --------
    >>> fault_of({"a": torch.zeros(2).double()}, {"a": torch.zeros(2)})
    "The weight 'a' holds numbers of torch.float64 instead of torch.float32."
    >>> fault_of({"a": torch.zeros(1).expand(2)}, {"a": torch.zeros(2)})
    "The weight 'a' holds one number in several places (an expanded tensor)."
    """
    for name, value in weights.items():
        if fault := _fault(name, value, expected.get(name) if isinstance(name, str) else None):
            return fault
    if shared := set(_shared(weights)) - set(_shared(expected)):
        return "The weights {!r} and {!r} share memory.".format(*min(shared))
    if found := first_not_finite({repr(name): value for name, value in weights.items()}):
        return f"The weight {found} is not a finite number."
    return None


def _fault(name: Any, value: Any, expected: Tensor | None) -> str | None:
    if not isinstance(name, str):
        return f"The weights hold {name!r:.40} (of type {type(name).__name__}) in the place of a name."
    shown = f"The weight {name!r:.200}"
    if not isinstance(value, Tensor):
        return f"{shown} is no tensor but of type {type(value).__name__}."
    if value.layout != torch.strided or value.is_meta or value.is_quantized:
        return f"{shown} is no plain tensor of numbers."
    if expected is not None and value.dtype != expected.dtype:
        return f"{shown} holds numbers of {value.dtype} instead of {expected.dtype}."
    if _overlaps(value):
        return f"{shown} holds one number in several places (an expanded tensor)."
    return None


def _overlaps(value: Tensor) -> bool:
    """Whether two values of a tensor may lie in one place of the memory."""
    extent = 1
    for stride, size in sorted(zip(value.stride(), value.shape, strict=True)):
        if size > 1 and stride < extent:
            return True
        extent += stride * (size - 1)
    return False


def _shared(weights: Mapping[str, Tensor]) -> Iterator[tuple[str, str]]:
    """Names of tensors that lie in the same part of the memory."""
    places = []
    for name, value in weights.items():
        if value.numel():
            extent = 1 + sum(map(_reach, value.stride(), value.shape))
            places.append((value.data_ptr(), value.data_ptr() + extent * value.element_size(), name))
    for (_, end, first), (start, _, second) in pairwise(sorted(places)):
        if start < end:
            yield first, second


def _reach(stride: int, size: int) -> int:
    return stride * (size - 1)
