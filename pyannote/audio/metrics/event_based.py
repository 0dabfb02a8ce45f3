"""Event-based measures: which events have a counterpart, as sed_eval 0.2.1 counts it.

An estimated event is right if its label is that of a reference event and its onset lies within a collar of
that event's onset; in the stricter measure its offset must also lie within the collar, or within a percentage
of the reference event's length, of that event's offset. As many events as possible are paired, each at most
once. Of the events left over, those that differ in nothing but the label are substitutions.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.metrics.counts import Counts
from pyannote.audio.metrics.events import Events, as_arrays

BoolArray = NDArray[np.bool_]


class EventCounts(Counts):
    """Counts whose unit is an event."""


def count(
    reference: Events,
    estimate: Events,
    labels: Sequence[str],
    evaluate_offset: bool = True,
    collar: float = 0.5,
    percentage_of_length: float = 0.5,
) -> EventCounts:
    """Compare two event lists of one file.

    Parameters
    ----------
    reference, estimate : sequence of (onset, offset, label)
        Seconds.
    labels : sequence of str
        The classes, in the order of the counts.
    evaluate_offset : bool
        Whether offsets must agree as well as onsets.
    collar : float
        Largest difference of onsets (and of offsets) in seconds.
    percentage_of_length : float
        Offsets may also differ by this part, from 0 to 1, of the reference event's length.

    Returns
    -------
    counts : EventCounts
        To be added over files.

    Raises
    ------
    DataError
        If an event has an unknown label or impossible times.

    Examples
    --------
    >>> reference = [(0.0, 1.0, "car"), (5.0, 6.0, "bird")]
    >>> estimate = [(0.4, 3.0, "car"), (5.1, 6.2, "car")]
    >>> counts = count(reference, estimate, ["bird", "car"], evaluate_offset=False)
    >>> counts.tp.tolist(), counts.substitutions
    ([0, 1], 1)
    """
    onsets, offsets, columns = as_arrays(reference, labels)
    estimated_onsets, estimated_offsets, estimated_columns = as_arrays(estimate, labels)
    near = np.abs(onsets[:, None] - estimated_onsets) <= collar
    if evaluate_offset:
        tolerance = np.maximum(collar, percentage_of_length * (offsets - onsets))
        near &= np.abs(offsets[:, None] - estimated_offsets) <= tolerance[:, None]
    right, used = _match(near & (columns[:, None] == estimated_columns))
    near[right] = False
    near[:, used] = False
    return EventCounts(
        tp=np.bincount(columns[right], minlength=len(labels)),
        n_reference=np.bincount(columns, minlength=len(labels)),
        n_system=np.bincount(estimated_columns, minlength=len(labels)),
        substitutions=_pairs_in_order(near),
    )


def _match(hits: BoolArray) -> tuple[list[int], list[int]]:
    """Rows and columns of a largest set of hits that share no row and no column."""
    # Which of several largest matchings is found decides how many substitutions remain, so that equal
    # figures need sed_eval's own matching, and its order of events.
    if not hits.any():
        return [], []
    from pyannote.audio.metrics.official import import_sed_eval

    graph: dict[int, list[int]] = {}
    for row, column in np.argwhere(hits).tolist():
        graph.setdefault(column, []).append(row)
    matching: dict[int, int] = import_sed_eval().util.bipartite_match(graph)
    return list(matching.keys()), list(matching.values())


def _pairs_in_order(near: BoolArray) -> int:
    """Pair each row with the first column that is near and still free; how many found one."""
    free = np.ones(near.shape[1], dtype=bool)
    pairs = 0
    for row in near:
        candidates = np.flatnonzero(row & free)
        if candidates.size:
            free[candidates[0]] = False
            pairs += 1
    return pairs
