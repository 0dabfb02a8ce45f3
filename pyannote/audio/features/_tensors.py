"""Features of batches of waveforms in torch, on whatever device the waveforms are.

The numbers are those of NumPy, up to the rounding of float32. Products of matrices are made in double
precision: torch may be told to multiply float32 with 10 bits (TF32) or to cast it (autocast), for the good of
a network and to the harm of small powers. Nothing here has a shape that depends on data, nor anything that
would wait for the device, once the constants are there.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor


@lru_cache(maxsize=128)
def constant(make: Callable[..., NDArray[Any]], *arguments: Any, device: torch.device) -> Tensor:
    """Array that a function makes, on a device, where it stays.

    Examples
    --------
    >>> import numpy as np
    >>> constant(np.eye, 2, device=torch.device("cpu"))
    tensor([[1., 0.],
            [0., 1.]], dtype=torch.float64)
    """
    return torch.from_numpy(make(*arguments)).to(device)


def power(waveforms: Tensor, window: Tensor, hop: int) -> Tensor:
    """Power spectra of windows `hop` samples apart: (batch, samples) to (batch, frames, frequencies)."""
    spectrum = torch.fft.rfft(waveforms.unfold(-1, len(window), hop) * window)
    return spectrum.real.square() + spectrum.imag.square()


def product(values: Tensor, matrix: Tensor) -> Tensor:
    """Product with a matrix of doubles, rounded to float32."""
    return (values.double() @ matrix.double()).float()


def derivative(values: Tensor, lengths: Tensor | None, weights: Tensor) -> Tensor:
    """Local derivative over time: that of a polynomial of its own order, fitted to some frames around.

    Parameters
    ----------
    values : Tensor, shape (batch, frames, dimension)
    lengths : Tensor of int64, shape (batch,), optional
        Frames of each row of the batch that there are: the others are not looked at, and what is given for
        them means nothing. Defaults to all.
    weights : Tensor, shape (width,)
        Of the frames around. The first and the last polynomial go on to both ends, where their derivatives
        are the same; where there are fewer frames, the first and the last one are repeated.

    Examples
    --------
    >>> difference = torch.tensor([-0.5, 0.0, 0.5])
    >>> derivative(torch.tensor([[[1.0], [4.0], [9.0], [10.0]]]), None, difference).ravel()
    tensor([4., 4., 3., 3.])
    """
    batch, frames, dimension = values.shape
    width = len(weights)
    if lengths is None:
        lengths = torch.full((batch,), frames, device=values.device)
    lengths = lengths[:, None]
    around = torch.arange(frames, device=values.device) - width // 2
    first = torch.where(lengths < width, around, around.clamp(min=0).minimum(lengths - width))
    total = torch.zeros_like(values)
    for tap in range(width):
        frame = (first + tap).clamp(min=0).minimum(lengths - 1)[..., None]
        total += weights[tap] * values.gather(1, frame.expand(batch, frames, dimension))
    return total
