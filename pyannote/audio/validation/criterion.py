"""Criterion by which thresholds and epochs are selected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pyannote.audio.core.errors import UsageError
from pyannote.audio.metrics.thresholds import (
    Threshold,
    best_balance,
    best_error_count,
    best_f_score,
    best_recall,
)
from pyannote.audio.validation.reference import Items

ClassMeasure = Literal["balanced", "fscore", "error_rate"]


@dataclass(frozen=True)
class OperatingPoint(Threshold):
    """Threshold of a class, and duration of its shortest event.

    Parameters
    ----------
    shortest : float
        Duration in seconds of the shortest event, and of the shortest gap between two events.

    Examples
    --------
    >>> point = OperatingPoint(value=0.8, threshold=0.4, precision=0.8, recall=0.8, positives=10)
    >>> point.threshold, point.shortest
    (0.4, 0.0)
    """

    shortest: float = 0.0


@dataclass(frozen=True)
class Criterion:
    """Criterion by which thresholds and epochs are selected.

    With few development events, the best of many thresholds and epochs is partly a matter of chance. Hence
    thresholds far from 0.5, and an epoch of its own for a class, are penalised. For each class, the threshold
    t maximises::

        measure(t) - prior * |t - 0.5|

    With `prior` and `tolerance` 0, each class takes the best threshold and epoch without penalty.

    Parameters
    ----------
    measure : {"balanced", "fscore", "error_rate"}
        Measure of each class: F-score, error rate (false negatives + false positives) / positives, or the
        difference of the two.
    precision : float, optional
        Maximise recall among thresholds with at least this precision, instead; without prior.
    prior : float
        Penalty for a distance of 1 from the threshold 0.5, in units of the measure; 0 or more.
    tolerance : float
        Largest difference of the measure from that of the best epoch. The latest epoch within it is taken for
        all classes; a class whose best epoch is better by more than ten times the tolerance takes that one.

    Examples
    --------
    >>> Criterion().name
    'average_detection_fscore'
    >>> Criterion(precision=0.9).name
    'average_detection_recall_at_0.9_precision'
    """

    measure: ClassMeasure = "balanced"
    precision: float | None = None
    prior: float = 2.0
    tolerance: float = 0.05

    def __post_init__(self) -> None:
        if self.precision is not None and not 0 < self.precision <= 1:
            raise UsageError(f"--precision must be in (0, 1], not {self.precision}.")

    @property
    def name(self) -> str:
        """Name of the reported mean over classes.

        Examples
        --------
        >>> Criterion("error_rate").name
        'average_detection_error_rate'
        """
        if self.precision is not None:
            return f"average_detection_recall_at_{self.precision:g}_precision"
        return f"average_detection_{'error_rate' if self.measure == 'error_rate' else 'fscore'}"

    def best(self, items: Mapping[float, Items], column: int) -> OperatingPoint:
        """Best duration of the shortest event and best threshold of a class; of equal ones the first.

        Parameters
        ----------
        items : mapping of float to Items
            Scores and targets of shape (items, classes), by duration of the shortest event.
        column : int
            Column of the class.

        Examples
        --------
        >>> import numpy as np
        >>> items = Items(np.array([[0.75], [0.5], [0.25]]), np.array([[True], [True], [False]]))
        >>> point = Criterion(prior=0.0).best({0.0: items}, column=0)
        >>> point.value, point.shortest
        (1.0, 0.0)
        """
        points = [
            OperatingPoint(**vars(self.search(filtered, column)), shortest=shortest)
            for shortest, filtered in items.items()
        ]
        return max(points, key=self.quality)

    def search(self, items: Items, column: int) -> Threshold:
        """Exact best threshold of one class, among all possible ones.

        Parameters
        ----------
        items : Items
            Scores and targets, shape (items, classes).
        column : int
            Column of the class.

        Examples
        --------
        >>> import numpy as np
        >>> items = Items(np.array([[0.75], [0.5], [0.25]]), np.array([[True], [True], [False]]))
        >>> Criterion(prior=0.0).search(items, column=0).threshold
        0.375
        """
        scores, target = items.scores[:, column], items.target[:, column]
        if self.precision is not None:
            return best_recall(scores, target, self.precision)
        if self.measure == "balanced":
            return best_balance(scores, target, prior=self.prior)
        search = best_f_score if self.measure == "fscore" else best_error_count
        return search(scores, target, prior=self.prior)

    def value(self, point: Threshold) -> float:
        """Reported value of a threshold.

        It is the F-score, or recall (0 without the required precision), in [0, 1], or the error rate, 0 or
        more.

        Examples
        --------
        >>> Criterion("error_rate").value(Threshold(3.0, 0.5, 0.8, 0.7, 10))
        0.3
        """
        if self.precision is not None:
            return point.value if point.attained else 0.0
        return fscore(point) if self.measure != "error_rate" else point.value / max(1, point.positives)

    def quality(self, point: Threshold) -> float:
        """Objective of the selection; the larger, the better.

        Examples
        --------
        >>> round(Criterion("error_rate", prior=2.0).quality(Threshold(3.0, 0.4, 0.8, 0.7, 10)), 6)
        -0.5
        """
        if self.precision is not None:
            # a threshold below the required precision is worse than any that reaches it
            return point.value if point.attained else point.precision - 1
        measure = -point.value / max(1, point.positives) if self.measure == "error_rate" else point.value
        return measure - self.prior * abs(point.threshold - 0.5)


def fscore(point: Threshold) -> float:
    """F-score 2 P R / (P + R) at a threshold with precision P and recall R, in [0, 1]; 0 where undefined.

    Examples
    --------
    >>> fscore(Threshold(0.0, 0.5, precision=1.0, recall=0.5, positives=10)) == 2 / 3
    True
    """
    total = point.precision + point.recall
    return 2 * point.precision * point.recall / total if total else 0.0


def figures(point: Threshold) -> dict[str, float | None]:
    """F-score, precision and recall of a class, as they count, in [0, 1].

    They are None for a class that does not occur. Where no threshold reaches the required precision, recall
    and F-score count as 0, and the precision is the highest that any threshold has.

    Examples
    --------
    >>> figures(Threshold(0.0, 1.1, 0.0, 0.0, positives=0))
    {'fscore': None, 'precision': None, 'recall': None}
    >>> figures(Threshold(0.9, 0.5, precision=0.7, recall=0.9, positives=10, attained=False))
    {'fscore': 0.0, 'precision': 0.7, 'recall': 0.0}
    """
    if not point.positives:
        return dict.fromkeys(("fscore", "precision", "recall"))
    counted = point.attained
    return {
        "fscore": fscore(point) if counted else 0.0,
        "precision": point.precision,
        "recall": point.recall if counted else 0.0,
    }
