"""Exact thresholds: the best of all possible ones, for one class or for all classes together.

A class is active where its score is at least the threshold. Of equally good thresholds the highest is taken,
half way between the lowest score that it accepts and the next lower one. Where nothing should be accepted,
the threshold lies just above 1, or just above the highest score if that is larger. A score of minus infinity
is never accepted.

The best threshold of a few events is a matter of luck. A `prior` makes a threshold earn its distance from
0.5: `prior * abs(threshold - 0.5)` is taken off the measure before the best is chosen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pyannote.audio.core.errors import DataError
from pyannote.audio.metrics.decisions import BoolArray, Curve, Cuts, FloatArray, Threshold, ratio


@dataclass(frozen=True, eq=False)
class JointThresholds:
    """Thresholds of all classes that are good together.

    Parameters
    ----------
    value : float
        The measure of all classes together that was optimised.
    thresholds : float array, shape (classes,)
    positives : int array, shape (classes,)
        Positive items of each class; see `Threshold`.
    """

    value: float
    thresholds: FloatArray
    positives: NDArray[np.int64]


def best_f_score(
    scores: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None, prior: float = 0.0
) -> Threshold:
    """Threshold with the highest F-score.

    Parameters
    ----------
    scores : float array, shape (n,)
        Scores of frames or segments.
    target : bool array, shape (n,)
        Which of them are positive.
    weights : float array, shape (n,), optional
        How much each of them counts, for example its duration.
    prior : float
        What a distance of 1 from the threshold 0.5 costs; 0 or more.

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
    """Threshold with the highest recall among those of at least some precision.

    If none is that precise: the most precise one, with `attained` false. See `best_f_score` for the
    parameters.

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
    """Threshold with the fewest false negatives and false positives; see `best_f_score` for the parameters.

    The value is their number: divided by `positives` it is the error rate of the class, which `prior` is
    weighed against.

    Examples
    --------
    >>> best_error_count([0.9, 0.7, 0.4, 0.1], [True, False, False, True]).value
    1.0
    """
    curve = _curve(scores, target, prior=prior)
    return curve.at((curve.error_rate + curve.cost(prior)).argmin(), curve.errors)


def best_balance(scores: ArrayLike, target: ArrayLike, prior: float = 0.0) -> Threshold:
    """Threshold with the highest F-score minus error rate; see `best_f_score` for the parameters.

    Both are reported, and each alone is improved at the cost of the other. The value is the difference, which
    is at most 1 and has no lower bound.

    Examples
    --------
    >>> best = best_balance([0.9, 0.7, 0.4, 0.1], [True, False, False, True])
    >>> round(best.threshold, 3), round(best.value, 3)
    (0.8, 0.167)
    """
    curve = _curve(scores, target, prior=prior)
    balance = curve.f_score - curve.error_rate
    return curve.at((balance - curve.cost(prior)).argmax(), balance)


def best_joint_error_rate(
    scores: ArrayLike, target: ArrayLike, start: ArrayLike | None = None
) -> JointThresholds:
    """Thresholds of all classes with a low overall segment-based error rate.

    Coordinate descent: the threshold of one class, those of the others being fixed, is the exact one that
    minimises the sum over segments of ``max(FN, FP)``, which is the number of substitutions, deletions and
    insertions. It ends when no class alone can improve; another pair of classes might.

    Parameters
    ----------
    scores : float array, shape (segments, classes)
        See `segment_scores`.
    target : bool array, shape (segments, classes)
    start : float array, shape (classes,), optional
        First thresholds. Default: those of the best F-scores and those of the fewest errors of each class;
        the better result is returned.

    Returns
    -------
    best : JointThresholds
        Its value is the error rate; the number of errors if nothing is positive.

    Raises
    ------
    DataError
        If shapes or types do not fit, or a score is NaN or plus infinity.

    Examples
    --------
    >>> scores = [[0.9, 0.2], [0.6, 0.7], [0.1, 0.8]]
    >>> best = best_joint_error_rate(scores, [[True, False], [False, True], [False, True]])
    >>> best.value, best.thresholds.round(2).tolist()
    (0.0, [0.75, 0.45])
    """

    def errors(cuts: Cuts, column: int, truth: BoolArray, active: BoolArray) -> NDArray[Any]:
        missed, extra = (truth & ~active).sum(0), (active & ~truth).sum(0)
        missed -= truth[column] & ~active[column]
        extra -= active[column] & ~truth[column]
        silent = np.maximum(missed + truth[column], extra)
        return silent.sum() + cuts.totals(np.maximum(missed, extra + ~truth[column]) - silent)

    cost, thresholds, positives = _descend(scores, target, start, errors)
    return JointThresholds(cost / max(1, int(positives.sum())), thresholds, positives)


def best_joint_f_score(
    scores: ArrayLike, target: ArrayLike, start: ArrayLike | None = None
) -> JointThresholds:
    """Thresholds of all classes with a high overall F-score, ``2 TP / (2 TP + FP + FN)`` of pooled counts.

    Coordinate descent as in `best_joint_error_rate`, which has the parameters.

    Examples
    --------
    >>> scores = [[0.9, 0.2], [0.6, 0.7], [0.1, 0.8]]
    >>> best_joint_f_score(scores, [[True, False], [False, True], [False, True]]).value
    1.0
    """

    def loss(cuts: Cuts, column: int, truth: BoolArray, active: BoolArray) -> NDArray[Any]:
        own = active[column]
        tp = (active & truth).sum() - (own & truth[column]).sum() + cuts.totals(truth[column])
        n_system = active.sum() - own.sum() + cuts.sizes
        return -ratio(2 * tp, n_system + truth.sum())

    cost, thresholds, positives = _descend(scores, target, start, loss)
    return JointThresholds(-cost, thresholds, positives)


Cost = Callable[[Cuts, int, BoolArray, BoolArray], NDArray[Any]]
"""What each decision on one class costs, given the targets and what is active (classes, n)."""


def _descend(
    scores: ArrayLike, target: ArrayLike, start: ArrayLike | None, cost: Cost
) -> tuple[float, FloatArray, NDArray[np.int64]]:
    """Cost, thresholds and positives where no class alone can lower the cost."""
    values, truth = _checked(scores, target, dimensions=2)
    if start is not None and np.shape(start) != values.shape[1:]:
        raise DataError(f"Found thresholds of shape {np.shape(start)}.", fix="Give one for each class.")
    # Sums over classes are an order of magnitude faster along the first axis.
    values, truth = np.ascontiguousarray(values.T), np.ascontiguousarray(truth.T)
    cuts = [Cuts(column) for column in values]
    if start is None:
        curves = [Curve(*pair) for pair in zip(cuts, truth, strict=True)]
        starts = [
            [curve.thresholds[curve.f_score.argmax()] for curve in curves],
            [curve.thresholds[curve.errors.argmin()] for curve in curves],
        ]
    else:
        starts = [np.asarray(start, dtype=np.float64).tolist()]
    ends = [_descend_from(first, values, truth, cuts, cost) for first in starts]
    best, thresholds = min(ends, key=lambda end: end[0])
    return best, np.array(thresholds), truth.sum(1)


def _descend_from(
    thresholds: list[float], values: NDArray[Any], truth: BoolArray, cuts: list[Cuts], cost: Cost
) -> tuple[float, list[float]]:
    active = values >= np.array(thresholds)[:, None]
    best, improving = np.inf, True
    while improving:
        improving = False
        for column, own in enumerate(cuts):
            costs = cost(own, column, truth, active)
            lowest = costs.argmin()
            if costs[lowest] < best:
                best, improving = float(costs[lowest]), True
                thresholds[column] = float(own.thresholds[lowest])
                active[column] = values[column] >= thresholds[column]
    return best, thresholds


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
