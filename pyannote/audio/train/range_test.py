"""Learning-rate range test: training steps at rising rates, and the rate that follows from their losses."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from pyannote.audio.core.progress import Progress, silent

Values = Sequence[float] | NDArray[np.float64]

LOWEST, HIGHEST = 1e-6, 10.0
DEFAULT_RATE = 0.01
"""Rate that is chosen if the loss does not fall."""

DESCENT = 0.8
"""Fraction of its total fall that the loss has made at the chosen rate."""

SIGNIFICANT = 1.2
"""Smallest fall of the loss that is significant, in standard deviations of the loss of one batch."""

DIVERGED = 4.0
"""Ratio of the loss to its first values at which the sweep ends."""

# larger losses count as infinite, since their squares and sums overflow
_LARGEST = 1e100


@dataclass(frozen=True)
class RangeTest:
    """Result of a learning-rate range test.

    Parameters
    ----------
    rates, losses : tuple of float, shape (steps,)
        Learning rate of each step, and the loss of its batch before the step.
    chosen : float
        Learning rate to train with.

    Examples
    --------
    >>> RangeTest(rates=(0.001, 0.1, 10.0), losses=(1.0, 0.5, 9.0), chosen=0.05).chosen
    0.05
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    chosen: float


def smoothed(losses: Values) -> NDArray[np.float64]:
    """Smooth losses by a running median, which removes outliers, and a Gaussian filter.

    Parameters
    ----------
    losses : sequence of float, shape (steps,)
        Finite; at least one.

    Returns
    -------
    ndarray, shape (steps,)

    Examples
    --------
    >>> smoothed([1.0] * 10 + [50.0] + [1.0] * 10).max().item()
    1.0
    """
    from scipy.ndimage import gaussian_filter1d, median_filter

    count = len(losses)
    calm = median_filter(np.asarray(losses, dtype=np.float64), max(3, count // 20 | 1), mode="nearest")
    return np.asarray(gaussian_filter1d(calm, max(1.0, 0.03 * count), mode="nearest"))


def finite_part(rates: Values, losses: Values) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rates and losses before the first one that is not finite.

    Parameters
    ----------
    rates, losses : sequence of float, shape (steps,)

    Returns
    -------
    rates, losses : ndarray, shape (finite steps,)

    Examples
    --------
    >>> finite_part([1.0, 2.0, 3.0], [5.0, float("nan"), 5.0])
    (array([1.]), array([5.]))
    """
    rate, loss = np.asarray(rates, dtype=np.float64), np.asarray(losses, dtype=np.float64)
    finite = np.isfinite(rate) & (rate > 0) & (np.abs(loss) < _LARGEST)
    count = len(finite) if finite.all() else int(finite.argmin())
    return rate[:count], loss[:count]


def suggest(rates: Values, losses: Values) -> float:
    """Largest rate to train with: the loss has almost stopped falling there.

    With s the smoothed loss, f the median of the first fifth of the losses, and m the 5th percentile of s::

        chosen = min{rate : s(rate) <= f - DESCENT * (f - m)}

    At higher rates, the loss may stay flat for long, which carries no information.
    If f - m is not larger than noise would make it, `DEFAULT_RATE` is chosen.
    In both cases, the result is at most a tenth of the last rate with a finite loss.

    Parameters
    ----------
    rates, losses : sequence of float, shape (steps,)
        Positive rates in rising order, and the loss at each; losses of any value are accepted.

    Returns
    -------
    float
        Positive and finite.

    References
    ----------
    Smith, "Cyclical Learning Rates for Training Neural Networks", WACV 2017, section 3.3: the largest
    rate of a cycle is the one at which the accuracy stops improving.

    Examples
    --------
    >>> rates = np.geomspace(1e-6, 10, 101)
    >>> losses = np.interp(np.log10(rates), [-4, -2, 0, 1], [3, 1, 1, 100])
    >>> 0.003 < suggest(rates, losses) < 0.01
    True
    >>> suggest(rates, np.ones(101)), suggest([], [])
    (0.01, 0.01)
    """
    rate, loss = finite_part(rates, losses)
    count = len(loss)
    if count == 0:
        return DEFAULT_RATE
    curve = smoothed(loss)
    first = float(np.median(loss[: math.ceil(count / 5)]))
    # a percentile instead of the minimum, which noise along a flat bottom would lower
    fall = first - float(np.percentile(curve, 5))
    chosen = DEFAULT_RATE
    if fall > SIGNIFICANT * _noise(loss[: math.ceil(count / 2)]):
        chosen = float(rate[np.argmax(curve <= first - DESCENT * fall)])
    return max(min(chosen, float(rate[-1]) / 10), float(np.finfo(np.float64).tiny))


def _noise(losses: NDArray[np.float64]) -> float:
    """Standard deviation of losses around a smooth curve, estimated by the median of their differences."""
    # the difference of two normal variables has a median absolute value of 0.954 standard deviations
    return float(np.median(np.abs(np.diff(losses)))) / 0.954 if len(losses) > 1 else math.inf


def sweep(step: Callable[[float], float], steps: int = 100, progress: Progress = silent) -> RangeTest:
    """Train at geometrically rising rates until the loss diverges.

    Parameters
    ----------
    step : callable
        Takes a training step at a rate, and returns the loss before it.
    steps : int
        Number of steps from a rate of 1e-6 to one of 10.
    progress : Progress
        Progress bar over the steps.

    References
    ----------
    Smith, "Cyclical Learning Rates for Training Neural Networks", WACV 2017, section 3.3.

    Examples
    --------
    >>> sweep(lambda rate: 1 + rate, steps=8).chosen
    0.01
    """
    rates: list[float] = []
    losses: list[float] = []
    planned = np.geomspace(LOWEST, HIGHEST, steps).tolist()
    for rate in progress(planned, total=steps, description="Learning rate range test"):
        rates.append(rate)
        losses.append(step(rate))
        if _diverged(losses):
            break
    return RangeTest(tuple(rates), tuple(losses), suggest(rates, losses))


def _diverged(losses: list[float], start: int = 10, recent: int = 3) -> bool:
    """Whether the last loss is not finite, or several successive losses are far above the first ones."""
    if not math.isfinite(losses[-1]):
        return True
    level = float(np.mean(np.abs(losses[:start])))
    return len(losses) > start and 0 < DIVERGED * level < min(losses[-recent:])


@contextmanager
def restored_afterwards(
    modules: Sequence[nn.Module], optimizer: torch.optim.Optimizer, device: torch.device
) -> Iterator[None]:
    """Restore weights, buffers, optimizer and the random state of torch at the end of a block.

    Losses inside the block may be of any value: `torch.autograd.set_detect_anomaly` is off.

    Parameters
    ----------
    modules : sequence of Module
        Trained modules, with weights of any shape.
    optimizer : Optimizer
        Optimizer of their parameters.
    device : torch.device
        Device of the modules.

    Examples
    --------
    >>> layer = nn.Linear(1, 1)
    >>> before = layer.weight.item()
    >>> with restored_afterwards([layer], torch.optim.SGD(layer.parameters(), 0.1), torch.device("cpu")):
    ...     _ = layer.weight.data.add_(1)
    >>> layer.weight.item() == before
    True
    """
    states = [copy.deepcopy(module.state_dict()) for module in modules]
    optimizer_state = copy.deepcopy(optimizer.state_dict())
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices), torch.autograd.set_detect_anomaly(False):
        try:
            yield
        finally:
            for module, state in zip(modules, states, strict=True):
                module.load_state_dict(state)
            optimizer.load_state_dict(optimizer_state)
            optimizer.zero_grad(set_to_none=True)
