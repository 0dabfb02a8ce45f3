"""Confidence intervals from bootstrap replicates, and where all of these are equal, by the rule of three."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from pyannote.audio.core.errors import DataError

Interval = tuple[float, float]

NO_INTERVAL: Interval = (math.nan, math.nan)

ROUNDING = 1e-9
"""Largest width of an interval that is due to rounding alone."""


def check_level(level: float) -> None:
    """Refuse a confidence level that is not between 0 and 1 (excluded).

    Raises
    ------
    DataError

    Examples
    --------
    >>> check_level(95)
    Traceback (most recent call last):
    pyannote.audio.core.errors.DataError: The confidence level is 95; it must lie between 0 and 1. ...
    """
    if not 0 < level < 1:
        raise DataError(
            f"The confidence level is {level}; it must lie between 0 and 1.", fix="Give one such as 0.95."
        )


def rule_of_three(units: int, level: float = 0.95) -> float:
    """Upper confidence limit of a rate of which no case was seen in n independent units.

    With a true rate p, all of n units are without a case with probability (1 - p)^n. This is 1 - level for
    p = -ln(1 - level) / n in good approximation: 3 / n for 95 %, 4.6 / n for 99 %.

    Parameters
    ----------
    units : int
        Number n of independent units, such as speakers or files.
    level : float
        Confidence level, between 0 and 1 (excluded); one-sided, as there is nothing below 0.

    Returns
    -------
    limit : float
        Below 1; NaN if there are too few units to tell, such as three for 95 %.

    References
    ----------
    J. A. Hanley, A. Lippman-Hand: If nothing goes wrong, is everything all right? Interpreting zero
    numerators. JAMA 249(13), 1983.

    Examples
    --------
    >>> rule_of_three(40), rule_of_three(3)
    (0.075, nan)
    """
    numerator = round(-math.log(1 - level), 1)
    return numerator / units if units > numerator else math.nan


def interval_of(replicates: ArrayLike, level: float, from_zero: float, to_one: float) -> Interval:
    """Percentile interval of bootstrap replicates of a measure.

    The replicates of a measure that is 0 are all 0, because resampling creates no errors. An interval of 0
    alone would say that there can be none; its upper end therefore comes from `rule_of_three`.

    Parameters
    ----------
    replicates : float array, shape (resamples,)
        NaN is left out.
    level : float
        Confidence level, between 0 and 1 (excluded).
    from_zero : float
        Upper end if all replicates are 0; NaN if there are too few units for an interval.
    to_one : float
        Lower end if all replicates are 1; NaN if there are too few units, or 1 is no bound of the measure.

    Returns
    -------
    low, high : float
        Both are NaN if there is no interval: without replicates, with too few units, or with equal replicates
        between 0 and 1.

    Examples
    --------
    >>> interval_of([0.0, 0.0, 0.0], 0.95, from_zero=0.075, to_one=0.925)
    (0.0, 0.075)
    >>> interval_of([0.5, 0.5, 0.5], 0.95, from_zero=0.075, to_one=0.925)
    (nan, nan)
    """
    values = np.asarray(replicates, dtype=np.float64)
    values = values[~np.isnan(values)]
    if not values.size:
        return NO_INTERVAL
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    if high - low > ROUNDING:
        return float(low), float(high)
    ends = (0.0, from_zero) if high < ROUNDING else (to_one, 1.0) if abs(low - 1) < ROUNDING else NO_INTERVAL
    return NO_INTERVAL if np.isnan(ends).any() else ends


def spelled(interval: Interval | None, digits: int) -> str:
    """An interval for a table.

    Parameters
    ----------
    interval : (low, high), optional
        NaN or None if there is none.
    digits : int
        Number of decimals.

    Examples
    --------
    >>> spelled((0.0, 0.075), digits=3), spelled(NO_INTERVAL, digits=3)
    ('0.000 to 0.075', '-')
    """
    if interval is None or not np.isfinite(interval).all():
        return "-"
    return f"{interval[0]:.{digits}f} to {interval[1]:.{digits}f}"
