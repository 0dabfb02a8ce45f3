"""Counts of true and false detections, and the measures that are ratios of them.

With TP true positives, N units of the reference, M units of the estimate, and S substitutions,
D deletions, I insertions:

    precision  P = TP / M
    recall     R = TP / N
    F-measure  F = 2 P R / (P + R)
    error rate ER = (S + D + I) / N,    D = N - TP - S,    I = M - TP - S
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.core.errors import DataError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Value = TypeVar("Value", float, FloatArray)
Self = TypeVar("Self", bound="Counts")


@dataclass(frozen=True)
class Measures(Generic[Value]):
    """Ratios of counts: one number each, or arrays of shape (classes,).

    Without reference, all but `precision` are NaN, and so is `precision` without system output, too. A
    reference without system output gives 0 for `precision`, `recall` and `f_measure` (as sed_eval does with
    its option ``zero_score``).

    Examples
    --------
    >>> counts = Counts(np.array([3]), np.array([4]), np.array([6]), substitutions=0)
    >>> print(counts.overall.precision, counts.overall.recall, counts.overall.f_measure.round(2))
    0.5 0.75 0.6
    """

    f_measure: Value
    precision: Value
    recall: Value
    error_rate: Value
    substitution_rate: Value
    deletion_rate: Value
    insertion_rate: Value


@dataclass(frozen=True, eq=False)
class Counts:
    """Counts of one system, in units of segments or of events.

    Counts of several files are pooled with ``+``. All arrays may have leading axes (for example one for
    the resamples of a bootstrap), which the measures keep.

    Parameters
    ----------
    tp : int array, shape (classes,)
        True positives: units that are active in reference and estimate.
    n_reference, n_system : int array, shape (classes,)
        Active units of the reference and of the estimate.
    substitutions : int
        False negatives that are paired with a false positive of another class, so that both together are
        one error.

    References
    ----------
    A. Mesaros, T. Heittola, T. Virtanen: Metrics for polyphonic sound event detection. Applied Sciences
    6(6), 2016.

    Examples
    --------
    >>> counts = Counts(np.array([3, 0]), np.array([4, 1]), np.array([5, 0]), substitutions=1)
    >>> int(counts.deletions), int(counts.insertions)
    (1, 1)
    >>> print(f"{counts.overall.error_rate:.2f}")
    0.60
    >>> counts.class_wise.recall.tolist()
    [0.75, 0.0]
    """

    tp: IntArray
    n_reference: IntArray
    n_system: IntArray
    substitutions: int

    def __add__(self: Self, other: Self) -> Self:
        if self.tp.shape != other.tp.shape:
            raise DataError(
                f"Counts of {self.tp.shape[-1]} and of {other.tp.shape[-1]} classes cannot be pooled.",
                fix="Count all files with the same labels.",
            )
        pooled = (getattr(self, field.name) + getattr(other, field.name) for field in fields(self))
        return type(self)(*pooled)

    @property
    def fp(self) -> IntArray:
        """False positives of each class, shape (classes,).

        Examples
        --------
        >>> Counts(np.array([3, 0]), np.array([4, 1]), np.array([5, 0]), 1).fp.tolist()
        [2, 0]
        """
        return self.n_system - self.tp

    @property
    def fn(self) -> IntArray:
        """False negatives of each class, shape (classes,).

        Examples
        --------
        >>> Counts(np.array([3, 0]), np.array([4, 1]), np.array([5, 0]), 1).fn.tolist()
        [1, 1]
        """
        return self.n_reference - self.tp

    @property
    def deletions(self) -> int:
        """False negatives that are not part of a substitution.

        Examples
        --------
        >>> int(Counts(np.array([3, 0]), np.array([4, 1]), np.array([5, 0]), 1).deletions)
        1
        """
        return self.fn.sum(-1) - self.substitutions

    @property
    def insertions(self) -> int:
        """False positives that are not part of a substitution.

        Examples
        --------
        >>> int(Counts(np.array([3, 0]), np.array([4, 1]), np.array([5, 0]), 1).insertions)
        1
        """
        return self.fp.sum(-1) - self.substitutions

    @property
    def overall(self) -> Measures[float]:
        """Measures of all classes together (micro-average), numbers.

        Examples
        --------
        >>> float(Counts(np.array([3, 0]), np.array([4, 1]), np.array([5, 0]), 1).overall.precision)
        0.6
        """
        return _measures(
            self.tp.sum(-1),
            self.n_reference.sum(-1),
            self.n_system.sum(-1),
            (self.substitutions, self.deletions, self.insertions),
        )

    @property
    def class_wise(self) -> Measures[FloatArray]:
        """Measures of each class alone, shape (classes,); no substitution is possible within a class.

        Examples
        --------
        >>> Counts(np.array([3, 0]), np.array([4, 1]), np.array([5, 0]), 1).class_wise.recall.tolist()
        [0.75, 0.0]
        """
        return _measures(self.tp, self.n_reference, self.n_system, (0 * self.tp, self.fn, self.fp))

    @property
    def class_wise_average(self) -> Measures[float]:
        """Mean over the classes that have a reference (macro-average), numbers; NaN if none has.

        Examples
        --------
        >>> float(Counts(np.array([3, 0]), np.array([4, 1]), np.array([5, 0]), 1).class_wise_average.recall)
        0.375
        """
        values = (getattr(self.class_wise, field.name) for field in fields(Measures))
        return Measures(*(_mean(value, self.n_reference > 0) for value in values))


def _measures(tp: Any, n_reference: Any, n_system: Any, errors: tuple[Any, Any, Any]) -> Measures[Any]:
    with np.errstate(invalid="ignore"):
        recall = tp / n_reference
        precision = np.where((n_system == 0) & (n_reference > 0), 0.0, tp / n_system)[()]
        mean = 2.0 * precision * recall / (precision + recall)
    # sed_eval adds 2.2e-16 to the size of the reference
    size = np.where(n_reference > 0, n_reference + np.spacing(1), np.nan)[()]
    rates = [error / size for error in errors]
    f_measure = np.where((precision == 0) & (recall == 0), 0.0, mean)[()]
    return Measures(f_measure, precision, recall, rates[0] + rates[1] + rates[2], *rates)


def _mean(values: FloatArray, counted: NDArray[np.bool_]) -> Any:
    total = np.where(counted, values, 0.0).sum(-1)
    with np.errstate(invalid="ignore"):
        return total / counted.sum(-1)
