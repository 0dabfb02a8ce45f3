"""Learning-rate range test: which rate to train with, found by trying rates that rise from step to step."""

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
DEFAULT = 0.01
"""Rate where a curve says nothing."""

SHARE = 0.8
"""Share of its way down that the loss has made at the rate that is chosen."""

SIGNIFICANT = 1.2
"""Smallest way down that counts, in standard deviations of the loss of one batch."""

DIVERGED = 4.0
"""A loss that has risen to so many times its first values ends the sweep."""

# larger losses are taken for infinite: their squares and sums would be
_LARGEST = 1e100


@dataclass(frozen=True)
class RangeTest:
    """What a sweep has seen, and the rate that follows from it.

    Parameters
    ----------
    rates, losses : tuple of float
        Learning rate of each step, and the loss of its batch before the step.
    chosen : float
        Learning rate to train with.
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    chosen: float


def smoothed(losses: Values) -> NDArray[np.float64]:
    """Losses without outliers (a running median), then without noise (a Gaussian).

    Parameters
    ----------
    losses : sequence of float, at least one
        Finite.

    Returns
    -------
    ndarray, shape (len(losses),)

    Examples
    --------
    >>> smoothed([1.0] * 10 + [50.0] + [1.0] * 10).max().item()
    1.0
    """
    from scipy.ndimage import gaussian_filter1d, median_filter

    count = len(losses)
    calm = median_filter(np.asarray(losses, dtype=np.float64), max(3, count // 20 | 1), mode="nearest")
    return np.asarray(gaussian_filter1d(calm, max(1.0, 0.03 * count), mode="nearest"))


def usable(rates: Values, losses: Values) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rates and losses up to the first that is not finite.

    Examples
    --------
    >>> usable([1.0, 2.0, 3.0], [5.0, float("nan"), 5.0])
    (array([1.]), array([5.]))
    """
    rate, loss = np.asarray(rates, dtype=np.float64), np.asarray(losses, dtype=np.float64)
    finite = np.isfinite(rate) & (rate > 0) & (np.abs(loss) < _LARGEST)
    count = len(finite) if finite.all() else int(finite.argmin())
    return rate[:count], loss[:count]


def suggest(rates: Values, losses: Values) -> float:
    """Largest rate to train with: where the loss has almost stopped falling.

    It is the lowest rate at which the smoothed loss has made four fifths of its way from its first
    values (median of a fifth) down to its lowest ones (5 %). Beyond lies a bottom that may be long, and says
    little.
    A way down that is no longer than noise would make it does not count: `DEFAULT` is the answer then.
    In either case, the answer is at most a tenth of the last rate before the loss ceased to be finite,
    or the sweep ended.

    Parameters
    ----------
    rates, losses : sequence of float, of the same length
        Positive rates in rising order, and the loss at each. Whatever they hold, there is an answer.

    Returns
    -------
    float
        Positive and finite.

    References
    ----------
    Smith, "Cyclical Learning Rates for Training Neural Networks", WACV 2017, section 3.3: the largest
    rate of a cycle is the one at which what is watched stops getting better.

    Examples
    --------
    >>> rates = np.geomspace(1e-6, 10, 101)
    >>> losses = np.interp(np.log10(rates), [-4, -2, 0, 1], [3, 1, 1, 100])
    >>> 0.003 < suggest(rates, losses) < 0.01
    True
    >>> suggest(rates, np.ones(101)), suggest([], [])
    (0.01, 0.01)
    """
    rate, loss = usable(rates, losses)
    count = len(loss)
    if count == 0:
        return DEFAULT
    curve = smoothed(loss)
    first = float(np.median(loss[: math.ceil(count / 5)]))
    # not the minimum, which the noise along a flat bottom would lower
    fall = first - float(np.percentile(curve, 5))
    chosen = DEFAULT
    if fall > SIGNIFICANT * _noise(loss[: math.ceil(count / 2)]):
        chosen = float(rate[np.argmax(curve <= first - SHARE * fall)])
    return max(min(chosen, float(rate[-1]) / 10), float(np.finfo(np.float64).tiny))


def _noise(losses: NDArray[np.float64]) -> float:
    """Standard deviation of losses around a smooth curve, by the median of their differences."""
    # of two normal variables, the difference has a median absolute value of 0.954 standard deviations
    return float(np.median(np.abs(np.diff(losses)))) / 0.954 if len(losses) > 1 else math.inf


def sweep(step: Callable[[float], float], steps: int = 100, progress: Progress = silent) -> RangeTest:
    """Take steps at rates that rise geometrically, until the loss diverges.

    Parameters
    ----------
    step : callable
        Takes a step of training at a rate, and returns the loss before it.
    steps : int
        From a rate of 1e-6 to one of 10.

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
    """Whether the last loss is not finite, or several in a row are far above the first ones."""
    if not math.isfinite(losses[-1]):
        return True
    level = float(np.mean(np.abs(losses[:start])))
    return len(losses) > start and 0 < DIVERGED * level < min(losses[-recent:])


@contextmanager
def without_trace(
    modules: Sequence[nn.Module], optimizer: torch.optim.Optimizer, device: torch.device
) -> Iterator[None]:
    """Undo what is done within to weights and buffers, to an optimizer, and to torch's random state.

    Losses within may be anything: `torch.autograd.set_detect_anomaly` has no effect on them.

    Parameters
    ----------
    modules : sequence of Module
        What is trained.
    optimizer : Optimizer
        Of their parameters.
    device : torch.device
        Where they are.

    Examples
    --------
    >>> layer = nn.Linear(1, 1)
    >>> before = layer.weight.item()
    >>> with without_trace([layer], torch.optim.SGD(layer.parameters(), 0.1), torch.device("cpu")):
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
