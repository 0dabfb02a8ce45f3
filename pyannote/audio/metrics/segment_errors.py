"""Kinds of segment-based errors: missed, invented and confused events, and wrong boundaries; ceilings.

A run is a maximal sequence of segments in which a class is active. An annotated segment without detection is
*short* if another segment of its run is detected, and else *missed*; a detected segment without annotation is
*long* if another segment of its run is annotated, and else *invented*. The errors of the error rate are, in
segment k with M missed, B short, V invented and L long ones,

    confused             C = min(M, V)
    substitutions        S = min(M + B, V + L), of which S - C are at boundaries
    deletions, insertions    the rest, each missed or short, and invented or long

where a substitution at a boundary takes short and long ones first. Each error thus has exactly one kind, and
kinds add up to the substitutions, deletions and insertions of `segment_based`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.metrics.counts import Measures
from pyannote.audio.metrics.segment_based import BoolArray, SegmentCounts

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Segments:
    """Right and wrong segments, bool arrays of shape (segments, classes).

    Examples
    --------
    >>> reference, estimate = np.array([[1], [1], [0], [1]]) > 0, np.array([[0], [1], [1], [0]]) > 0
    >>> segments = Segments.of(reference, estimate)
    >>> [int(array.sum()) for array in (segments.short, segments.long, segments.missed, segments.invented)]
    [1, 1, 1, 0]
    """

    right: BoolArray
    missed: BoolArray
    short: BoolArray
    invented: BoolArray
    long: BoolArray

    @classmethod
    def of(cls, reference: BoolArray, estimate: BoolArray) -> Segments:
        """Compare two activities of one file.

        Parameters
        ----------
        reference, estimate : bool array, shape (segments, classes)
            The shorter one is inactive in the segments that it lacks.
        """
        length = max(len(reference), len(estimate))
        reference, estimate = (
            np.pad(active, ((0, length - len(active)), (0, 0))) for active in (reference, estimate)
        )
        right = reference & estimate
        short = _runs_with(reference, right) & ~right
        long = _runs_with(estimate, right) & ~right
        return cls(right, reference & ~right & ~short, short, estimate & ~right & ~long, long)

    @classmethod
    def pooled(cls, files: Iterable[Segments]) -> Segments:
        """Segments of several files, at least one, one after the other."""
        every = list(files)
        return cls(*(np.concatenate([getattr(one, field.name) for one in every]) for field in fields(cls)))


def _runs_with(active: BoolArray, hits: BoolArray) -> BoolArray:
    """Active segments of the runs that contain a hit."""
    begins = active & ~np.pad(active, ((1, 0), (0, 0)))[:-1]
    # one number for each run of each class; inactive segments have that of the run before
    runs = np.cumsum(begins.T).reshape(active.T.shape).T
    hit = np.bincount(runs.ravel(), hits.ravel(), minlength=1) > 0
    return np.asarray(active & hit[runs])


class Errors(NamedTuple):
    """Numbers of errors of one kind, by what they are in the error rate.

    Examples
    --------
    >>> Errors(substitutions=2, deletions=1).total
    3
    """

    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0

    @property
    def total(self) -> int:
        """Number of errors of this kind."""
        return sum(self)


def error_kinds(segments: Segments) -> dict[str, Errors]:
    """Number of errors of each kind: "missed", "invented", "confused" and "boundary".

    Parameters
    ----------
    segments : Segments
        With arrays of shape (segments, classes).

    Examples
    --------
    >>> reference, estimate = np.array([[1, 0], [1, 0], [1, 0]]) > 0, np.array([[0, 0], [1, 0], [1, 1]]) > 0
    >>> {kind: tuple(errors) for kind, errors in error_kinds(Segments.of(reference, estimate)).items()}
    {'missed': (0, 0, 0), 'invented': (0, 0, 1), 'confused': (0, 0, 0), 'boundary': (0, 1, 0)}
    """
    _, missed, short, invented, long = _sums(segments)
    confused = np.minimum(missed, invented)
    paired = np.minimum(missed + short, invented + long) - confused
    left_missed = missed - confused - np.maximum(paired - short, 0)
    left_invented = invented - confused - np.maximum(paired - long, 0)
    return {
        "missed": Errors(deletions=int(left_missed.sum())),
        "invented": Errors(insertions=int(left_invented.sum())),
        "confused": Errors(substitutions=int(confused.sum())),
        "boundary": Errors(
            int(paired.sum()),
            int(np.maximum(short - paired, 0).sum()),
            int(np.maximum(long - paired, 0).sum()),
        ),
    }


def ceilings(segments: Segments) -> dict[str, Measures[float]]:
    """Figures as they are, and as they would be without one kind of errors and with all others.

    Parameters
    ----------
    segments : Segments
        With arrays of shape (segments, classes).

    Returns
    -------
    ceilings : dict of str to Measures
        "as it is"; "exact boundaries" (found events with all of their segments, and no others); "right class"
        (each confused event with the annotated class); "nothing missed" (events without any detected segment
        are found, completely); "nothing invented" (events without any annotated segment are dropped).

    Examples
    --------
    >>> reference, estimate = np.array([[1], [1], [0], [1]]) > 0, np.array([[0], [1], [1], [0]]) > 0
    >>> found = ceilings(Segments.of(reference, estimate))
    >>> [f"{name}: {measures.error_rate:.2f}" for name, measures in found.items()][:2]
    ['as it is: 1.00', 'exact boundaries: 0.33']
    """
    right, missed, short, invented, long = _sums(segments)
    confused = np.minimum(missed, invented)
    return {
        "as it is": _measures(right, missed + short, invented + long),
        "exact boundaries": _measures(right + short, missed, invented),
        "right class": _measures(right + confused, missed - confused + short, invented - confused + long),
        "nothing missed": _measures(right + missed, short, invented + long),
        "nothing invented": _measures(right, missed + short, long),
    }


def confusions(segments: Segments) -> IntArray:
    """Number of segments in which a class is missed and another one invented, shape (classes, classes).

    A segment with several missed or invented classes counts in several cells.

    Examples
    --------
    >>> reference, estimate = np.array([[1, 0], [1, 0]]) > 0, np.array([[0, 1], [0, 1]]) > 0
    >>> confusions(Segments.of(reference, estimate)).tolist()
    [[0, 2], [0, 0]]
    """
    return segments.missed.T.astype(np.int64) @ segments.invented.astype(np.int64)


def _sums(segments: Segments) -> list[IntArray]:
    """Number of classes in each segment that are right, missed, short, invented and long."""
    return [getattr(segments, field.name).sum(axis=1, dtype=np.int64) for field in fields(Segments)]


def _measures(right: IntArray, missing: IntArray, extra: IntArray) -> Measures[float]:
    counts = SegmentCounts(
        tp=right.sum(keepdims=True),
        n_reference=(right + missing).sum(keepdims=True),
        n_system=(right + extra).sum(keepdims=True),
        substitutions=int(np.minimum(missing, extra).sum()),
    )
    return counts.overall
