"""Waveforms that stay in the memory of a device."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def concatenated(waveforms: Sequence[NDArray[np.float32]], device: torch.device) -> Tensor:
    """Concatenate waveforms in the memory of a device, copying one at a time.

    Parameters
    ----------
    waveforms : sequence of ndarray of float32, shape (samples,)
    device : torch.device

    Returns
    -------
    Tensor of float32, shape (all samples,)

    Examples
    --------
    >>> concatenated([np.ones(1, dtype=np.float32), np.zeros(2, dtype=np.float32)], torch.device("cpu"))
    tensor([1., 0., 0.])
    """
    samples = torch.empty(sum(map(len, waveforms)), device=device)
    parts = samples.split(list(map(len, waveforms)))
    for part, waveform in zip(parts, waveforms, strict=True):
        part.copy_(torch.from_numpy(np.array(waveform)))
    return samples
