"""Precision, recall and errors of all thresholds on the scores of one class.

Thresholds between the same two neighbouring scores accept the same items, so that n scores allow at most n +
1 decisions. One sort and cumulative sums count all of them at once. With TP true positives of M accepted and
N positive items:

    precision P = TP / M        recall R = TP / N
    F = 2 TP / (M + N)          errors E = FN + FP = N + M - 2 TP
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pyannote.audio.core.errors import DataError

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Threshold:
    """The best threshold of one class, and its precision and recall.

    Parameters
    ----------
    value : float
        Value of the measure that was optimised.
    threshold : float
        Accept scores that are at least this.
    precision, recall : float
        At this threshold; 0 where undefined.
    positives : int
        Number of positive items. If 0, the threshold accepts nothing, and was not chosen by any data.
    attained : bool
        Whether the requested precision has been reached.

    Examples
    --------
    >>> Threshold(0.8, threshold=0.25, precision=2 / 3, recall=1.0, positives=2).attained
    True
    """

    value: float
    threshold: float
    precision: float
    recall: float
    positives: int
    attained: bool = True


class Cuts:
    """All decisions of thresholds on the scores of one class, from the strictest.

    Parameters
    ----------
    scores : float array, shape (n,)
        Finite or minus infinity.

    Attributes
    ----------
    thresholds : float array, shape (cuts,)
        One for each decision; the first accepts nothing.
    sizes : int array, shape (cuts,)
        Number of items that each decision accepts.

    Raises
    ------
    DataError
        If a score is NaN or plus infinity.

    Examples
    --------
    >>> cuts = Cuts(np.array([0.25, 0.75, 0.25]))
    >>> cuts.thresholds.round(3).tolist(), cuts.totals(np.array([1, 0, 1])).tolist()
    ([1.0, 0.5, 0.25], [0, 0, 2])
    """

    def __init__(self, scores: ArrayLike) -> None:
        values: NDArray[Any] = np.asarray(scores)
        if not np.issubdtype(values.dtype, np.floating):
            values = values.astype(np.float64)
        if not (values < np.inf).all():
            raise DataError("Scores are NaN or infinite.", fix="Look for a training that has diverged.")
        self._scores = values
        self._order = np.argsort(-values)
        ranked = values[self._order]
        last = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True)[: ranked.size])
        last = last[ranked[last] > -np.inf]
        self.sizes = np.append(0, last + 1)
        accepted = ranked[last]
        lower = np.append(accepted[1:], accepted[-1:])
        # Halving before adding cannot overflow. In the precision of the scores, a threshold makes the same
        # decision wherever it is compared with scores of that precision.
        middle = accepted / 2 + lower / 2
        never = np.nextafter(values.max(initial=1.0), np.inf, dtype=values.dtype)
        self.thresholds: FloatArray = np.append(never, np.where(middle > lower, middle, accepted)).astype(
            float
        )

    def prefer(self, threshold: float) -> None:
        """Use a given threshold for the decision that it makes, in place of the one half way between scores.

        Examples
        --------
        >>> cuts = Cuts(np.array([0.2, 0.9]))
        >>> cuts.prefer(0.5)
        >>> cuts.thresholds.round(3).tolist()
        [1.0, 0.5, 0.2]
        """
        self.thresholds[np.searchsorted(self.sizes, (self._scores >= threshold).sum())] = threshold

    def totals(self, amounts: ArrayLike) -> NDArray[Any]:
        """Sum of the amounts of the items that each decision accepts.

        Parameters
        ----------
        amounts : array, shape (n,)

        Returns
        -------
        totals : array, shape (cuts,)

        Examples
        --------
        >>> Cuts(np.array([0.25, 0.75, 0.25])).totals(np.array([1, 2, 3])).tolist()
        [0, 2, 6]
        """
        ranked = np.asarray(amounts)[self._order]
        return np.append(np.zeros(1, ranked.dtype), ranked.cumsum())[self.sizes]


class Curve:
    """Precision and recall of all decisions on one class.

    Parameters
    ----------
    cuts : Cuts
        Of the scores of n items.
    target : bool array, shape (n,)
        True for positive items.
    weights : float array, shape (n,), optional
        Weight of each item; at least 0.

    Examples
    --------
    >>> curve = Curve(Cuts(np.array([0.9, 0.4, 0.1])), np.array([True, False, True]))
    >>> curve.precision.round(2).tolist(), curve.recall.tolist(), curve.errors.tolist()
    ([0.0, 1.0, 0.5, 0.67], [0.0, 0.5, 0.5, 1.0], [2, 1, 2, 1])
    """

    def __init__(self, cuts: Cuts, target: BoolArray, weights: ArrayLike | None = None) -> None:
        self.thresholds = cuts.thresholds
        self.items = int(target.sum())
        self.positives: Any = self.items
        self.tp, self.n_system = cuts.totals(target), cuts.sizes
        if weights is not None:
            amounts = np.asarray(weights)
            self.positives = (amounts * target).sum()
            self.tp, self.n_system = cuts.totals(amounts * target), cuts.totals(amounts)

    @cached_property
    def precision(self) -> FloatArray:
        """Positive part of the accepted items, TP / M, shape (cuts,); 0 where nothing is accepted."""
        return ratio(self.tp, self.n_system)

    @cached_property
    def recall(self) -> FloatArray:
        """Accepted part of the positive items, TP / N, shape (cuts,); 0 where there is none."""
        return ratio(self.tp, self.positives)

    @cached_property
    def f_score(self) -> FloatArray:
        """Harmonic mean of precision and recall, 2 TP / (2 TP + FP + FN), shape (cuts,)."""
        return ratio(2 * self.tp, self.n_system + self.positives)

    @cached_property
    def errors(self) -> NDArray[Any]:
        """Number of false negatives and false positives, N + M - 2 TP, shape (cuts,)."""
        return self.positives + self.n_system - 2 * self.tp

    @property
    def error_rate(self) -> FloatArray:
        """Errors in relation to the positives, or their number where there are none, shape (cuts,)."""
        rate: FloatArray = self.errors / max(1, self.positives)
        return rate

    def cost(self, prior: float) -> FloatArray:
        """Penalty of each threshold, ``prior * abs(threshold - 0.5)``, shape (cuts,).

        Examples
        --------
        >>> curve = Curve(Cuts(np.array([0.9, 0.4, 0.1])), np.array([True, False, True]))
        >>> curve.cost(0.1).round(3).tolist()
        [0.05, 0.015, 0.025, 0.04]
        """
        return prior * np.abs(self.thresholds - 0.5)

    def at(self, cut: Any, value: NDArray[Any], attained: bool = True) -> Threshold:
        """One decision as a `Threshold`.

        Parameters
        ----------
        cut : int
            Index of the decision.
        value : array, shape (cuts,)
            Measure that was optimised.
        attained : bool
            See `Threshold`.

        Examples
        --------
        >>> curve = Curve(Cuts(np.array([0.9, 0.4, 0.1])), np.array([True, False, True]))
        >>> curve.at(3, curve.f_score).value, curve.at(1, curve.f_score).threshold
        (0.8, 0.65)
        """
        precision, recall = ratio(self.tp[cut], self.n_system[cut]), ratio(self.tp[cut], self.positives)
        best, threshold = float(value[cut]), float(self.thresholds[cut])
        return Threshold(best, threshold, float(precision), float(recall), self.items, attained)


def ratio(part: Any, whole: Any) -> FloatArray:
    """Divide two numbers or arrays of any shape, with 0 / 0 = 0.

    Examples
    --------
    >>> ratio(np.array([0, 1]), np.array([0, 2])).tolist()
    [0.0, 0.5]
    """
    part, whole = np.broadcast_arrays(np.asarray(part, np.float64), np.asarray(whole, np.float64))
    return np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0)
