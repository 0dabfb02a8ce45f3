"""Class-wise early stopping with adaptive thresholds: an epoch and a threshold for each class.

Selection is a function of the scores of all epochs and of the reference, so that validating beside a
training, afterwards, or within it comes to the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pyannote.audio.core.errors import UsageError
from pyannote.audio.metrics.thresholds import Threshold, best_error_count, best_f_score, best_recall
from pyannote.audio.validation.reference import Items

Measure = Literal["fscore", "error_rate"]


@dataclass(frozen=True)
class Criterion:
    """What thresholds and epochs are selected for.

    Parameters
    ----------
    measure : {"fscore", "error_rate"}
        Of each class alone; the error rate is (false negatives + false positives) / positives.
    precision : float, optional
        Maximise recall among thresholds with at least this precision, instead.
    """

    measure: Measure = "fscore"
    precision: float | None = None

    def __post_init__(self) -> None:
        if self.precision is not None and not 0 < self.precision <= 1:
            raise UsageError(f"--precision must be in (0, 1], not {self.precision}.")

    @property
    def name(self) -> str:
        """Name of the measure that is averaged over classes."""
        if self.precision is not None:
            return f"average_detection_recall_at_{self.precision:g}_precision"
        return f"average_detection_{self.measure}"

    def search(self, items: Items, column: int) -> Threshold:
        """Exact best threshold of one class."""
        scores, target = items.scores[:, column], items.target[:, column]
        if self.precision is not None:
            return best_recall(scores, target, self.precision)
        return best_f_score(scores, target) if self.measure == "fscore" else best_error_count(scores, target)

    def value(self, found: Threshold) -> float:
        """Value of the measure, as people read it; recall is 0 where the precision is not reached."""
        if self.precision is not None:
            return found.value if found.attained else 0.0
        return found.value if self.measure == "fscore" else found.value / max(1, found.positives)

    def quality(self, found: Threshold) -> float:
        """Value of the measure, turned so that more is better."""
        if self.precision is not None and not found.attained:
            # a threshold that misses the precision asked for is worse than any that reaches it
            return found.precision - 1
        falling = self.precision is None and self.measure == "error_rate"
        return -self.value(found) if falling else self.value(found)


@dataclass(frozen=True)
class ClassChoice:
    """Epoch and threshold of one class.

    Parameters
    ----------
    epoch : int
        Whose scores are used for this class.
    threshold : float
        Scores that reach it are active.
    fscore, precision, recall : float
        On the development files, at this threshold; 0 where undefined.
    """

    epoch: int
    threshold: float
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
        Best epoch of each class, and its threshold there.
    """

    epoch: int
    value: float
    single: Mapping[str, ClassChoice]
    class_wise: Mapping[str, ClassChoice]


def evaluate(items: Items, classes: tuple[str, ...], criterion: Criterion) -> dict[str, Threshold]:
    """Best threshold of each class for the scores of one epoch."""
    return {name: criterion.search(items, column) for column, name in enumerate(classes)}


def average(found: Mapping[str, Threshold], measure: Callable[[Threshold], float]) -> float:
    """Mean of a measure over the classes that occur; 0 if none does."""
    return float(np.mean([measure(one) for one in found.values() if one.positives] or [0.0]))


def select(history: Mapping[int, Mapping[str, Threshold]], criterion: Criterion) -> Selection:
    """Choose among validated epochs.

    Parameters
    ----------
    history : mapping of int to mapping of str to Threshold
        What `evaluate` gave for each epoch; at least one.
    criterion : Criterion
        The one that `evaluate` was called with.

    Returns
    -------
    Selection
        Ties go to the earliest epoch. A class that does not occur takes the best single epoch.
    """
    epochs = sorted(history)
    best = max(epochs, key=lambda epoch: average(history[epoch], criterion.quality))
    class_wise = {}
    for name, found in history[best].items():
        own = best
        if found.positives:
            own = max(epochs, key=lambda epoch: criterion.quality(history[epoch][name]))
        class_wise[name] = _choice(own, history[own][name])
    return Selection(
        epoch=best,
        value=average(history[best], criterion.value),
        single={name: _choice(best, found) for name, found in history[best].items()},
        class_wise=class_wise,
    )


def _choice(epoch: int, found: Threshold) -> ClassChoice:
    total = found.precision + found.recall
    fscore = 2 * found.precision * found.recall / total if total else 0.0
    # nothing is known about a class that does not occur: it keeps the threshold that needs no data
    threshold = found.threshold if found.positives else 0.5
    return ClassChoice(epoch, threshold, fscore, found.precision, found.recall)
