"""Selection of an epoch and a threshold for each class.

Selection is a function of the scores of all epochs and of the reference, so that validation during, beside
or after a training gives the same result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.metrics.thresholds import Threshold
from pyannote.audio.validation.criterion import Criterion, OperatingPoint, figures
from pyannote.audio.validation.reference import Items


@dataclass(frozen=True)
class ClassChoice:
    """Epoch and threshold of one class.

    Parameters
    ----------
    epoch : int
        Epoch whose scores are used for this class.
    threshold : float
        A class is active where its score is at least this.
    shortest : float
        Duration in seconds of the shortest event, and of the shortest gap between two events.
    fscore, precision, recall : float, optional
        Figures on the development files, in [0, 1]; None for a class that does not occur. Where no threshold
        reaches the required precision, recall and F-score count as 0.
    attained : bool
        Whether a threshold reaches the required precision, if one is required.

    Examples
    --------
    >>> ClassChoice(7, 0.4, 0.0, fscore=0.8, precision=0.8, recall=0.8).epoch
    7
    """

    epoch: int
    threshold: float
    shortest: float
    fscore: float | None
    precision: float | None
    recall: float | None
    attained: bool = True


@dataclass(frozen=True)
class Selection:
    """Result of a selection.

    Parameters
    ----------
    epoch : int
        Best single epoch for all classes.
    value : float, optional
        Mean of the measure at that epoch over the classes that occur; None if none does.
    absent : tuple of str
        Classes that do not occur in the reference.
    single : mapping of str to ClassChoice
        Thresholds of each class at that epoch.
    class_wise : mapping of str to ClassChoice
        Epoch of each class, and its threshold there.
    peaks : mapping of str to int
        Best epoch of each class, without tolerance.

    Examples
    --------
    >>> choice = ClassChoice(7, 0.4, 0.0, fscore=0.8, precision=0.8, recall=0.8)
    >>> Selection(7, 0.8, (), {"car": choice}, {"car": choice}, {"car": 7}).class_wise["car"].threshold
    0.4
    """

    epoch: int
    value: float | None
    absent: tuple[str, ...]
    single: Mapping[str, ClassChoice]
    class_wise: Mapping[str, ClassChoice]
    peaks: Mapping[str, int]


def evaluate(
    items: Mapping[float, Items], classes: tuple[str, ...], criterion: Criterion
) -> dict[str, OperatingPoint]:
    """Best operating point of each class at one epoch.

    Parameters
    ----------
    items : mapping of float to Items
        Scores and targets of shape (items, classes), by duration of the shortest event, in seconds.
    classes : tuple of str
        Columns of the scores.
    criterion : Criterion

    Examples
    --------
    >>> items = Items(np.array([[0.75], [0.5], [0.25]]), np.array([[True], [True], [False]]))
    >>> evaluate({0.0: items}, ("car",), Criterion(prior=0.0))["car"].threshold
    0.375
    """
    return {name: criterion.best(items, column) for column, name in enumerate(classes)}


def average(points: Mapping[str, Threshold], measure: Callable[[Threshold], float]) -> float | None:
    """Mean of a measure over the classes that occur in the reference; None if none does.

    Examples
    --------
    >>> points = {"car": Threshold(0.8, 0.5, 0.8, 0.8, 10), "bus": Threshold(0.0, 1.1, 0.0, 0.0, 0)}
    >>> average(points, lambda point: point.value)
    0.8
    """
    values = [measure(point) for point in points.values() if point.positives]
    return float(np.mean(values)) if values else None


def select(history: Mapping[int, Mapping[str, OperatingPoint]], criterion: Criterion) -> Selection:
    """Select among validated epochs.

    With Q the quality of shape (epochs, classes), smoothed over three epochs, the epoch of all classes is the
    latest e with::

        mean_c Q[e, c] >= max_e(mean_c Q[e, c]) - tolerance

    and class c takes argmax_e Q[e, c] instead if that is better by more than 10 * tolerance.

    Parameters
    ----------
    history : mapping of int to mapping of str to OperatingPoint
        Result of `evaluate` for each epoch; at least one.
    criterion : Criterion
        Criterion of these results.

    Returns
    -------
    Selection
        Without tolerance, the earliest of equally good epochs is taken. A class that does not occur takes
        the epoch of all classes.

    Examples
    --------
    >>> points = [OperatingPoint(value, 0.5, value, value, 10) for value in (0.3, 0.9, 0.6)]
    >>> history = {epoch: {"car": point} for epoch, point in enumerate(points, start=1)}
    >>> selection = select(history, Criterion("fscore", tolerance=0.0))
    >>> selection.epoch, selection.value
    (2, 0.9)
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
        chosen = peak if gain > 10 * criterion.tolerance or not criterion.tolerance else single
        peaks[name] = epochs[peak]
        class_wise[name] = _choice(epochs[chosen], history[epochs[chosen]][name])
    best = history[epochs[single]]
    return Selection(
        epoch=epochs[single],
        value=average(best, criterion.value),
        absent=tuple(name for name, point in best.items() if not point.positives),
        single={name: _choice(epochs[single], point) for name, point in best.items()},
        class_wise=class_wise,
        peaks=peaks,
    )


def _smoothed(quality: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of each epoch and its two neighbours, shape (epochs, classes)."""
    padded = np.concatenate([quality[:1], quality, quality[-1:]])
    smoothed: NDArray[np.float64] = (padded[:-2] + padded[1:-1] + padded[2:]) / 3
    return smoothed


def _latest_good(quality: NDArray[np.float64], tolerance: float) -> int:
    """Index of the latest epoch within the tolerance of the best; without tolerance, of the first best."""
    if not tolerance:
        return int(quality.argmax())
    return int(np.flatnonzero(quality >= quality.max() - tolerance)[-1])


def _choice(epoch: int, point: OperatingPoint) -> ClassChoice:
    # a class that does not occur takes the threshold 0.5, which needs no data
    threshold = point.threshold if point.positives else 0.5
    attained = point.attained or not point.positives
    return ClassChoice(epoch, threshold, point.shortest, **figures(point), attained=attained)
