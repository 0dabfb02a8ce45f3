"""Logarithm of power in decibels with a fixed floor, by NumPy and by torch.

level = 10 log10(max(power, 1e-10))
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pyannote.audio.features.frames import Features

if TYPE_CHECKING:
    from torch import Tensor

FLOOR = 1e-10
"""Smallest power that is distinguished from 0: -100 dB."""


def decibels(power: Features) -> Features:
    """Level in decibels of power of any shape, by NumPy.

    Examples
    --------
    >>> decibels(np.array([[1.0, 0.1, 0.0]], dtype=np.float32)).round(2)
    array([[   0.,  -10., -100.]], dtype=float32)
    """
    level: Features = np.log10(np.maximum(power, np.float32(FLOOR)))
    level *= 10
    return level


def decibels_of_tensors(power: Tensor) -> Tensor:
    """Level in decibels of power of any shape, by torch on the device of the tensor.

    Examples
    --------
    >>> import torch
    >>> decibels_of_tensors(torch.tensor([1.0, 0.1, 0.0]))
    tensor([   0.,  -10., -100.])
    """
    return 10 * power.clamp(min=FLOOR).log10()
