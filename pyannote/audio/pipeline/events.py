"""Pipeline of detectors: from the scores of a recording to events, and to the frames of events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.core.labels import Event
from pyannote.audio.inference.detection_params import PARAMETERS
from pyannote.audio.pipeline.binarize import Binarize


def events_of(
    scores: NDArray[np.float32],
    step: float,
    parameters: Mapping[str, Mapping[str, Any]],
    duration: float,
    regions: Sequence[tuple[float, float]],
) -> list[Event]:
    """Events of a recording within its annotated regions.

    Parameters
    ----------
    scores : float32, shape (outputs, classes)
        Between 0 and 1.
    step : float
        Duration of an output, in seconds.
    parameters : mapping of str to mapping
        `PARAMETERS` of each class, in the order of the columns.
    duration : float
        Duration of the recording, in seconds.
    regions : sequence of (start, end)
        Annotated parts, in seconds.

    Returns
    -------
    list of (onset, offset, label)
        In seconds, to the millisecond, in order of onset.

    Examples
    --------
    >>> parameters = {"car": dict.fromkeys(PARAMETERS, 0.0) | {"onset": 0.5, "offset": 0.5}}
    >>> scores = np.array([[0.1], [0.9], [0.8], [0.2]], dtype=np.float32)
    >>> events_of(scores, 0.5, parameters, duration=2.0, regions=[(0.0, 1.25)])
    [(0.5, 1.25, 'car')]
    """
    events = []
    for column, (label, values) in enumerate(parameters.items()):
        binarize = Binarize(**{name: float(values[name]) for name in PARAMETERS})
        for onset, offset in binarize(scores[:, column], step, duration):
            # to the millisecond, so that figures are computed from the events that are written
            parts = ((round(max(onset, start), 3), round(min(offset, end), 3)) for start, end in regions)
            events += [(start, end, label) for start, end in parts if end > start]
    return sorted(events)


def frames_within(
    scores: NDArray[np.float32], step: float, regions: Sequence[tuple[float, float]]
) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.float64]]:
    """Frames of the scores of a recording within its annotated regions, and their extent.

    For any threshold from 0 to 1, the runs of frames that reach it are the events of `events_of` with that
    threshold as onset and offset, no shortest duration, and no padding.

    Parameters
    ----------
    scores : float32, shape (outputs, classes)
        Between 0 and 1.
    step : float
        Duration of an output, in seconds.
    regions : sequence of (start, end)
        Annotated parts within the recording, in seconds.

    Returns
    -------
    scores : float32, shape (frames, classes)
        Between two regions there is a frame of minus infinity, so that no run passes it.
    starts, ends : float64, shape (frames,)
        Extent of each frame, in seconds, to the millisecond.

    Examples
    --------
    >>> scores, starts, ends = frames_within(np.array([[0.2], [0.9]]), 0.5, [(0.0, 0.25), (0.75, 1.0)])
    >>> scores.tolist(), starts.tolist(), ends.tolist()
    ([[0.2], [-inf], [0.9]], [0.0, 0.25, 0.75], [0.25, 0.25, 1.0])
    """
    edges = np.round(np.arange(len(scores) + 1) * step, 3)
    separator = np.full((1, scores.shape[1]), -np.inf, dtype=scores.dtype)
    kept, onsets, offsets = [scores[:0]], [edges[:0]], [edges[:0]]
    for start, end in regions:
        # rounded as in `events_of`: NumPy rounds some halves in the other direction
        first, last = round(start, 3), round(end, 3)
        starts, ends = np.clip(edges[:-1], first, last), np.clip(edges[1:], first, last)
        inside = ends > starts
        border = offsets[-1][-1:]
        kept += [separator[: len(border)], scores[inside]]
        onsets += [border, starts[inside]]
        offsets += [border, ends[inside]]
    return np.concatenate(kept), np.concatenate(onsets), np.concatenate(offsets)
