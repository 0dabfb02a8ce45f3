"""Reference of a validation: annotation on the grid of output frames and on segments of 1 s."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.core.labels import Event
from pyannote.audio.core.rasters import frame_range, raster
from pyannote.audio.database.protocols import Recording
from pyannote.audio.metrics.segment_based import activity, frame_ranges, highest

Unit = Literal["segments", "frames"]
SEGMENT = 1.0


@dataclass(frozen=True)
class Items:
    """Scores and targets of all files, one row a frame or a segment.

    Parameters
    ----------
    scores : ndarray of float32, shape (items, classes)
    target : ndarray of bool, shape (items, classes)
    """

    scores: NDArray[np.float32]
    target: NDArray[np.bool_]


class Reference:
    """Annotation of validation files.

    Parameters
    ----------
    files : sequence of Recording
        With annotation.
    classes : sequence of str
        Columns of the scores.
    events : sequence of list of (onset, offset, class)
        Events of the classes in each file, in seconds.
    step : float
        Duration of an output, in seconds.
    outputs : sequence of int
        Outputs of each file.
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
                before + _ranges(file, count, step, len(own))
                for file, own, count, before in zip(
                    files, segments, outputs, np.cumsum([0, *outputs[:-1]]), strict=True
                )
            ]
        )

    def distinct(self, shortest: Sequence[float]) -> list[float]:
        """Those of some durations of the shortest event that make a difference; of equal ones, the first.

        Where an output lasts longer than an event must, there is nothing to be dropped.
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
            The score of a segment is the highest of the frames that touch it: a threshold then finds
            the segments that its events touch.
        shortest : float
            Duration in seconds of the shortest event, and of the shortest gap between two events.
        """
        filtered = without_short(scores, frames_of(shortest, self.step))
        if unit == "frames":
            return Items(filtered[:, self._inside].T, self._frames[self._inside])
        filtered[:, self._outside] = -np.inf
        return Items(highest(filtered, self._ranges).T, self._segments)


def frames_of(duration: float, step: float) -> int:
    """Smallest number of frames that last at least `duration` seconds.

    Examples
    --------
    >>> frames_of(0.5, 0.27), frames_of(0.54, 0.27), frames_of(0.0, 0.27)
    (2, 2, 0)
    """
    return int(np.ceil(duration / step - 1e-6))


def without_short(scores: Sequence[NDArray[np.float32]], frames: int) -> NDArray[np.float32]:
    """Scores of which any threshold leaves no gap, and then no event, of less than `frames` frames.

    Flat morphological filters commute with thresholds (Maragos and Schafer, IEEE TASSP 35(8), 1987), so
    that the exact search among thresholds stays exact. A closing takes the lowest of the highest scores
    around a frame, an opening the highest of the lowest.

    Parameters
    ----------
    scores : sequence of ndarray of float32, each of shape (frames, classes)
        Of each file; not negative.
    frames : int
        0 and 1 change nothing.

    Returns
    -------
    ndarray of float32, shape (classes, frames of all files)

    Examples
    --------
    >>> scores = np.array([[0.0], [0.9], [0.0], [0.0], [0.8], [0.1], [0.7]], dtype=np.float32)
    >>> without_short([scores], 2).ravel().tolist()[:4]
    [0.0, 0.0, 0.0, 0.0]
    """
    if frames < 2:
        return np.array(np.concatenate(scores).T, order="C")
    # nothing is active beyond the ends: gaps there are no gaps, and events there are as short as they look
    gap = 2 * frames
    lengths = [len(score) for score in scores]
    starts = gap + np.cumsum([0, *(length + gap for length in lengths)])
    filtered = np.full((scores[0].shape[1], int(starts[-1])), -1, dtype=np.float32)
    for start, score in zip(starts, scores, strict=False):
        filtered[:, start : start + len(score)] = score.T
    for extreme in (np.maximum, np.minimum, np.minimum, np.maximum):
        filtered = _extremes(extreme, filtered, frames)
    # each pair of these has shifted what is there by so many frames less one
    shift = 2 * (frames - 1)
    return np.concatenate(
        [filtered[:, start - shift :][:, :length] for start, length in zip(starts, lengths, strict=False)],
        axis=1,
    )


def _extremes(extreme: np.ufunc, values: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Extreme of each `size` neighbours, from windows that double, of shape (classes, frames - size + 1)."""
    width = 1
    while width < size:
        further = min(width, size - width)
        values = extreme(values[:, :-further], values[:, further:])
        width += further
    return values


def _ranges(file: Recording, outputs: int, step: float, segments: int) -> NDArray[np.int64]:
    """Output frames that touch each segment."""
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
