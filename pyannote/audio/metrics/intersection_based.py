"""Intersection-based counts of one class at all thresholds on its scores.

A detection is a run of frames whose scores reach the threshold: scores are not smoothed, no gap is closed, no
short run removed, and none padded. With len its duration:

    relevant     if its overlap with events of its class       >= dtc * len
    false        otherwise (a false positive)
    cross trigger of another class, if it is false and its overlap with events of that class >= cttc * len

An event is found (a true positive) if its overlap with relevant detections is at least gtc times its
duration. Counts are exact for all thresholds, without a grid; see `threshold_runs`.

Times are compared in whole microseconds, so that an overlap of exactly 70 % is one of 70 %.

References
----------
Bilen et al., "A Framework for the Robust Evaluation of Sound Event Detection", ICASSP 2020.
Ebbers, Serizel and Haeb-Umbach, "Threshold Independent Evaluation of Sound Event Detection Scores", ICASSP
2022.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.core.errors import DataError
from pyannote.audio.metrics.events import Events, as_arrays
from pyannote.audio.metrics.threshold_runs import Changes, Runs, Tally, runs

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

MICROSECONDS = 1e6
"""Microseconds of a second."""


@dataclass(frozen=True)
class Criteria:
    """Shares of durations from which on an overlap counts, from 0 to 1.

    Parameters
    ----------
    dtc : float
        Detection tolerance criterion: share of a detection that events of its class must cover.
    gtc : float
        Ground truth intersection criterion: share of an event that relevant detections must cover.
    cttc : float, optional
        Cross-trigger tolerance criterion: share of a false detection that events of another class must cover.
        None: cross triggers are not counted.

    Examples
    --------
    >>> Criteria(dtc=0.1, gtc=0.1, cttc=0.3).cttc
    0.3
    """

    dtc: float
    gtc: float
    cttc: float | None = None


class Scored(NamedTuple):
    """Scores and events of one recording.

    Parameters
    ----------
    scores : float array, shape (frames, classes)
        No class is active in a frame of minus infinity, which separates frames that do not adjoin.
    starts, ends : float array, shape (frames,)
        Extent of each frame in seconds; a frame starts where the one before it ends.
    events : sequence of (onset, offset, label)
        Annotated events in seconds, those of one label without overlap.
    """

    scores: NDArray[Any]
    starts: Floats
    ends: Floats
    events: Events


@dataclass(frozen=True, eq=False)
class ThresholdCounts:
    """Counts of one class at all thresholds, from the strictest, which detects nothing.

    Parameters
    ----------
    thresholds : float array, shape (cuts,)
        A class is active where its score is at least the threshold.
    tp, fp : int array, shape (cuts,)
        Found events, and false detections.
    cross_triggers : int array, shape (classes, cuts)
        False detections that are cross triggers of each other class.

    Examples
    --------
    >>> zero_one, zeros = np.array([0, 1]), np.array([0, 0])
    >>> ThresholdCounts(np.array([np.inf, 0.9]), zero_one, zeros, zeros[None]).tp.tolist()
    [0, 1]
    """

    thresholds: Floats
    tp: Integers
    fp: Integers
    cross_triggers: Integers


@dataclass(frozen=True, eq=False)
class Counted:
    """Counts of all recordings.

    Parameters
    ----------
    events : int array, shape (classes,)
        Number of annotated events of each class.
    seconds : float array, shape (classes,)
        Their total duration.
    of_classes : iterator of tuple of ThresholdCounts, shape (classes, criteria)
        One class at a time, so that the counts of all need not be in memory.
    """

    events: Integers
    seconds: Floats
    of_classes: Iterator[tuple[ThresholdCounts, ...]]


def count(recordings: Iterable[Scored], labels: Sequence[str], criteria: Sequence[Criteria]) -> Counted:
    """Count all recordings at all thresholds.

    Parameters
    ----------
    recordings : iterable of Scored
        Gone through once.
    labels : sequence of str
        Classes, in the order of the columns.
    criteria : sequence of Criteria

    Returns
    -------
    counted : Counted

    Raises
    ------
    DataError
        If an event has an unknown label or impossible times, or scores are NaN, plus infinity, or do not fit
        frames and classes.

    Examples
    --------
    >>> frames = np.arange(3.0)
    >>> scored = Scored(np.array([[0.75], [0.0], [0.5]]), frames, frames + 1, [(0.0, 1.0, "car")])
    >>> [(counts,)] = count([scored], ["car"], [Criteria(0.7, 0.7)]).of_classes
    >>> counts.thresholds.tolist(), counts.tp.tolist(), counts.fp.tolist()
    ([inf, 0.75, 0.5, 0.0], [0, 1, 1, 0], [0, 0, 1, 1])
    """
    tallies = [[_ClassTallies(len(labels)) for _ in criteria] for _ in labels]
    events, durations = np.zeros(len(labels), np.int64), np.zeros(len(labels), np.int64)
    for recording in recordings:
        _check(recording, labels)
        starts, ends = (_microseconds(times) for times in (recording.starts, recording.ends))
        truth = _events_of_classes(recording.events, labels)
        events += [len(onsets) for onsets, _ in truth]
        durations += [int((offsets - onsets).sum()) for onsets, offsets in truth]
        for column, scores in enumerate(recording.scores.T):
            found = runs(scores)
            detections = _Detections(starts[found.first], ends[found.end - 1], found, column, truth)
            for one, own in zip(criteria, tallies[column], strict=True):
                detections.add_to(own, one)
    of_classes = (tuple(own.counts() for own in of_class) for of_class in tallies)
    return Counted(events, durations / MICROSECONDS, of_classes)


class _ClassTallies:
    """Changes of all counts of one class."""

    def __init__(self, classes: int) -> None:
        self.tp, self.fp = Tally(), Tally()
        self.cross_triggers = [Tally() for _ in range(classes)]

    def counts(self) -> ThresholdCounts:
        each = [self.tp, self.fp, *self.cross_triggers]
        scores = np.unique(np.concatenate([tally.joined().scores for tally in each]))
        tp, fp, *cross_triggers = (tally.numbers(scores) for tally in each)
        thresholds = np.append(np.inf, scores[::-1])
        return ThresholdCounts(thresholds, tp, fp, np.array(cross_triggers))


class _Detections:
    """Detections of one class in one recording at all thresholds; times in microseconds."""

    def __init__(
        self,
        onsets: Integers,
        offsets: Integers,
        runs: Runs,
        column: int,
        events: list[tuple[Integers, Integers]],
    ) -> None:
        self.onsets, self.offsets, self.runs = onsets, offsets, runs
        self.column, self.events = column, events
        self.overlap = _overlap(onsets, offsets, *events[column])

    def add_to(self, tallies: _ClassTallies, criteria: Criteria) -> None:
        relevant = self.overlap >= _share(criteria.dtc, self.offsets - self.onsets)
        self._add_false(tallies, np.flatnonzero(~relevant), criteria.cttc)
        self._add_found(tallies.tp, np.flatnonzero(relevant), criteria.gtc)

    def _add_false(self, tallies: _ClassTallies, false: Integers, cttc: float | None) -> None:
        tallies.fp.add(self.runs.changes(false, np.ones(len(false), np.int8)))
        if cttc is None:
            return
        onsets, offsets = self.onsets[false], self.offsets[false]
        for column, events in enumerate(self.events):
            if column != self.column and len(events[0]):
                crossing = false[_overlap(onsets, offsets, *events) >= _share(cttc, offsets - onsets)]
                alive = self.runs.changes(crossing, np.ones(len(crossing), np.int8))
                tallies.cross_triggers[column].add(alive)

    def _add_found(self, tp: Tally, relevant: Integers, gtc: float) -> None:
        begin, end = self.onsets[relevant], self.offsets[relevant]
        for onset, offset in zip(*self.events[self.column], strict=True):
            near = np.flatnonzero((begin < offset) & (end > onset))
            common = np.minimum(end[near], offset) - np.maximum(begin[near], onset)
            scores, covered = self.runs.changes(relevant[near], common).cumulated()
            enough = covered >= max(1, int(_share(gtc, offset - onset)))
            change = np.diff(enough.astype(np.int8), prepend=np.int8(0))
            tp.add(Changes(scores[change != 0], change[change != 0]))


def _check(recording: Scored, labels: Sequence[str]) -> None:
    scores, shape = recording.scores, (len(recording.starts), len(labels))
    if scores.shape != shape or len(recording.ends) != len(recording.starts):
        raise DataError(
            f"Found scores of shape {scores.shape} for {shape[0]} starts and {len(recording.ends)} ends of "
            f"frames and {shape[1]} classes.",
            fix="Give a score of each class in each frame.",
        )
    if not (scores < np.inf).all():
        raise DataError("Scores are NaN or infinite.", fix="Look for a training that has diverged.")


def _events_of_classes(events: Events, labels: Sequence[str]) -> list[tuple[Integers, Integers]]:
    """Onsets and offsets of the events of each class, in order of time."""
    onsets, offsets, columns = as_arrays(events, labels)
    times = np.stack([_microseconds(onsets), _microseconds(offsets)], axis=1)
    of_classes = (times[columns == column] for column in range(len(labels)))
    ordered = (own[np.argsort(own[:, 0], kind="stable")] for own in of_classes)
    return [(own[:, 0], own[:, 1]) for own in ordered]


def _microseconds(times: Floats) -> Integers:
    return np.rint(np.asarray(times) * MICROSECONDS).astype(np.int64)


def _share(part: float, durations: Any) -> Any:
    return np.rint(part * durations)


def _overlap(begin: Integers, end: Integers, onsets: Integers, offsets: Integers) -> Integers:
    """Overlap of spans with disjoint events, shape (spans,)."""
    return _active_before(end, onsets, offsets) - _active_before(begin, onsets, offsets)


def _active_before(times: Integers, onsets: Integers, offsets: Integers) -> Integers:
    """Total duration of events before each time."""
    if not len(onsets):
        return np.zeros_like(times)
    started = np.searchsorted(onsets, times, side="right")
    total = np.append(0, np.cumsum(offsets - onsets))[started]
    remaining = np.maximum(offsets[started - 1] - times, 0)
    active: Integers = total - np.where(started > 0, remaining, 0)
    return active
