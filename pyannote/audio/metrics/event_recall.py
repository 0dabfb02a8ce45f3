"""Share of events that are found, by their duration, their overlap with other classes, and their level."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.metrics.events import Events, as_arrays
from pyannote.audio.metrics.segment_based import BoolArray, bounds

DURATIONS = (0.0, 0.5, 1.0, 3.0, 10.0, np.inf)
"""Bounds of the groups of durations, in seconds."""

OVERLAPS = (0.0, 1e-9, 0.5, 2.0)
"""Bounds of the groups of overlaps: none, less than half of the event, half or more."""

LEVELS = (-np.inf, 1.0, 3.0, 6.0, 12.0, np.inf)
"""Bounds of the groups of levels, in decibels."""


@dataclass(frozen=True)
class ComparedEvents:
    """Events of one side, and how much of each the other side has, arrays of shape (events,).

    Parameters
    ----------
    durations : float array
        In seconds.
    overlaps : float array
        Share of the duration during which an annotated event of another class is active, in [0, 1].
    segments, agreeing : int array
        Number of segments of each event, and of those in which the other side has its class, too.
    levels : float array
        Power during the event in relation to the background, in decibels; NaN where unknown.

    Examples
    --------
    >>> against = np.array([[True], [False], [False]])
    >>> events = compared([(0.5, 2.0, "car")], against, ["car"], [(1.0, 9.0, "bird"), (0.0, 9.0, "car")])
    >>> events.segments.tolist(), events.agreeing.tolist(), events.overlaps.round(2).tolist()
    ([2], [1], [0.67])
    """

    durations: NDArray[np.float64]
    overlaps: NDArray[np.float64]
    segments: NDArray[np.int64]
    agreeing: NDArray[np.int64]
    levels: NDArray[np.float64]

    @classmethod
    def pooled(cls, files: Iterable[ComparedEvents]) -> ComparedEvents:
        """Events of several files, at least one."""
        every = list(files)
        return cls(*(np.concatenate([getattr(one, field.name) for one in every]) for field in fields(cls)))


@dataclass(frozen=True)
class Group:
    """Events of one range of durations, overlaps or levels.

    Parameters
    ----------
    low, high : float
        Range, `high` excluded.
    events, found : int
        Number of events, and of those with a segment on the other side.
    segments, agreeing : int
        Number of their segments, and of those that the other side has.

    Examples
    --------
    >>> Group(0.0, 1.0, events=4, found=1, segments=10, agreeing=2).share
    0.25
    """

    low: float
    high: float
    events: int
    found: int
    segments: int
    agreeing: int

    @property
    def share(self) -> float | None:
        """Share of the events that are found, None without events."""
        return self.found / self.events if self.events else None


def compared(
    events: Events,
    against: BoolArray,
    labels: Sequence[str],
    annotated: Events,
    levels: NDArray[np.float64] | None = None,
) -> ComparedEvents:
    """Compare the events of a file with the activity of the other side.

    Parameters
    ----------
    events : sequence of (onset, offset, label)
        In seconds. Those that touch no segment, because they have no duration, are left out.
    against : bool array, shape (segments, classes)
        Activity of the other side in segments of 1 s.
    labels : sequence of str
        Classes.
    annotated : sequence of (onset, offset, label)
        Annotated events, with which they may overlap.
    levels : float array, shape (events,), optional
        See `ComparedEvents`.

    Raises
    ------
    DataError
        If an event has an unknown label or impossible times.
    """
    onsets, offsets, columns = as_arrays(events, labels)
    first, end = bounds(onsets, offsets, 1.0)
    agreeing = [against[start:stop, c].sum() for start, stop, c in zip(first, end, columns, strict=True)]
    known = np.full(len(events), np.nan) if levels is None else levels
    kept = end > first
    return ComparedEvents(
        (offsets - onsets)[kept],
        np.array([overlap(event, annotated) for event in events], np.float64)[kept],
        (end - first)[kept],
        np.array(agreeing, np.int64)[kept],
        known[kept],
    )


def overlap(event: tuple[float, float, str], annotated: Events) -> float:
    """Share of the duration of an event during which annotated events of other classes are active.

    Examples
    --------
    >>> overlap((0.0, 4.0, "car"), [(1.0, 2.0, "bird"), (1.5, 3.0, "dog"), (0.0, 4.0, "car")])
    0.5
    """
    onset, offset, label = event
    active, reached = 0.0, onset
    for start, stop in sorted((start, stop) for start, stop, other in annotated if other != label):
        active += max(0.0, min(stop, offset) - max(start, reached))
        reached = max(reached, min(stop, offset))
    return active / (offset - onset) if offset > onset else 0.0


def groups(events: ComparedEvents, values: NDArray[np.float64], limits: Sequence[float]) -> list[Group]:
    """Events by ranges of a value.

    Parameters
    ----------
    events : ComparedEvents
    values : float array, shape (events,)
        One of its arrays; events whose value is NaN are in no group.
    limits : sequence of float, shape (groups + 1,)
        Bounds of the ranges, ascending.

    Examples
    --------
    >>> events = compared([(0.5, 2.0, "car")], np.array([[True]]), ["car"], [])
    >>> [(group.events, group.found) for group in groups(events, events.durations, (0, 1, 3))]
    [(0, 0), (1, 1)]
    """
    found = []
    for low, high in pairwise(limits):
        chosen = (values >= low) & (values < high)
        segments, agreeing = events.segments[chosen], events.agreeing[chosen]
        counts = (len(segments), int((agreeing > 0).sum()), int(segments.sum()), int(agreeing.sum()))
        found.append(Group(low, high, *counts))
    return found
