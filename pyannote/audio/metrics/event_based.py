"""Event-based counts: estimated events are matched with reference events, as in sed_eval 0.2.1.

An estimated event is correct if its label is that of a reference event and its onset lies within a collar of
that event's onset; in the stricter measure its offset must also lie within the collar, or within a percentage
of the reference event's length, of that event's offset. As many events as possible are matched, each at most
once. Unmatched events that differ in the label alone are substitutions. An estimated event [t, u] matches a
reference event [s, e] of the same label if

    abs(t - s) <= collar    and    abs(u - e) <= max(collar, percentage_of_length * (e - s))
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.metrics.counts import Counts
from pyannote.audio.metrics.events import Events, as_arrays

Indices = NDArray[np.int64]


class EventCounts(Counts):
    """Counts whose unit is an event, arrays of shape (classes,); see `Counts`.

    Examples
    --------
    >>> float(EventCounts(np.array([1]), np.array([1]), np.array([2]), substitutions=0).overall.precision)
    0.5
    """


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
        Whether offsets must match as well as onsets.
    collar : float
        Largest difference of onsets (and of offsets) in seconds.
    percentage_of_length : float
        Offsets may also differ by this part, from 0 to 1, of the reference event's length.

    Returns
    -------
    counts : EventCounts
        Arrays of shape (classes,), to be added over files.

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
    rows, matches = _near(onsets, estimated_onsets, collar)
    if evaluate_offset:
        tolerance = np.maximum(collar, percentage_of_length * (offsets - onsets))
        close = np.abs(offsets[rows] - estimated_offsets[matches]) <= tolerance[rows]
        rows, matches = rows[close], matches[close]
    same = columns[rows] == estimated_columns[matches]
    correct, matched = _match(rows[same], matches[same])
    unmatched = ~(np.isin(rows, correct) | np.isin(matches, matched))
    return EventCounts(
        tp=np.bincount(columns[correct], minlength=len(labels)),
        n_reference=np.bincount(columns, minlength=len(labels)),
        n_system=np.bincount(estimated_columns, minlength=len(labels)),
        substitutions=_pairs_in_order(rows[unmatched], matches[unmatched]),
    )


def _near(
    onsets: NDArray[np.float64], estimated: NDArray[np.float64], collar: float
) -> tuple[Indices, Indices]:
    """Pairs of onsets that differ by no more than a collar, in the order of the first and then the second."""
    order = np.argsort(estimated)
    # a margin above rounding errors: the exact difference is compared with the collar below
    reach = collar + 1e-6
    first = np.searchsorted(estimated[order], onsets - reach, side="left")
    counts = np.searchsorted(estimated[order], onsets + reach, side="right") - first
    rows = np.repeat(np.arange(len(onsets)), counts)
    before = np.repeat(np.cumsum(counts) - counts, counts)
    columns = order[np.repeat(first, counts) + np.arange(len(rows)) - before]
    near = np.abs(onsets[rows] - estimated[columns]) <= collar
    rows, columns = rows[near], columns[near]
    ordered = np.lexsort((columns, rows))
    return rows[ordered], columns[ordered]


def _match(rows: Indices, columns: Indices) -> tuple[list[int], list[int]]:
    """Rows and columns of a maximum bipartite matching."""
    # Several maximum matchings may exist, and leave different numbers of substitutions. Equal figures need
    # sed_eval's own matching algorithm, and its order of events.
    if not len(rows):
        return [], []
    from pyannote.audio.metrics.official import deep_matching, import_sed_eval

    graph: dict[int, list[int]] = {}
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        graph.setdefault(column, []).append(row)
    with deep_matching(len(graph)):
        matching: dict[int, int] = import_sed_eval().util.bipartite_match(graph)
    return list(matching.keys()), list(matching.values())


def _pairs_in_order(rows: Indices, columns: Indices) -> int:
    """Pair each row with the first column that is still free, and count the pairs."""
    paired: set[int] = set()
    taken: set[int] = set()
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        if row not in paired and column not in taken:
            paired.add(row)
            taken.add(column)
    return len(paired)
