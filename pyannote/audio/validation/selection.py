"""Class-wise early stopping with adaptive thresholds: an epoch and a threshold for each class.

Selection is a function of the scores of all epochs and of the reference, so that validating beside a
training, afterwards, or within it comes to the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.core.errors import UsageError
from pyannote.audio.metrics.thresholds import (
    Threshold,
    best_balance,
    best_error_count,
    best_f_score,
    best_recall,
)
from pyannote.audio.validation.reference import Items

Measure = Literal["balanced", "fscore", "error_rate"]


@dataclass(frozen=True)
class Operation(Threshold):
    """How events of a class are found in its scores.

    Parameters
    ----------
    shortest : float
        Duration in seconds of the shortest event, and of the shortest gap between two events.
    """

    shortest: float = 0.0


@dataclass(frozen=True)
class Criterion:
    """What thresholds and epochs are selected for.

    With few development events, the best of many thresholds and epochs is a matter of luck. Hence a
    threshold must earn its distance from 0.5, and a class its distance from the epoch of all classes.
    With `prior` and `tolerance` 0, each class takes the plain best of both.

    Parameters
    ----------
    measure : {"balanced", "fscore", "error_rate"}
        Of each class alone: F-score, error rate (false negatives + false positives) / positives, or the
        former minus the latter.
    precision : float, optional
        Maximise recall among thresholds with at least this precision, instead; without prior.
    prior : float
        What a distance of 1 from the threshold 0.5 costs, in units of the measure.
    tolerance : float
        By how much the measure may fall short of the best epoch. The latest such epoch is taken for all
        classes; a class whose best epoch is better by more than ten times as much takes that one.
    """

    measure: Measure = "balanced"
    precision: float | None = None
    prior: float = 2.0
    tolerance: float = 0.05

    def __post_init__(self) -> None:
        if self.precision is not None and not 0 < self.precision <= 1:
            raise UsageError(f"--precision must be in (0, 1], not {self.precision}.")

    @property
    def name(self) -> str:
        """Name of what is reported, averaged over classes."""
        if self.precision is not None:
            return f"average_detection_recall_at_{self.precision:g}_precision"
        return f"average_detection_{'error_rate' if self.measure == 'error_rate' else 'fscore'}"

    def best(self, items: Mapping[float, Items], column: int) -> Operation:
        """Best duration of the shortest event, with the best threshold for it; ties go to the first."""
        found = [
            Operation(**vars(self.search(own, column)), shortest=shortest) for shortest, own in items.items()
        ]
        return max(found, key=self.quality)

    def search(self, items: Items, column: int) -> Threshold:
        """Exact best threshold of one class."""
        scores, target = items.scores[:, column], items.target[:, column]
        if self.precision is not None:
            return best_recall(scores, target, self.precision)
        if self.measure == "balanced":
            return best_balance(scores, target, prior=self.prior)
        search = best_f_score if self.measure == "fscore" else best_error_count
        return search(scores, target, prior=self.prior)

    def value(self, found: Threshold) -> float:
        """What is reported, as people read it; recall is 0 where the precision is not reached."""
        if self.precision is not None:
            return found.value if found.attained else 0.0
        return fscore(found) if self.measure != "error_rate" else found.value / max(1, found.positives)

    def quality(self, found: Threshold) -> float:
        """What is selected for, turned so that more is better."""
        if self.precision is not None:
            # a threshold that misses the precision asked for is worse than any that reaches it
            return found.value if found.attained else found.precision - 1
        measure = -found.value / max(1, found.positives) if self.measure == "error_rate" else found.value
        return measure - self.prior * abs(found.threshold - 0.5)


@dataclass(frozen=True)
class ClassChoice:
    """Epoch and threshold of one class.

    Parameters
    ----------
    epoch : int
        Whose scores are used for this class.
    threshold : float
        Scores that reach it are active.
    shortest : float
        Duration in seconds of the shortest event, and of the shortest gap between two events.
    fscore, precision, recall : float
        On the development files, at this threshold; 0 where undefined.
    """

    epoch: int
    threshold: float
    shortest: float
    fscore: float
    precision: float
    recall: float


@dataclass(frozen=True)
class Selection:
    """What validation has chosen.

    Parameters
    ----------
    epoch : int
        Best single epoch for all classes.
    value : float
        Its mean over classes of the measure of the criterion.
    single : mapping of str to ClassChoice
        Thresholds of each class at that epoch.
    class_wise : mapping of str to ClassChoice
        Epoch of each class, and its threshold there.
    peaks : mapping of str to int
        Epoch at which each class was best, whatever the tolerance.
    """

    epoch: int
    value: float
    single: Mapping[str, ClassChoice]
    class_wise: Mapping[str, ClassChoice]
    peaks: Mapping[str, int]


def evaluate(
    items: Mapping[float, Items], classes: tuple[str, ...], criterion: Criterion
) -> dict[str, Operation]:
    """Best way to find events of each class in the scores of one epoch.

    Parameters
    ----------
    items : mapping of float to Items
        Scores and targets, for each duration of the shortest event that may be chosen.
    classes : tuple of str
        Columns of the scores.
    criterion : Criterion
        What is best.
    """
    return {name: criterion.best(items, column) for column, name in enumerate(classes)}


def average(found: Mapping[str, Threshold], measure: Callable[[Threshold], float]) -> float:
    """Mean of a measure over the classes that occur; 0 if none does."""
    return float(np.mean([measure(one) for one in found.values() if one.positives] or [0.0]))


def fscore(found: Threshold) -> float:
    """F-score at a threshold; 0 where undefined."""
    total = found.precision + found.recall
    return 2 * found.precision * found.recall / total if total else 0.0


def select(history: Mapping[int, Mapping[str, Operation]], criterion: Criterion) -> Selection:
    """Choose among validated epochs.

    Parameters
    ----------
    history : mapping of int to mapping of str to Operation
        What `evaluate` gave for each epoch; at least one.
    criterion : Criterion
        The one that `evaluate` was called with.

    Returns
    -------
    Selection
        Without tolerance, ties go to the earliest epoch. A class that does not occur takes the epoch of
        all classes.
    """
    epochs = sorted(history)
    names = list(history[epochs[0]])
    present = [column for column, name in enumerate(names) if history[epochs[0]][name].positives]
    quality = np.array([[criterion.quality(history[epoch][name]) for name in names] for epoch in epochs])
    if criterion.tolerance:
        quality = _smoothed(quality)
    overall = quality[:, present].mean(axis=1) if present else np.zeros(len(epochs))
    single = _latest_good(overall, criterion.tolerance)
    class_wise, peaks = {}, {}
    for column, name in enumerate(names):
        peak = int(quality[:, column].argmax()) if column in present else single
        gain = quality[peak, column] - quality[single, column]
        own = peak if gain > 10 * criterion.tolerance or not criterion.tolerance else single
        peaks[name] = epochs[peak]
        class_wise[name] = _choice(epochs[own], history[epochs[own]][name])
    best = history[epochs[single]]
    return Selection(
        epoch=epochs[single],
        value=average(best, criterion.value),
        single={name: _choice(epochs[single], found) for name, found in best.items()},
        class_wise=class_wise,
        peaks=peaks,
    )


def _smoothed(quality: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of each epoch and of its neighbours, of shape (epochs, classes)."""
    padded = np.concatenate([quality[:1], quality, quality[-1:]])
    smoothed: NDArray[np.float64] = (padded[:-2] + padded[1:-1] + padded[2:]) / 3
    return smoothed


def _latest_good(quality: NDArray[np.float64], tolerance: float) -> int:
    """Index of the latest epoch within the tolerance of the best; of the earliest best one without."""
    if not tolerance:
        return int(quality.argmax())
    return int(np.flatnonzero(quality >= quality.max() - tolerance)[-1])


def _choice(epoch: int, found: Operation) -> ClassChoice:
    # nothing is known about a class that does not occur: it keeps the threshold that needs no data
    threshold = found.threshold if found.positives else 0.5
    return ClassChoice(epoch, threshold, found.shortest, fscore(found), found.precision, found.recall)
