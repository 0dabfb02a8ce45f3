"""Segment-based counts: activity of classes in segments of fixed length, as in sed_eval 0.2.1.

A class is active in every segment that one of its events touches: from the segment of the onset, rounded
down, to that of the offset, rounded up. In each segment k,

    S(k) = min(FN(k), FP(k))    D(k) = FN(k) - S(k)    I(k) = FP(k) - S(k)

are its substitutions, deletions and insertions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.core.errors import DataError
from pyannote.audio.metrics.counts import Counts
from pyannote.audio.metrics.events import Events, as_arrays

BoolArray = NDArray[np.bool_]


class SegmentCounts(Counts):
    """Counts whose unit is a class that is active in a segment, arrays of shape (classes,); see `Counts`.

    Examples
    --------
    >>> float(SegmentCounts(np.array([1]), np.array([1]), np.array([2]), substitutions=0).overall.recall)
    1.0
    """


def bounds(
    onsets: NDArray[np.float64], offsets: NDArray[np.float64], resolution: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First segment that each event overlaps, and the one after the last.

    Parameters
    ----------
    onsets, offsets : float array, shape (events,)
        Seconds, from 0.
    resolution : float
        Length of a segment in seconds, above 0.

    Returns
    -------
    first, end : int array, shape (events,)

    Raises
    ------
    DataError
        If `resolution` is not a positive number.

    Examples
    --------
    >>> first, end = bounds(np.array([0.9, 1.0]), np.array([2.0, 2.1]), 1.0)
    >>> first.tolist(), end.tolist()
    ([0, 1], [2, 3])
    """
    if not 0 < resolution < math.inf:
        raise DataError(
            f"The length of segments is {resolution} s; it must be above 0.", fix="Give one such as 1.0."
        )
    return np.floor(onsets / resolution).astype(np.int64), np.ceil(offsets / resolution).astype(np.int64)


def activity(
    events: Events, labels: Sequence[str], resolution: float = 1.0, segments: int | None = None
) -> BoolArray:
    """Activity of each class in each segment.

    Parameters
    ----------
    events : sequence of (onset, offset, label)
        Seconds, ``0 <= onset <= offset``. An event of no duration counts inside a segment, but not at the
        boundary of two.
    labels : sequence of str
        Labels of the columns.
    resolution : float
        Length of a segment in seconds.
    segments : int, optional
        Number of segments: later events are cut off, missing segments are inactive. Default: up to the
        latest offset.

    Returns
    -------
    activity : bool array, shape (segments, classes)

    Raises
    ------
    DataError
        If an event has an unknown label or impossible times.

    Examples
    --------
    >>> activity([(0.5, 2.0, "car"), (1.0, 3.1, "bird")], ["bird", "car"]).astype(int).tolist()
    [[0, 1], [1, 1], [1, 0], [1, 0]]
    """
    onsets, offsets, columns = as_arrays(events, labels)
    first, end = bounds(onsets, offsets, resolution)
    length = int(end.max(initial=0)) if segments is None else segments
    active = np.zeros((length, len(labels)), dtype=bool)
    for start, stop, column in zip(first, end, columns, strict=True):
        active[start:stop, column] = True
    return active


def segment_scores(
    frame_scores: NDArray[Any],
    starts: NDArray[np.float64],
    ends: NDArray[np.float64],
    resolution: float = 1.0,
    segments: int | None = None,
) -> NDArray[Any]:
    """Highest score of all frames that overlap each segment.

    For any threshold, the same segments are active as for the event list of that threshold, which has one
    event for each run of active frames, from the start of its first to the end of its last frame. Times are
    rounded to the millisecond before they are compared with the boundaries of segments, so that a rounding
    error such as 3.0000000004 s adds no segment: the event list must have been rounded to milliseconds, too.

    Parameters
    ----------
    frame_scores : float array, shape (frames, classes)
    starts, ends : float array, shape (frames,)
        Extent of each frame in seconds, in order of time; neighbours touch or overlap.
    resolution : float
        Length of a segment in seconds.
    segments : int, optional
        Number of segments; default: up to the end of the last frame.

    Returns
    -------
    scores : float array, shape (segments, classes)
        Minus infinity in segments that no frame overlaps.

    Raises
    ------
    DataError
        If the arrays have different lengths, or the frames are not in order of time.

    Examples
    --------
    >>> starts = np.array([0.0, 0.6, 1.2])
    >>> segment_scores(np.array([[0.3], [0.5], [0.2]]), starts, starts + 0.6).tolist()
    [[0.5], [0.5]]
    """
    ordered = all((np.diff(times) >= 0).all() for times in (starts, ends))
    if not ordered or not len(frame_scores) == len(starts) == len(ends):
        raise DataError(
            f"Found {len(frame_scores)} scores, {len(starts)} starts and {len(ends)} ends of frames.",
            fix="Give as many of each, in order of time.",
        )
    ranges = frame_ranges(starts, ends, resolution, segments)
    return range_maxima(np.ascontiguousarray(frame_scores.T), ranges).T


def frame_ranges(
    starts: NDArray[np.float64],
    ends: NDArray[np.float64],
    resolution: float = 1.0,
    segments: int | None = None,
) -> NDArray[np.int64]:
    """Frames that overlap each segment (see `segment_scores`).

    Returns
    -------
    ranges : int array, shape (segments, 2)
        First frame, and the one after the last; not less than the first.

    Examples
    --------
    >>> starts = np.array([0.0, 0.6, 1.2])
    >>> frame_ranges(starts, starts + 0.6).tolist()
    [[0, 2], [1, 3]]
    """
    first, end = bounds(np.round(starts, 3), np.round(ends, 3), resolution)
    each = np.arange(int(end.max(initial=0)) if segments is None else segments)
    begin = np.searchsorted(end, each, side="right")
    return np.stack([begin, np.maximum(begin, np.searchsorted(first, each, side="right"))], axis=1)


def range_maxima(scores: NDArray[Any], ranges: NDArray[np.int64]) -> NDArray[Any]:
    """Highest score of each range of frames.

    Parameters
    ----------
    scores : float array, shape (classes, frames)
    ranges : int array, shape (ranges, 2)
        First frame of each, and the one after the last.

    Returns
    -------
    scores : float array, shape (classes, ranges)
        Minus infinity in ranges without frames.

    Examples
    --------
    >>> range_maxima(np.array([[0.3, 0.5, 0.2]]), np.array([[0, 2], [2, 3], [3, 3]])).tolist()
    [[0.5, 0.2, -inf]]
    """
    first, last = ranges.T
    maxima = np.full((len(scores), len(ranges)), -np.inf, dtype=scores.dtype)
    # two windows, which may overlap, cover a range; their width is the largest power of two that fits
    windows, width = scores, 1
    while (fits := np.flatnonzero(last - first >= width)).size:
        begin, end = windows.take(first[fits], axis=1), windows.take(last[fits] - width, axis=1)
        maxima[:, fits] = np.maximum(begin, end)
        windows = np.maximum(windows[:, :-width], windows[:, width:])
        width *= 2
    return maxima


def count(reference: BoolArray, estimate: BoolArray) -> SegmentCounts:
    """Compare two activities of one file.

    Parameters
    ----------
    reference, estimate : bool array, shape (segments, classes)
        The shorter one is inactive in the segments that it lacks.

    Returns
    -------
    counts : SegmentCounts
        Arrays of shape (classes,), to be added over files.

    Raises
    ------
    DataError
        If the arrays are not boolean, or do not have the same classes.

    Examples
    --------
    >>> counts = count(np.array([[True, False], [True, True]]), np.array([[False, True], [True, False]]))
    >>> counts.substitutions, int(counts.deletions), int(counts.insertions)
    (1, 1, 0)
    """
    for array in (reference, estimate):
        if array.dtype != bool or array.ndim != 2 or array.shape[1] != reference.shape[1]:
            raise DataError(
                f"Cannot compare activities of {reference.dtype} {reference.shape} and of "
                f"{estimate.dtype} {estimate.shape}.",
                fix="Both must be boolean, of shape (segments, classes), with the same classes.",
            )
    length = max(len(reference), len(estimate))
    reference, estimate = _padded(reference, length), _padded(estimate, length)
    missed = (reference & ~estimate).sum(1)
    extra = (estimate & ~reference).sum(1)
    return SegmentCounts(
        tp=(reference & estimate).sum(0),
        n_reference=reference.sum(0),
        n_system=estimate.sum(0),
        substitutions=int(np.minimum(missed, extra).sum()),
    )


def _padded(active: BoolArray, length: int) -> BoolArray:
    return np.pad(active, ((0, length - len(active)), (0, 0)))
