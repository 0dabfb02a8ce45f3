"""What scores are compared with: annotation on the grid of frames and on segments of 1 s."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

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

    def items(self, scores: Sequence[NDArray[np.float32]], unit: Unit) -> Items:
        """Scores and targets of frames or of 1 s segments, within the annotated regions.

        Parameters
        ----------
        scores : sequence of ndarray, each of shape (frames, classes)
            Scores of each file.
        unit : {"segments", "frames"}
            The score of a segment is the highest of the frames that touch it: a threshold then finds
            the segments that its events touch.
        """
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


def _inside(file: Recording, outputs: int, step: float) -> NDArray[np.bool_]:
    """Output frames within the annotated regions."""
    inside = np.zeros(outputs, dtype=bool)
    for start, end in file["regions"]:
        first, last = frame_range(start, end, step)
        # the last frame may reach beyond the end of the file
        inside[first : outputs if end >= file["duration"] - step else last] = True
    return inside
