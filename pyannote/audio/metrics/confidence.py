"""Bootstrap confidence intervals over files, of a measure and of the difference of two systems."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.core.errors import DataError
from pyannote.audio.metrics.counts import Counts
from pyannote.audio.metrics.intervals import Interval, check_level, interval_of, rule_of_three

C = TypeVar("C", bound=Counts)


def bootstrap(
    counts_per_file: Sequence[C],
    measure: Callable[[C], Any],
    n: int = 1000,
    seed: int = 0,
    level: float = 0.95,
    bounded: bool = True,
) -> Interval:
    """Percentile bootstrap confidence interval of a measure of pooled counts, over files.

    Let m(s) be the measure of the pooled counts of resample s. The interval goes from the
    (1 - level) / 2 quantile to the (1 + level) / 2 quantile of m(1), ..., m(n). If it would be from 0 to 0,
    or from 1 to 1, its other end comes from the rule of three over the files.

    Parameters
    ----------
    counts_per_file : sequence of Counts
        One for each file, all of one type and with the same classes.
    measure : callable
        Function from pooled counts to a number. It is called once, with counts of shape (n, classes), and
        gives values of shape (n,), as the measures of `Counts` do.
    n : int
        Number of resamples of the files, with replacement.
    seed : int
        The same seed gives the same interval.
    level : float
        Confidence level, between 0 and 1 (excluded).
    bounded : bool
        Whether the measure is at most 1, as an F-score and unlike an error rate.

    Returns
    -------
    low, high : float
        Resamples whose measure is NaN are left out. Both are NaN if none remains, if all give the same value
        between 0 and 1 (as one file does), and for the rule of three with three files or fewer.

    Raises
    ------
    DataError
        If there is no file, the files do not have the same classes, or `level` is not between 0 and 1.

    References
    ----------
    B. Efron, R. Tibshirani: An Introduction to the Bootstrap. 1993, chapter 13. For the rule of three, see
    `rule_of_three`.

    Examples
    --------
    >>> files = [Counts(np.array([right]), np.array([10]), np.array([10]), 0) for right in (9, 8, 5, 9)]
    >>> low, high = bootstrap(files, lambda counts: counts.overall.recall)
    >>> low < 31 / 40 < high
    True
    """
    _check([counts_per_file])
    check_level(level)
    limit = rule_of_three(len(counts_per_file), level)
    values = measure(_pooled(counts_per_file, _copies(len(counts_per_file), n, seed)))
    return interval_of(values, level, limit, 1 - limit if bounded else np.nan)


class Difference(NamedTuple):
    """Difference of a measure of two systems, and its interval.

    Parameters
    ----------
    value : float
        Measure of the first system minus that of the second one, on the files as they are.
    interval : (low, high)
        NaN where there is none: with one file, or where both systems make the same errors.

    Examples
    --------
    >>> Difference(-0.06, (-0.11, -0.01)).value
    -0.06
    """

    value: float
    interval: Interval


def paired_bootstrap(
    first: Sequence[Sequence[C]],
    second: Sequence[Sequence[C]],
    measure: Callable[[C], Any],
    n: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> Difference:
    """Percentile bootstrap confidence interval of the difference of two systems on the same files.

    A file that is hard for one system is hard for the other, too. Each resample of the files is therefore
    the same for both. With the measure m(k, s) of training k in resample s, means over the K and L trainings
    of both systems, the interval is that of::

        d(s) = mean_k m(k, s) - mean_l m(l, s)

    Files are drawn, trainings are not: the interval does not tell how other trainings would come out, which
    their spread does.

    Parameters
    ----------
    first, second : sequence of sequence of Counts, shape (trainings, files)
        Counts of each training on each file; the same files in the same order. Numbers of trainings may
        differ.
    measure : callable
        Function from pooled counts to a number, as `bootstrap` takes it.
    n, seed, level
        See `bootstrap`.

    Returns
    -------
    Difference
        Of the first system from the second one. Resamples in which it is NaN are left out.

    Raises
    ------
    DataError
        If there is no training or no file, numbers of files or classes differ, or `level` is not between 0
        and 1.

    References
    ----------
    B. Efron, R. Tibshirani: An Introduction to the Bootstrap. 1993, chapter 8. For differences of systems
    on the same test data: M. Bisani, H. Ney: Bootstrap estimates for confidence intervals in ASR performance
    evaluation. ICASSP 2004.

    Examples
    --------
    >>> def system(*right):
    ...     return [[Counts(np.array([one]), np.array([10]), np.array([10]), 0) for one in right]]
    >>> better = paired_bootstrap(system(9, 4, 8), system(8, 2, 8), lambda counts: counts.overall.recall)
    >>> round(better.value, 2), better.interval
    (0.1, (0.0, 0.2))
    """
    _check([*first, *second] if first and second else [])
    check_level(level)
    files = len(first[0])
    whole, copies = np.ones((1, files), dtype=np.int64), _copies(files, n, seed)
    values, replicates = (
        _mean(first, measure, times) - _mean(second, measure, times) for times in (whole, copies)
    )
    # a difference is bounded by neither 0 nor 1: equal replicates give no interval
    return Difference(float(values[0]), interval_of(replicates, level, np.nan, np.nan))


def _check(trainings: Sequence[Sequence[Counts]]) -> None:
    """Refuse counts without files, and those of different files or classes."""
    if not trainings or not all(trainings):
        raise DataError("There are no files to resample.", fix="Give the counts of at least one file.")
    if len({len(files) for files in trainings}) > 1:
        raise DataError("The systems have different files.", fix="Count the same files for both.")
    if len({counts.tp.shape for files in trainings for counts in files}) > 1:
        raise DataError("The files have different classes.", fix="Count all files with the same labels.")


def _copies(files: int, n: int, seed: int) -> NDArray[np.int64]:
    """How often each resample has each file, shape (n, files)."""
    return np.random.default_rng(seed).multinomial(files, np.full(files, 1 / files), size=n)


def _pooled(counts_per_file: Sequence[C], copies: NDArray[np.int64]) -> C:
    """Counts of each resample, shape (resamples, classes)."""
    pooled = {
        field.name: copies @ np.array([getattr(counts, field.name) for counts in counts_per_file])
        for field in fields(Counts)
    }
    return replace(counts_per_file[0], **pooled)


def _mean(
    trainings: Sequence[Sequence[C]], measure: Callable[[C], Any], copies: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Mean of a measure over trainings in each resample, shape (resamples,)."""
    values: NDArray[np.float64] = np.mean([measure(_pooled(files, copies)) for files in trainings], axis=0)
    return values
