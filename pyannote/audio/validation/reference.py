"""Reference of a validation: annotation sampled on output frames and on segments of 1 s."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.core.labels import Event
from pyannote.audio.core.rasters import frame_range, raster
from pyannote.audio.database.protocols import Recording
from pyannote.audio.metrics.segment_based import activity, frame_ranges, range_maxima

Unit = Literal["segments", "frames"]
SEGMENT = 1.0


@dataclass(frozen=True)
class Items:
    """Scores and targets of all files, one row for each frame or segment.

    Parameters
    ----------
    scores : ndarray of float32, shape (items, classes)
    target : ndarray of bool, shape (items, classes)

    Examples
    --------
    >>> Items(np.array([[0.9], [0.1]], np.float32), np.array([[True], [False]])).target.shape
    (2, 1)
    """

    scores: NDArray[np.float32]
    target: NDArray[np.bool_]


class Reference:
    """Annotation of validation files, on the grid of the scores, shape (outputs, classes).

    Parameters
    ----------
    files : sequence of Recording
        Annotated recordings.
    classes : sequence of str
        Columns of the scores.
    events : sequence of list of (onset, offset, class)
        Events of the classes in each file, in seconds.
    step : float
        Duration of an output, in seconds.
    outputs : sequence of int
        Outputs of each file.

    Examples
    --------
    >>> file = {"uri": "a001", "duration": 3.0, "regions": [(0.0, 3.0)]}
    >>> reference = Reference([file], ["car"], [[(0.0, 1.5, "car")]], step=0.5, outputs=[6])
    >>> scores = np.array([[0.9], [0.8], [0.7], [0.1], [0.2], [0.1]], np.float32)
    >>> items = reference.items([scores], "segments")
    >>> items.scores.ravel().tolist() == [np.float32(0.9), np.float32(0.7), np.float32(0.2)]
    True
    >>> items.target.ravel().tolist()
    [True, True, False]
    """

    def __init__(
        self,
        files: Sequence[Recording],
        classes: Sequence[str],
        events: Sequence[list[Event]],
        step: float,
        outputs: Sequence[int],
    ) -> None:
        self.files = files
        self.classes = tuple(classes)
        self.step = step
        self.events = list(events)
        self.outputs = list(outputs)
        inside = [_inside(file, count, step) for file, count in zip(files, outputs, strict=True)]
        self._inside = np.concatenate(inside)
        self._outside = np.flatnonzero(~self._inside)
        self._frames = np.concatenate(
            [
                raster(events, self.classes, count, step).astype(bool)
                for events, count in zip(self.events, outputs, strict=True)
            ]
        )
        segments = [
            activity(events, self.classes, SEGMENT, segments=int(np.ceil(file["duration"] / SEGMENT)))
            for events, file in zip(self.events, files, strict=True)
        ]
        self._segments = np.concatenate(segments)
        self._ranges = np.concatenate(
            [
                before + _ranges(file, count, step, len(active))
                for file, active, count, before in zip(
                    files, segments, outputs, np.cumsum([0, *outputs[:-1]]), strict=True
                )
            ]
        )

    def distinct(self, shortest: Sequence[float]) -> list[float]:
        """Durations that differ in output frames, the first of those that are equal.

        Parameters
        ----------
        shortest : sequence of float
            Durations of the shortest event, in seconds. Those of at most one output frame drop no event.

        Examples
        --------
        >>> file = {"uri": "a001", "duration": 3.0, "regions": [(0.0, 3.0)]}
        >>> Reference([file], ["car"], [[]], step=0.5, outputs=[6]).distinct([0.0, 0.5, 0.9, 1.0])
        [0.0, 0.9]
        """
        frames = [max(1, frames_of(duration, self.step)) for duration in shortest]
        return [duration for index, duration in enumerate(shortest) if frames[index] not in frames[:index]]

    def items(self, scores: Sequence[NDArray[np.float32]], unit: Unit, shortest: float = 0.0) -> Items:
        """Scores and targets of frames or of 1 s segments, within the annotated regions.

        Parameters
        ----------
        scores : sequence of ndarray, each of shape (frames, classes)
            Scores of each file.
        unit : {"segments", "frames"}
            The score of a segment is the maximum over the frames that overlap it: a threshold then selects
            the segments that overlap its events.
        shortest : float
            Duration in seconds of the shortest event, and of the shortest gap between two events.

        Returns
        -------
        Items
            Scores and targets, shape (items, classes).

        Examples
        --------
        >>> file = {"uri": "a001", "duration": 3.0, "regions": [(0.0, 2.0)]}
        >>> reference = Reference([file], ["car"], [[]], step=0.5, outputs=[6])
        >>> reference.items([np.zeros((6, 1), np.float32)], "frames").scores.shape
        (4, 1)
        """
        filtered = without_short(scores, frames_of(shortest, self.step))
        if unit == "frames":
            return Items(filtered[:, self._inside].T, self._frames[self._inside])
        filtered[:, self._outside] = -np.inf
        return Items(range_maxima(filtered, self._ranges).T, self._segments)


def frames_of(duration: float, step: float) -> int:
    """Smallest number of frames that last at least `duration` seconds.

    Examples
    --------
    >>> frames_of(0.5, 0.27), frames_of(0.54, 0.27), frames_of(0.0, 0.27)
    (2, 2, 0)
    """
    return int(np.ceil(duration / step - 1e-6))


def without_short(scores: Sequence[NDArray[np.float32]], frames: int) -> NDArray[np.float32]:
    """Filter scores so that no threshold gives gaps, or then events, of less than `frames` frames.

    A closing (minimum of the maximum over windows of `frames` frames) is followed by an opening (maximum of
    the minimum)::

        y = max(min(min(max(x))))

    Flat morphological filters commute with thresholds, so that the search for a threshold stays exact.

    Parameters
    ----------
    scores : sequence of ndarray of float32, each of shape (frames, classes)
        Scores of each file, 0 or more.
    frames : int
        0 and 1 change nothing.

    Returns
    -------
    ndarray of float32, shape (classes, frames of all files)

    References
    ----------
    Maragos and Schafer, "Morphological Filters", IEEE Transactions on Acoustics, Speech, and Signal
    Processing 35(8), 1987.

    Examples
    --------
    >>> scores = np.array([[0.0], [0.9], [0.0], [0.0], [0.8], [0.1], [0.7]], dtype=np.float32)
    >>> without_short([scores], 2).ravel().tolist()[:4]
    [0.0, 0.0, 0.0, 0.0]
    """
    if frames < 2:
        return np.array(np.concatenate(scores).T, order="C")
    # beyond both ends nothing is active: no gap is closed there, and events at the ends are not prolonged
    gap = 2 * frames
    lengths = [len(score) for score in scores]
    starts = gap + np.cumsum([0, *(length + gap for length in lengths)])
    filtered = np.full((scores[0].shape[1], int(starts[-1])), -1, dtype=np.float32)
    for start, score in zip(starts, scores, strict=False):
        filtered[:, start : start + len(score)] = score.T
    for extreme in (np.maximum, np.minimum, np.minimum, np.maximum):
        filtered = _extremes(extreme, filtered, frames)
    # each pair of filters shifts the scores by frames - 1
    shift = 2 * (frames - 1)
    return np.concatenate(
        [filtered[:, start - shift :][:, :length] for start, length in zip(starts, lengths, strict=False)],
        axis=1,
    )


def _extremes(extreme: np.ufunc, values: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Extreme of `size` neighbours, by windows of doubling width, shape (classes, frames - size + 1)."""
    width = 1
    while width < size:
        further = min(width, size - width)
        values = extreme(values[:, :-further], values[:, further:])
        width += further
    return values


def _ranges(file: Recording, outputs: int, step: float, segments: int) -> NDArray[np.int64]:
    """Output frames that overlap each segment."""
    onsets = np.arange(outputs, dtype=np.float64) * step
    offsets = np.minimum(onsets + step, file["duration"])
    return frame_ranges(onsets, offsets, SEGMENT, segments)


def _inside(file: Recording, outputs: int, step: float) -> NDArray[np.bool_]:
    """Output frames within the annotated regions."""
    inside = np.zeros(outputs, dtype=bool)
    for start, end in file["regions"]:
        first, last = frame_range(start, end, step)
        # the last frame may reach beyond the end of the file
        inside[first : outputs if end >= file["duration"] - step else last] = True
    return inside
