"""Bootstrap confidence intervals over speakers for the error rates of trials.

Trials share speakers, so that they are not independent: a voice that is hard to distinguish from others
causes errors in all of its trials. Resampling trials would treat 40,000 trials of 40 speakers as 40,000
independent observations, and give intervals that are far too narrow. Speakers are resampled with replacement
instead.

A speaker that is drawn w times stands for w speakers. With w(a) and w(b) for the speakers of both sides, a
trial has the weight

    w(a)            if a = b
    w(a) w(b)       otherwise

This is the bootstrap of the vertices of a graph whose edges are the trials.

Trials that are separated without error are so in every resample, for which the bootstrap gives an interval
of 0 alone. Its upper end is then the measure of a curve through one decision, whose rates of false alarms
and misses are the limits of the rule of three: 3 / n for 95 %, with the number n of speakers of these trials.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pyannote.audio.core.errors import DataError
from pyannote.audio.metrics.decisions import Cuts
from pyannote.audio.metrics.intervals import Interval, check_level, interval_of, rule_of_three
from pyannote.audio.metrics.verification import DetCurve, checked_trials, weighted_curve

MAX_WORK = 10**8
"""Largest product of trials and resamples."""

MIN_RESAMPLES = 100
"""Smallest number of resamples, however many trials there are."""


def trial_intervals(
    scores: ArrayLike,
    targets: ArrayLike,
    measures: Mapping[str, Callable[[DetCurve], float]],
    groups: ArrayLike | None = None,
    n: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> dict[str, Interval]:
    """Percentile bootstrap intervals of measures of a DET curve.

    Parameters
    ----------
    scores, targets : array, shape (trials,)
        See `det_curve`.
    measures : mapping from name to callable
        Functions from the DET curve of a resample to a number.
    groups : array, shape (trials, 2), optional
        Speakers of both sides of each trial, numbers or names; files where speakers are unknown. Without
        groups, trials are resampled independently, which is right only for trials that share no speaker.
    n : int
        Number of resamples. It is reduced, at most to 100, so that all resamples together have no more than
        10^8 trials.
    seed : int
        The same seed gives the same intervals.
    level : float
        Confidence level, between 0 and 1 (excluded).

    Returns
    -------
    intervals : dict from name to (low, high)
        Resamples without target or without non-target trials are left out. Both limits are NaN if none
        remains, if there is one group only, if all resamples give the same value between 0 and 1, and for the
        rule of three if trials of one kind have three groups or fewer.

    Raises
    ------
    DataError
        As `det_curve`, and if groups do not fit or `level` is not between 0 and 1.

    References
    ----------
    T. Snijders, S. Borgatti: Non-parametric standard errors and tests for network statistics. Connections
    22(2), 1999. For sampled rows and columns: A. Owen: The pigeonhole bootstrap. Annals of Applied Statistics
    1(2), 2007. For the rule of three, see `rule_of_three`.

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
    check_level(level)
    results = resampled(scores, targets, measures, groups, n, seed)
    sides, size = _sides(groups, np.size(targets))
    truth = np.asarray(targets, bool)
    kinds = [_groups(sides[kind], size) for kind in (truth, ~truth)]
    miss, false_alarm = (rule_of_three(groups, level) for groups in kinds)
    return {
        name: interval_of(results[name], level, *_ends(measure, miss, false_alarm))
        for name, measure in measures.items()
    }


def resampled(
    scores: ArrayLike,
    targets: ArrayLike,
    measures: Mapping[str, Callable[[DetCurve], float]],
    groups: ArrayLike | None = None,
    n: int = 1000,
    seed: int = 0,
) -> dict[str, NDArray[np.float64]]:
    """Measures of resamples, which are the same for all scores of the same trials and groups.

    Differences of two systems therefore come from the same speakers.

    Parameters
    ----------
    scores, targets, measures, groups, n, seed
        See `trial_intervals`.

    Returns
    -------
    dict of str to float64, shape (resamples,)
        Without resamples that have no target, or no non-target trial. Empty if there is one group.

    Raises
    ------
    DataError
        As `det_curve`, and if groups do not fit.

    Examples
    --------
    >>> speakers = np.array([[0, 0], [1, 1], [0, 1], [1, 2], [2, 2], [0, 2]])
    >>> same = speakers[:, 0] == speakers[:, 1]
    >>> rates = {"rate": lambda curve: curve.equal_error_rate().value}
    >>> worse, better = (
    ...     resampled(scores, same, rates, speakers, n=50)["rate"] for scores in (np.zeros(6), 1.0 * same)
    ... )
    >>> bool((worse > better).all()), len(worse) == len(better)
    (True, True)
    """
    values, truth = checked_trials(scores, targets)
    sides, size = _sides(groups, len(values))
    order = np.argsort(-values)
    cuts, truth, sides = Cuts(values[order]), truth[order], sides[order]
    rng = np.random.default_rng(seed)
    results: dict[str, list[float]] = {name: [] for name in measures}
    resamples = min(n, max(MIN_RESAMPLES, MAX_WORK // len(values)))
    for _ in range(resamples if size > 1 else 0):
        copies = np.append(np.bincount(rng.integers(size, size=size), minlength=size), 1)
        weights = copies[sides[:, 0]] * copies[sides[:, 1]]
        if (weights * truth).any() and (weights * ~truth).any():
            curve = weighted_curve(cuts, weights * truth, weights * ~truth)
            for name, measure in measures.items():
                results[name].append(measure(curve))
    return {name: np.array(found) for name, found in results.items()}


def _groups(sides: NDArray[np.int64], size: int) -> int:
    """Number of groups of some trials; the group `size` is none (see `_sides`)."""
    return int(np.unique(sides[sides < size]).size)


def _ends(measure: Callable[[DetCurve], float], miss: float, false_alarm: float) -> tuple[float, float]:
    """Upper end of the interval of a measure that is 0, and lower end of that of a measure that is 1.

    They are those of curves through decisions whose rates are the largest that go with no error of any group,
    and the smallest that go with errors of all. Both are NaN if one of the limits is.
    """
    if np.isnan([miss, false_alarm]).any():
        return np.nan, np.nan
    none = DetCurve(np.array([0, false_alarm, 1]), np.array([1, miss, 0]), np.arange(3.0)[::-1])
    every = DetCurve(
        np.array([0, 0, 1 - false_alarm, 1]), np.array([1, 1 - miss, 1 - miss, 0]), np.arange(4.0)[::-1]
    )
    return measure(none), measure(every)


def _sides(groups: ArrayLike | None, trials: int) -> tuple[NDArray[np.int64], int]:
    """Groups of both factors of the weight of each trial, shape (trials, 2), and the number of groups.

    The number of groups itself stands for a factor of 1: the second factor of a trial within one group.
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
