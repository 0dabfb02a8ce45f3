"""Bootstrap confidence intervals over files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any, TypeVar

import numpy as np

from pyannote.audio.core.errors import DataError
from pyannote.audio.metrics.counts import Counts

C = TypeVar("C", bound=Counts)


def bootstrap(
    counts_per_file: Sequence[C],
    measure: Callable[[C], Any],
    n: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> tuple[float, float]:
    """Percentile bootstrap confidence interval of a measure of pooled counts, over files.

    Let m(s) be the measure of the pooled counts of resample s. The interval goes from the
    (1 - level) / 2 quantile to the (1 + level) / 2 quantile of m(1), ..., m(n).

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

    Returns
    -------
    low, high : float
        Resamples whose measure is NaN are left out; both are NaN if none remains.

    Raises
    ------
    DataError
        If there is no file, the files do not have the same classes, or `level` is not between 0 and 1.

    References
    ----------
    B. Efron, R. Tibshirani: An Introduction to the Bootstrap. 1993, chapter 13.

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
    if not 0 < level < 1:
        raise DataError(
            f"The confidence level is {level}; it must lie between 0 and 1.", fix="Give one such as 0.95."
        )
    files = len(counts_per_file)
    copies = np.random.default_rng(seed).multinomial(files, np.full(files, 1 / files), size=n)
    names = [field.name for field in fields(Counts)]
    pooled = {
        name: copies @ np.array([getattr(counts, name) for counts in counts_per_file]) for name in names
    }
    values = np.asarray(measure(replace(counts_per_file[0], **pooled)), dtype=np.float64)
    values = values[~np.isnan(values)]
    if not values.size:
        return np.nan, np.nan
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
