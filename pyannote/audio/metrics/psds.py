"""Polyphonic sound detection scores (PSDS), exact over all thresholds.

For each class, at each threshold, with the counts of `intersection_based` and D the duration of all
recordings in hours, T_k that of all events of class k:

    TPR  = TP / events
    eFPR = FP / D + alpha_ct * mean over k of (cross triggers with k / T_k)

Each class has a staircase r_c(e): the highest TPR among all thresholds with eFPR <= e. The score is

    PSDS = 1 / e_max * integral from 0 to e_max of max(0, mean_c r_c(e) - alpha_st * std_c r_c(e)) de

Classes without a single annotated event have no TPR: they are left out, as classes and as cross triggers.

References
----------
Bilen et al., "A Framework for the Robust Evaluation of Sound Event Detection", ICASSP 2020.
Ebbers, Serizel and Haeb-Umbach, "Threshold Independent Evaluation of Sound Event Detection Scores", ICASSP
2022.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.core.errors import DataError
from pyannote.audio.metrics.intersection_based import Criteria, Scored, count

Floats = NDArray[np.float64]
Staircase = tuple[Floats, Floats]

HOUR = 3600.0
"""Seconds of an hour."""


@dataclass(frozen=True)
class Scenario:
    """Criteria and weights of a score.

    Parameters
    ----------
    criteria : Criteria
    alpha_ct : float
        Weight of cross triggers among false positives, 0 or more.
    alpha_st : float
        Weight of the standard deviation over classes, 0 or more.
    e_max : float
        Highest effective rate of false positives, per hour.

    Examples
    --------
    >>> SCENARIOS["scenario_1"].criteria.dtc, SCENARIOS["scenario_2"].alpha_ct
    (0.7, 0.5)
    """

    criteria: Criteria
    alpha_ct: float = 0.0
    alpha_st: float = 1.0
    e_max: float = 100.0


SCENARIOS: Mapping[str, Scenario] = MappingProxyType(
    {
        "scenario_1": Scenario(Criteria(dtc=0.7, gtc=0.7)),
        "scenario_2": Scenario(Criteria(dtc=0.1, gtc=0.1, cttc=0.3), alpha_ct=0.5),
    }
)
"""Scenarios of DCASE task 4: the first requires exact boundaries, the second no confusion of classes."""


@dataclass(frozen=True)
class Score:
    """Polyphonic sound detection score of a scenario.

    Parameters
    ----------
    value : float, optional
        From 0 to 1; None if no class has events.
    class_wise : mapping of str to float, optional
        Score of each class alone; None for a class without events.

    Examples
    --------
    >>> Score(0.5, {"car": 0.5, "bird": None}).classes
    1
    """

    value: float | None
    class_wise: Mapping[str, float | None]

    @property
    def classes(self) -> int:
        """Number of classes that the score is an average over.

        Examples
        --------
        >>> Score(None, {"car": None}).classes
        0
        """
        return sum(value is not None for value in self.class_wise.values())


def psds(
    recordings: Iterable[Scored],
    labels: Sequence[str],
    seconds: float,
    scenarios: Mapping[str, Scenario] = SCENARIOS,
) -> dict[str, Score]:
    """Polyphonic sound detection scores of some scenarios.

    Parameters
    ----------
    recordings : iterable of Scored
        Scores of shape (frames, classes) and events. Gone through once.
    labels : sequence of str
        Classes, in the order of the columns.
    seconds : float
        Duration of all recordings, above 0.
    scenarios : mapping of str to Scenario

    Returns
    -------
    scores : dict of str to Score

    Raises
    ------
    DataError
        If an event has an unknown label or impossible times, scores are NaN, plus infinity, or do not fit
        frames and classes, or there are events in recordings without duration.

    Examples
    --------
    >>> frames = np.arange(100.0)
    >>> scores = np.where(frames == 20, 0.9, np.where(frames == 50, 0.4, 0.0))[:, None]
    >>> scored = Scored(scores, frames, frames + 1, [(20.0, 21.0, "car")])
    >>> psds([scored], ["car"], seconds=100.0)["scenario_1"].value
    1.0
    """
    counted = count(recordings, labels, [one.criteria for one in scenarios.values()])
    if counted.events.any() and not seconds > 0:
        raise DataError(f"The duration of all recordings is {seconds} s.", fix="Give that of their scores.")
    stairs: dict[str, dict[str, Staircase]] = {name: {} for name in scenarios}
    for column, of_class in enumerate(counted.of_classes):
        if counted.events[column]:
            others = np.flatnonzero((counted.seconds > 0) & (np.arange(len(labels)) != column))
            other_hours = counted.seconds[others, None] / HOUR
            for (name, scenario), own in zip(scenarios.items(), of_class, strict=True):
                crossing = (own.cross_triggers[others] / other_hours).sum(axis=0) / max(1, len(others))
                rate = own.fp * HOUR / seconds + scenario.alpha_ct * crossing
                stairs[name][labels[column]] = _staircase(rate, own.tp / counted.events[column])
    return {name: _score(stairs[name], labels, scenario) for name, scenario in scenarios.items()}


def plain(scores: Mapping[str, Score]) -> dict[str, dict[str, Any]]:
    """Scores as plain values: of each scenario ``psds``, ``classes`` that it is over, and ``class_wise``.

    Examples
    --------
    >>> plain({"scenario_1": Score(0.5, {"car": 0.5, "bird": None})})
    {'scenario_1': {'psds': 0.5, 'classes': 1, 'class_wise': {'car': 0.5, 'bird': None}}}
    """
    return {
        name: {"psds": score.value, "classes": score.classes, "class_wise": dict(score.class_wise)}
        for name, score in scores.items()
    }


def table(scores: Mapping[str, Score]) -> str:
    """Lay out scores as text of fixed width, one column a scenario; a dash marks a class without events.

    Examples
    --------
    >>> print(table({"scenario_1": Score(0.5, {"car": 0.5, "bird": None})}), end="")
    Polyphonic sound detection score (PSDS), all thresholds
            scenario_1
    overall      0.500  over 1 of 2 classes
    car          0.500
    bird             -
    """
    first = next(iter(scores.values()))
    width = max(map(len, ["overall", *first.class_wise]))
    overall = _row("overall", width, [score.value for score in scores.values()])
    return "\n".join(
        [
            "Polyphonic sound detection score (PSDS), all thresholds",
            " ".join([" " * width, *scores]),
            f"{overall}  over {first.classes} of {len(first.class_wise)} classes",
            *(
                _row(label, width, [one.class_wise[label] for one in scores.values()])
                for label in first.class_wise
            ),
            "",
        ]
    )


def _row(label: str, width: int, values: Sequence[float | None]) -> str:
    cells = (f"{'-':>10}" if value is None else f"{value:10.3f}" for value in values)
    return " ".join([f"{label:{width}}", *cells])


def _score(stairs: Mapping[str, Staircase], labels: Sequence[str], scenario: Scenario) -> Score:
    class_wise = {label: _area([stairs[label]], scenario) if label in stairs else None for label in labels}
    return Score(_area([*stairs.values()], scenario) if stairs else None, class_wise)


def _staircase(rate: NDArray[Any], found: NDArray[Any]) -> Staircase:
    """Rates of false positives in rising order, and the highest true positive rate up to each."""
    order = np.argsort(rate, kind="stable")
    return rate[order], np.maximum.accumulate(found[order])


def _area(stairs: Sequence[Staircase], scenario: Scenario) -> float:
    """Normalised area below the mean of staircases minus their weighted standard deviation."""
    edges = np.unique(np.concatenate([rate for rate, _ in stairs]))
    edges = edges[edges < scenario.e_max]
    # every staircase begins at rate 0, where the strictest threshold detects nothing
    values = np.stack([found[np.searchsorted(rate, edges, side="right") - 1] for rate, found in stairs])
    heights = np.maximum(values.mean(axis=0) - scenario.alpha_st * values.std(axis=0), 0.0)
    widths = np.diff(edges, append=scenario.e_max)
    return float(heights @ widths / scenario.e_max)
