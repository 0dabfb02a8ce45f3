"""Exact thresholds: the best of all possible thresholds of one class.

A class is active where its score is at least the threshold. Of equally good thresholds the highest is taken,
half way between the lowest score that it accepts and the next lower one. Where accepting nothing is best, the
threshold lies just above 1, or just above the highest score if that is larger. A score of minus infinity is
never accepted.

The best threshold of a few events is uncertain. A `prior` penalises the distance of a threshold from 0.5:
the threshold with the highest ``measure - prior * abs(threshold - 0.5)`` is chosen.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pyannote.audio.core.errors import DataError
from pyannote.audio.metrics.decisions import BoolArray, Curve, Cuts, Threshold


def best_f_score(
    scores: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None, prior: float = 0.0
) -> Threshold:
    """Threshold with the highest F-score, 2 TP / (2 TP + FP + FN).

    Parameters
    ----------
    scores : float array, shape (n,)
        Scores of frames or segments.
    target : bool array, shape (n,)
        True for positive items.
    weights : float array, shape (n,), optional
        Weight of each of them, for example its duration.
    prior : float
        Penalty per distance of 1 of the threshold from 0.5; 0 or more.

    Returns
    -------
    best : Threshold
        Its value is the F-score, from 0 to 1; 0 if nothing is positive.

    Raises
    ------
    DataError
        If shapes or types do not fit, or a score is NaN or plus infinity.

    Examples
    --------
    >>> best = best_f_score([0.9, 0.7, 0.4, 0.1], [True, False, True, False])
    >>> best.value, best.threshold
    (0.8, 0.25)
    """
    curve = _curve(scores, target, weights, prior)
    return curve.at((curve.f_score - curve.cost(prior)).argmax(), curve.f_score)


def best_recall(scores: ArrayLike, target: ArrayLike, precision: float) -> Threshold:
    """Threshold with the highest recall among those of at least the given precision.

    If none has that precision, the threshold with the highest precision, with `attained` false.

    Parameters
    ----------
    scores, target : array, shape (n,)
        See `best_f_score`.
    precision : float
        Lowest precision, from 0 to 1.

    Examples
    --------
    >>> best = best_recall([0.9, 0.7, 0.4, 0.1], [True, True, False, True], precision=0.7)
    >>> best.value, best.precision, best.threshold
    (1.0, 0.75, 0.1)
    """
    curve = _curve(scores, target)
    precise = (curve.precision >= precision) & (curve.tp > 0)
    attained = bool(precise.any())
    if not attained:
        precise = curve.precision == curve.precision.max()
    return curve.at(np.where(precise, curve.recall, -1.0).argmax(), curve.recall, attained)


def best_error_count(scores: ArrayLike, target: ArrayLike, prior: float = 0.0) -> Threshold:
    """Threshold with the fewest errors, FN + FP.

    The value is their number; the error rate of the class is value / positives, and the penalty of `prior` is
    added to that rate. Scores and target have the shape (n,), see `best_f_score`.

    Examples
    --------
    >>> best_error_count([0.9, 0.7, 0.4, 0.1], [True, False, False, True]).value
    1.0
    """
    curve = _curve(scores, target, prior=prior)
    return curve.at((curve.error_rate + curve.cost(prior)).argmin(), curve.errors)


def best_balance(scores: ArrayLike, target: ArrayLike, prior: float = 0.0) -> Threshold:
    """Threshold with the highest F-score minus error rate, 2 TP / (2 TP + FP + FN) - (FN + FP) / (TP + FN).

    Both are reported, and each alone is improved at the cost of the other. The value is the difference, which
    is at most 1 and has no lower bound. Scores and target have the shape (n,), see `best_f_score`.

    Examples
    --------
    >>> best = best_balance([0.9, 0.7, 0.4, 0.1], [True, False, False, True])
    >>> round(best.threshold, 3), round(best.value, 3)
    (0.8, 0.167)
    """
    curve = _curve(scores, target, prior=prior)
    balance = curve.f_score - curve.error_rate
    return curve.at((balance - curve.cost(prior)).argmax(), balance)


def _curve(
    scores: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None, prior: float = 0.0
) -> Curve:
    values, truth = _checked(scores, target, dimensions=1)
    if weights is not None and np.shape(weights) != truth.shape:
        raise DataError(f"Found weights of shape {np.shape(weights)}.", fix="Give one for each item.")
    cuts = Cuts(values)
    if prior:
        cuts.prefer(0.5)
    return Curve(cuts, truth, weights)


def _checked(scores: ArrayLike, target: ArrayLike, dimensions: int) -> tuple[NDArray[Any], BoolArray]:
    values, truth = np.asarray(scores), np.asarray(target)
    if values.shape != truth.shape or values.ndim != dimensions or truth.dtype != bool:
        raise DataError(
            f"Found scores of shape {values.shape} and targets {truth.dtype} of shape {truth.shape}.",
            fix=f"Give a score and a boolean target for each item, in {dimensions} dimension(s).",
        )
    return values, truth
