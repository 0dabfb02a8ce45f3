"""Every decision that a threshold can make on the scores of one class, and what each is worth.

Thresholds between the same two neighbouring scores decide alike, so that n scores allow n + 1 decisions at
most. One sort and cumulative sums count all of them at once.
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
    """The best threshold of one class, and how good it is.

    Parameters
    ----------
    value : float
        The measure that was optimised.
    threshold : float
        Accept scores that are at least this.
    precision, recall : float
        At this threshold; 0 where undefined.
    positives : int
        Positive items of the target. If 0, the threshold accepts nothing and says nothing about the class.
    attained : bool
        Whether the precision that was asked for has been reached.
    """

    value: float
    threshold: float
    precision: float
    recall: float
    positives: int
    attained: bool = True


class Cuts:
    """All decisions that some threshold makes on the scores of one class, from the strictest.

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
        # Halving before adding cannot overflow, and the scores' own precision keeps the decision the same
        # wherever scores of that precision are compared.
        middle = accepted / 2 + lower / 2
        never = np.nextafter(values.max(initial=1.0), np.inf, dtype=values.dtype)
        self.thresholds: FloatArray = np.append(never, np.where(middle > lower, middle, accepted)).astype(
            float
        )

    def prefer(self, wanted: float) -> None:
        """Make `wanted` the threshold of the decision that it makes.

        Examples
        --------
        >>> cuts = Cuts(np.array([0.2, 0.9]))
        >>> cuts.prefer(0.5)
        >>> cuts.thresholds.round(3).tolist()
        [1.0, 0.5, 0.2]
        """
        self.thresholds[np.searchsorted(self.sizes, (self._scores >= wanted).sum())] = wanted

    def totals(self, amounts: ArrayLike) -> NDArray[Any]:
        """Sum of the amounts of all accepted items, of each decision; amounts (n,) -> totals (cuts,)."""
        ranked = np.asarray(amounts)[self._order]
        return np.append(np.zeros(1, ranked.dtype), ranked.cumsum())[self.sizes]


class Curve:
    """Precision and recall of all decisions on one class.

    Parameters
    ----------
    cuts : Cuts
        Of the scores of n items.
    target : bool array, shape (n,)
        Which items are positive.
    weights : float array, shape (n,), optional
        How much each item counts; at least 0.
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
        """Part of what is accepted that is positive, shape (cuts,); 0 where nothing is accepted."""
        return ratio(self.tp, self.n_system)

    @cached_property
    def recall(self) -> FloatArray:
        """Part of the positives that is accepted, shape (cuts,); 0 where there is none."""
        return ratio(self.tp, self.positives)

    @cached_property
    def f_score(self) -> FloatArray:
        """Harmonic mean of precision and recall, 2 TP / (2 TP + FP + FN), shape (cuts,)."""
        return ratio(2 * self.tp, self.n_system + self.positives)

    @cached_property
    def errors(self) -> NDArray[Any]:
        """Number of false negatives and false positives, shape (cuts,)."""
        return self.positives + self.n_system - 2 * self.tp

    @property
    def error_rate(self) -> FloatArray:
        """Errors in relation to the positives, or their number where there are none, shape (cuts,)."""
        rate: FloatArray = self.errors / max(1, self.positives)
        return rate

    def cost(self, prior: float) -> FloatArray:
        """`prior` times the distance of each threshold from 0.5, shape (cuts,)."""
        return prior * np.abs(self.thresholds - 0.5)

    def at(self, cut: Any, value: NDArray[Any], attained: bool = True) -> Threshold:
        """Describe one decision by what it makes of `value`, shape (cuts,)."""
        precision, recall = ratio(self.tp[cut], self.n_system[cut]), ratio(self.tp[cut], self.positives)
        best, threshold = float(value[cut]), float(self.thresholds[cut])
        return Threshold(best, threshold, float(precision), float(recall), self.items, attained)


def ratio(part: Any, whole: Any) -> FloatArray:
    """Divide, with 0 / 0 = 0.

    Examples
    --------
    >>> ratio(np.array([0, 1]), np.array([0, 2])).tolist()
    [0.0, 0.5]
    """
    part, whole = np.broadcast_arrays(np.asarray(part, np.float64), np.asarray(whole, np.float64))
    return np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0)
