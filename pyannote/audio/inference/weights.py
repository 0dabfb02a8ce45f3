"""Weights of a network: checked after they are read from a file, then loaded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pyannote.audio.core.errors import CheckpointError
from pyannote.audio.core.finite import first_not_finite
from pyannote.audio.models.base import Model


def load_weights(model: Model, weights: Mapping[str, Any], file: Path) -> None:
    """Load trained weights into a model.

    Parameters
    ----------
    model : Model
        Network for the specifications of the training.
    weights : mapping of str to Tensor
        State dict, of the shapes of the network.
    file : Path
        File of the weights, `<train>/weights/<epoch>.pt`.

    Raises
    ------
    CheckpointError
        If they are those of another architecture or resolution, or invalid: keys that are not strings, values
        that are not tensors, of another type, not finite, or in shared memory.

    Examples
    --------
    >>> model = getfixture("detection").bundle.network()
    >>> load_weights(model, {"X_mean": torch.zeros(8)}, Path("0001.pt"))
    Traceback (most recent call last):
    pyannote.audio.core.errors.CheckpointError: 0001.pt: These weights do not fit the architecture...
    """
    if fault := fault_of(weights, model.state_dict()):
        raise CheckpointError(fault, file=file, fix="Use another epoch or file.")
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        reason = str(error).strip().split("\n")[-1].strip()
        raise CheckpointError(
            f"These weights do not fit the architecture of config.yml ({reason}).",
            file=file,
            fix="Use the configuration that they were trained with.",
        ) from None
    model.specifications.check_model(model.resolution, file.parent.parent / "specs.yml")


def fault_of(weights: Mapping[Any, Any], expected: Mapping[str, Tensor]) -> str | None:
    """Describe the first fault that PyTorch would accept, or report without the name of the weight.

    Parameters
    ----------
    weights : mapping
        Content of a file, with keys and values of any type.
    expected : mapping of str to Tensor
        State dict of the network, for the types of numbers. `load_state_dict` compares names and shapes.

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
    if value := first_not_finite({repr(name): value for name, value in weights.items()}):
        return f"The weight {value} is not a finite number."
    return None


def _fault(name: Any, value: Any, expected: Tensor | None) -> str | None:
    if not isinstance(name, str):
        return f"The key {name!r:.40} of the weights is not a name but of type {type(name).__name__}."
    shown = f"The weight {name!r:.200}"
    if not isinstance(value, Tensor):
        return f"{shown} is not a tensor but of type {type(value).__name__}."
    if value.layout != torch.strided or value.is_meta or value.is_quantized:
        return f"{shown} is not a plain tensor of numbers."
    if expected is not None and value.dtype != expected.dtype:
        return f"{shown} holds numbers of {value.dtype} instead of {expected.dtype}."
    if _overlaps(value):
        return f"{shown} holds one number in several places (an expanded tensor)."
    return None


def _overlaps(value: Tensor) -> bool:
    """Whether two values of a tensor may share one memory address."""
    extent = 1
    for stride, size in sorted(zip(value.stride(), value.shape, strict=True)):
        if size > 1 and stride < extent:
            return True
        extent += stride * (size - 1)
    return False


def _shared(weights: Mapping[str, Tensor]) -> Iterator[tuple[str, str]]:
    """Pairs of names of tensors whose memory overlaps."""
    intervals = []
    for name, value in weights.items():
        if value.numel():
            extent = 1 + sum(map(_reach, value.stride(), value.shape))
            intervals.append((value.data_ptr(), value.data_ptr() + extent * value.element_size(), name))
    for (_, end, first), (start, _, second) in pairwise(sorted(intervals)):
        if start < end:
            yield first, second


def _reach(stride: int, size: int) -> int:
    return stride * (size - 1)
