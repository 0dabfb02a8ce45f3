"""What is moved to a device once, to stay there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def joined(waveforms: Sequence[NDArray[np.float32]], device: torch.device) -> Tensor:
    """Waveforms one after the other on a device, moved one by one.

    Examples
    --------
    >>> joined([np.ones(1, dtype=np.float32), np.zeros(2, dtype=np.float32)], torch.device("cpu"))
    tensor([1., 0., 0.])
    """
    samples = torch.empty(sum(map(len, waveforms)), device=device)
    parts = samples.split(list(map(len, waveforms)))
    for part, waveform in zip(parts, waveforms, strict=True):
        part.copy_(torch.from_numpy(np.array(waveform)))
    return samples
