"""Features of batches of waveforms in torch, on the device of the waveforms.

The numbers are those of NumPy, up to the rounding of float32. Matrix products are computed in double
precision: torch may multiply float32 with 10 bits of mantissa (TF32) or cast it (autocast), which suits a
network, and destroys small powers. No shape depends on data, and no operation waits for the device once the
constants have been copied. For frames i of hop length H, a window w of W samples, and frequencies k:

    power[i, k] = abs(sum over n of w[n] x[i H + n] exp(-2 pi j k n / W))^2
    derivative[i] = sum over taps m of weight[m] value[i + m - width // 2]
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
    """Array of a function, of any shape, copied to a device once and cached there.

    Examples
    --------
    >>> import numpy as np
    >>> constant(np.eye, 2, device=torch.device("cpu"))
    tensor([[1., 0.],
            [0., 1.]], dtype=torch.float64)
    """
    return torch.from_numpy(make(*arguments)).to(device)


def power(waveforms: Tensor, window: Tensor, hop: int) -> Tensor:
    """Power spectra of overlapping windows.

    Parameters
    ----------
    waveforms : Tensor, shape (batch, samples)
    window : Tensor, shape (samples of a frame,)
    hop : int
        Hop length in samples.

    Returns
    -------
    power : Tensor, shape (batch, frames, frequencies)

    Examples
    --------
    >>> power(torch.ones(1, 6), torch.ones(4), hop=2)
    tensor([[[16.,  0.,  0.],
             [16.,  0.,  0.]]])
    """
    spectrum = torch.fft.rfft(waveforms.unfold(-1, len(window), hop) * window)
    return spectrum.real.square() + spectrum.imag.square()


def product(values: Tensor, matrix: Tensor) -> Tensor:
    """Matrix product in double precision, rounded to float32.

    Parameters
    ----------
    values : Tensor, shape (..., rows)
    matrix : Tensor, shape (rows, columns)

    Returns
    -------
    product : Tensor of float32, shape (..., columns)

    Examples
    --------
    >>> product(torch.tensor([1.0, 2.0]), torch.tensor([[1.0], [0.5]]))
    tensor([2.])
    """
    return (values.double() @ matrix.double()).float()


def derivative(values: Tensor, lengths: Tensor | None, weights: Tensor) -> Tensor:
    """Local derivative over time: that of a polynomial fitted to the surrounding frames.

    Parameters
    ----------
    values : Tensor, shape (batch, frames, dimension)
    lengths : Tensor of int64, shape (batch,), optional
        Number of valid frames of each row of the batch: later frames are not read, and their derivatives are
        undefined. Default: all.
    weights : Tensor, shape (width,)
        Weights of the surrounding frames. At both ends, the derivative is that of the first and of the last
        polynomial; rows of fewer frames than weights repeat their first and last frame.

    Returns
    -------
    derivatives : Tensor, shape (batch, frames, dimension)

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
