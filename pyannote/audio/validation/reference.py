"""What scores are compared with: annotation on the grid of frames and on segments of 1 s."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import grey_closing, grey_opening

from pyannote.audio.core.labels import Event, LabelsSpecification, frame_range
from pyannote.audio.database.protocols import Recording
from pyannote.audio.metrics.segment_based import activity, segment_scores

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
    labels : LabelsSpecification
        What the classes are made of.
    step : float
        Duration of an output frame, in seconds.
    outputs : sequence of int
        Output frames of each file.
    """

    def __init__(
        self, files: Sequence[Recording], labels: LabelsSpecification, step: float, outputs: Sequence[int]
    ) -> None:
        self.files = files
        self.classes = labels.classes
        self.step = step
        self.events: list[list[Event]] = [labels.events(file["events"] or ()) for file in files]
        self.outputs = list(outputs)
        self._inside = [_inside(file, count, step) for file, count in zip(files, outputs, strict=True)]
        plain = LabelsSpecification(regular=self.classes)
        self._frames = [
            plain.raster(events, count, step).astype(bool)
            for events, count in zip(self.events, outputs, strict=True)
        ]
        self._segments = [
            activity(events, self.classes, SEGMENT, segments=int(np.ceil(file["duration"] / SEGMENT)))
            for events, file in zip(self.events, files, strict=True)
        ]

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
        frames = frames_of(shortest, self.step)
        scores = [without_short(score, frames) for score in scores]
        if unit == "frames":
            rows = [
                (score[inside], target[inside])
                for score, target, inside in zip(scores, self._frames, self._inside, strict=True)
            ]
        else:
            rows = [self._in_segments(score, index) for index, score in enumerate(scores)]
        return Items(np.concatenate([row[0] for row in rows]), np.concatenate([row[1] for row in rows]))

    def _in_segments(
        self, scores: NDArray[np.float32], index: int
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        target = self._segments[index]
        onset = np.arange(len(scores), dtype=np.float64) * self.step
        offset = np.minimum(onset + self.step, self.files[index]["duration"])
        heard = np.where(self._inside[index][:, None], scores, -np.inf).astype(np.float32)
        return segment_scores(heard, onset, offset, SEGMENT, segments=len(target)), target


def frames_of(duration: float, step: float) -> int:
    """Smallest number of frames that last at least `duration` seconds.

    Examples
    --------
    >>> frames_of(0.5, 0.27), frames_of(0.54, 0.27), frames_of(0.0, 0.27)
    (2, 2, 0)
    """
    return int(np.ceil(duration / step - 1e-6))


def without_short(scores: NDArray[np.float32], frames: int) -> NDArray[np.float32]:
    """Scores of which any threshold leaves no gap, and then no event, of less than `frames` frames.

    Flat morphological filters commute with thresholds (Maragos and Schafer, IEEE TASSP 35(8), 1987), so
    that the exact search among thresholds stays exact.

    Parameters
    ----------
    scores : ndarray of float32, shape (frames, classes)
        Not negative.
    frames : int
        0 and 1 change nothing.

    Examples
    --------
    >>> scores = np.array([[0.0], [0.9], [0.0], [0.0], [0.8], [0.1], [0.7]], dtype=np.float32)
    >>> without_short(scores, 2).ravel().tolist()[:4]
    [0.0, 0.0, 0.0, 0.0]
    """
    if frames < 2:
        return scores
    # nothing is active beyond the ends: gaps there are no gaps, and events there are as short as they look
    padded = np.pad(scores, ((frames, frames), (0, 0)), constant_values=-1)
    closed = grey_closing(padded, size=(frames, 1))
    filtered: NDArray[np.float32] = grey_opening(closed, size=(frames, 1))[frames:-frames]
    return filtered


def _inside(file: Recording, outputs: int, step: float) -> NDArray[np.bool_]:
    """Output frames within the annotated regions."""
    inside = np.zeros(outputs, dtype=bool)
    for start, end in file["regions"]:
        first, last = frame_range(start, end, step)
        # the last frame may reach beyond the end of the file
        inside[first : outputs if end >= file["duration"] - step else last] = True
    return inside
