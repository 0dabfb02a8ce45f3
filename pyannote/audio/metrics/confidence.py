"""Bootstrap confidence intervals over files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any, TypeVar

import numpy as np

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
    if not counts_per_file:
        raise DataError("There are no files to resample.", fix="Give the counts of at least one file.")
    if len({counts.tp.shape for counts in counts_per_file}) > 1:
        raise DataError("The files have different classes.", fix="Count all files with the same labels.")
    check_level(level)
    files = len(counts_per_file)
    copies = np.random.default_rng(seed).multinomial(files, np.full(files, 1 / files), size=n)
    names = [field.name for field in fields(Counts)]
    pooled = {
        name: copies @ np.array([getattr(counts, name) for counts in counts_per_file]) for name in names
    }
    limit = rule_of_three(files, level)
    values = measure(replace(counts_per_file[0], **pooled))
    return interval_of(values, level, limit, 1 - limit if bounded else np.nan)
