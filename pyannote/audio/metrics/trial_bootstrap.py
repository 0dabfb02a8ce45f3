"""How far an error rate of trials could have come out otherwise, had other speakers been recorded.

Trials share speakers, so that they are not independent: a voice that is hard to tell from others spoils all
of its trials together. Drawing trials again would take 40,000 trials of 40 speakers for 40,000 observations,
and give intervals that are far too narrow. What is drawn with replacement are the speakers instead.

A speaker that is drawn w times stands for w speakers. Each of them has the trials within the speaker; trials
between two speakers happen between all copies of both. Hence a trial weighs w where both sides are the same,
and the product of both w otherwise: the bootstrap of the vertices of a graph, whose edges are the trials.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pyannote.audio.core.errors import DataError
from pyannote.audio.metrics.decisions import Cuts
from pyannote.audio.metrics.verification import DetCurve, checked_trials, weighted_curve

LARGEST_WORK = 10**8
"""Trials times resamples."""
FEWEST_RESAMPLES = 100


def trial_intervals(
    scores: ArrayLike,
    targets: ArrayLike,
    measures: Mapping[str, Callable[[DetCurve], float]],
    groups: ArrayLike | None = None,
    n: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> dict[str, tuple[float, float]]:
    """Percentile bootstrap intervals of measures of a DET curve.

    Parameters
    ----------
    scores, targets : array, shape (trials,)
        See `det_curve`.
    measures : mapping from name to callable
        What is measured on the curve of each resample.
    groups : array, shape (trials, 2), optional
        Speakers of both sides of each trial, numbers or names; files where speakers are unknown. Without
        groups every trial is drawn by itself, which is right only for trials that have nothing in common.
    n : int
        Number of resamples. Above 10^8 trials in all resamples there are fewer, yet at least 100.
    seed : int
        The same seed gives the same intervals.
    level : float
        Probability between 0 and 1 that lies between both ends.

    Returns
    -------
    intervals : dict from name to (low, high)
        Resamples without trials of both kinds are left out. Both ends are NaN if none remains, or if there is
        one group only, which tells nothing about others.

    Raises
    ------
    DataError
        As `det_curve`, and if groups do not fit or `level` is not between 0 and 1.

    References
    ----------
    T. Snijders, S. Borgatti: Non-parametric standard errors and tests for network statistics. Connections
    22(2), 1999. For sampled rows and columns: A. Owen: The pigeonhole bootstrap. Annals of Applied Statistics
    1(2), 2007.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> speakers = rng.integers(20, size=(2000, 2))
    >>> same = speakers[:, 0] == speakers[:, 1]
    >>> scores = rng.normal(size=2000) + 3 * same
    >>> rates = {"rate": lambda curve: curve.equal_error_rate().value}
    >>> low, high = trial_intervals(scores, same, rates, speakers, n=100)["rate"]
    >>> 0 < low < 0.07 < high < 0.2
    True
    """
    values, truth = checked_trials(scores, targets)
    if not 0 < level < 1:
        raise DataError(
            f"The level {level} is no probability.", fix="Give one between 0 and 1, such as 0.95."
        )
    sides, size = _sides(groups, len(values))
    order = np.argsort(-values)
    cuts, truth, sides = Cuts(values[order]), truth[order], sides[order]
    rng = np.random.default_rng(seed)
    found: dict[str, list[float]] = {name: [] for name in measures}
    resamples = min(n, max(FEWEST_RESAMPLES, LARGEST_WORK // len(values)))
    for _ in range(resamples if size > 1 else 0):
        drawn = np.append(np.bincount(rng.integers(size, size=size), minlength=size), 1)
        weights = drawn[sides[:, 0]] * drawn[sides[:, 1]]
        if (weights * truth).any() and (weights * ~truth).any():
            curve = weighted_curve(cuts, weights * truth, weights * ~truth)
            for name, measure in measures.items():
                found[name].append(measure(curve))
    ends = [(1 - level) / 2, (1 + level) / 2]
    return {name: _quantiles(values, ends) for name, values in found.items()}


def _sides(groups: ArrayLike | None, trials: int) -> tuple[NDArray[np.int64], int]:
    """Two columns of what each trial's weight is the product of, and the number of groups.

    The number itself stands for a factor of 1, which is the second factor of a trial within one group.
    """
    if groups is None:
        return np.column_stack([np.arange(trials), np.full(trials, trials)]), trials
    named = np.asarray(groups)
    if named.shape != (trials, 2):
        raise DataError(
            f"Found groups of shape {named.shape} for {trials} trials.",
            fix="Give the groups of both sides of each trial.",
        )
    names, sides = np.unique(named, return_inverse=True)
    sides = sides.reshape(trials, 2)
    sides[:, 1] = np.where(sides[:, 0] == sides[:, 1], len(names), sides[:, 1])
    return sides, len(names)


def _quantiles(values: list[float], ends: list[float]) -> tuple[float, float]:
    if not values:
        return np.nan, np.nan
    low, high = np.quantile(values, ends)
    return float(low), float(high)
