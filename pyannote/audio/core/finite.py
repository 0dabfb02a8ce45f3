"""Search for infinity and NaN in tensors."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping

import torch
from torch import Tensor


@torch.no_grad()
def first_not_finite(tensors: Mapping[str, Tensor]) -> str | None:
    """Name and value of the first tensor that holds infinity or NaN.

    There is one synchronisation per device, not one per tensor.

    Parameters
    ----------
    tensors : mapping of str to Tensor
        Of any shape, on any device. Integers and booleans are finite.

    Returns
    -------
    str or None
        Such as "norm.running_var (inf)"; None if all values are finite.

    Examples
    --------
    >>> first_not_finite({"a": torch.zeros(2), "b": torch.tensor([1.0, float("nan")]), "n": torch.tensor(1)})
    'b (nan)'
    >>> first_not_finite({"a": torch.zeros(2)}) is None
    True
    """
    devices: dict[torch.device, list[str]] = defaultdict(list)
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and tensor.numel():
            devices[tensor.device].append(name)
    bad = set()
    for names in devices.values():
        # the largest absolute value, in one pass over each tensor; no value is too large for it
        largest = torch._foreach_norm([tensors[name] for name in names], ord=math.inf)
        finite = torch.stack([value.double() for value in largest]).isfinite().tolist()
        bad |= {name for name, whole in zip(names, finite, strict=True) if not whole}
    for name, tensor in tensors.items():
        if name in bad:
            return f"{name} ({tensor[~tensor.isfinite()][0].item()})"
    return None
