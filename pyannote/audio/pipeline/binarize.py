"""Detection of events by thresholds on the scores of a class."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Binarize:
    """Detection of events by two thresholds on the scores of a class, shape (frames,) (hysteresis).

    An event starts where the score reaches `onset` and ends where it falls below `offset`. Then short gaps
    are closed, short events removed, and the others padded.

    Parameters
    ----------
    onset, offset : float
        Thresholds in [0, 1]; a score equal to a threshold is active. Thresholds above 1 detect nothing.
    min_duration_on : float
        Shorter events are removed; in seconds, 0 or more.
    min_duration_off : float
        Shorter gaps are closed; in seconds, 0 or more.
    pad_onset, pad_offset : float
        Extension of events at their start and at their end, in seconds; negative values shorten them.

    Examples
    --------
    >>> Binarize(onset=0.6, offset=0.4)(np.array([0.1, 0.7, 0.5, 0.3, 0.5]), step=0.5, duration=2.5)
    [(0.5, 1.5)]
    >>> Binarize(0.5, 0.5, min_duration_off=0.6)(np.array([0.9, 0.1, 0.9]), step=0.5, duration=1.4)
    [(0.0, 1.4)]
    """

    onset: float
    offset: float
    min_duration_on: float = 0.0
    min_duration_off: float = 0.0
    pad_onset: float = 0.0
    pad_offset: float = 0.0

    def __call__(
        self, scores: NDArray[np.float32], step: float, duration: float
    ) -> list[tuple[float, float]]:
        """Detect events.

        Parameters
        ----------
        scores : ndarray, shape (frames,)
            Scores of one class, in [0, 1].
        step : float
            Duration of a frame, in seconds.
        duration : float
            Duration of the recording, in seconds; events end there at the latest.

        Returns
        -------
        list of (onset, offset)
            In seconds, in rising order, without overlap.
        """
        active = _hysteresis(scores >= self.onset, scores >= self.offset)
        edges = np.flatnonzero(np.diff(np.concatenate([[False], active, [False]]).astype(np.int8)))
        # events are written to the millisecond; rounding here scores exactly the events that are written
        events = np.round(edges.reshape(-1, 2) * step, 3)
        events = _joined(events, self.min_duration_off)
        events = events[events[:, 1] - events[:, 0] >= self.min_duration_on - 1e-6]
        events = _joined(events + np.array([-self.pad_onset, self.pad_offset]), 0.0)
        events = np.clip(events, 0.0, duration)
        return [(float(onset), float(offset)) for onset, offset in events if offset > onset]

    def dump(self) -> dict[str, float]:
        """Plain mapping for `params.yml`.

        Examples
        --------
        >>> Binarize(0.6, 0.4).dump()["offset"]
        0.4
        """
        return asdict(self)


def _hysteresis(high: NDArray[np.bool_], low: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Active frames: runs of `low`, each from its first `high` frame on; shape (frames,)."""
    index = np.arange(len(high))
    last_high = np.maximum.accumulate(np.where(high, index, -1))
    last_off = np.maximum.accumulate(np.where(low | high, -1, index))
    return (last_high > last_off) & (low | high)


def _joined(events: NDArray[np.float64], gap: float) -> NDArray[np.float64]:
    """Merge events, of shape (events, 2), that overlap or are less than `gap` seconds apart."""
    if len(events) < 2:
        return events
    gaps = events[1:, 0] - events[:-1, 1]
    split = (gaps >= gap - 1e-6) & (gaps > 0) if gap > 0 else gaps > 0
    onsets = events[np.concatenate([[True], split]), 0]
    offsets = events[np.concatenate([split, [True]]), 1]
    return np.stack([onsets, offsets], axis=1)
