"""Agglomerative clustering of speech turns: purity and coverage of all thresholds at once.

Clustering merges the two nearest clusters until the nearest ones are further apart than a threshold. The
merges of one file therefore answer for all thresholds: each lowers the purity or leaves it, and raises the
coverage or leaves it. Files are pooled by sorting the merges of all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import pdist

from pyannote.audio.core.errors import DataError
from pyannote.audio.metrics.decisions import FloatArray, ratio
from pyannote.audio.metrics.purity import speech_table

Metric = Literal["cosine", "euclidean", "angular"]
Method = Literal["average", "complete", "single", "weighted"]

ROUNDING = 1e-9
"""What sums of durations may lose, so that a purity of exactly P is at least P."""


def distances(embeddings: ArrayLike, metric: Metric = "cosine") -> FloatArray:
    """Distance of each pair, in the order of scipy's condensed form.

    Parameters
    ----------
    embeddings : float array, shape (turns, dimension)
    metric : {"cosine", "euclidean", "angular"}
        1 minus the cosine, from 0 to 2; length of the difference; angle in radians, from 0 to pi. A vector of
        zeros has no direction: it is at a right angle to all others.

    Returns
    -------
    distances : float array, shape (turns * (turns - 1) / 2,)
        2,000 turns take 16 MB, and twice as many four times that.

    Raises
    ------
    DataError
        If an embedding is NaN or infinite, or the metric is unknown.

    Examples
    --------
    >>> distances([[1, 0], [0, 2], [0, 0]], "angular").round(2).tolist()
    [1.57, 1.57, 1.57]
    """
    points = np.asarray(embeddings, np.float64)
    odd = np.flatnonzero(~np.isfinite(points).all(1))
    if odd.size:
        raise DataError(
            f"{odd.size} of {len(points)} embeddings are NaN or infinite, that of turn {odd[0] + 1} first.",
            fix="Look for silent or damaged files, or a training that has diverged.",
        )
    if metric == "euclidean":
        return pdist(points)
    if metric not in ("cosine", "angular"):
        raise DataError(f"There is no metric {metric!r}.", fix="Choose cosine, euclidean or angular.")
    # Chords of the unit circle are exact for small angles, where the cosine is rounded to 1.
    norms = np.linalg.norm(points, axis=1, keepdims=True)
    chords = pdist(points / np.where(norms > 0, norms, 1.0)).clip(0, 2)
    if not norms.all():
        first, second = np.triu_indices(len(points), 1)
        chords[np.minimum(norms[first], norms[second]).ravel() == 0] = np.sqrt(2)
    return chords**2 / 2 if metric == "cosine" else 2 * np.arcsin(chords / 2)


@dataclass(frozen=True, eq=False)
class Merges:
    """What each merge of the clusters of a file, or of several, does to purity and coverage.

    Parameters
    ----------
    heights : float array, shape (merges,)
        Distance of the two clusters.
    mixed : float array, shape (merges,)
        Speech that is no longer of the main speaker of its cluster, in seconds; 0 or more.
    joined : float array, shape (merges,)
        Speech that comes into the main cluster of its speaker, in seconds; 0 or more.
    scattered : float
        Speech outside the main cluster of its speaker before all merges, in seconds.
    total : float
        All speech, in seconds.
    """

    heights: FloatArray
    mixed: FloatArray
    joined: FloatArray
    scattered: float
    total: float


def agglomerate(
    embeddings: ArrayLike,
    speakers: ArrayLike,
    durations: ArrayLike,
    metric: Metric = "cosine",
    method: Method = "average",
) -> Merges:
    """Cluster the turns of a file, and follow purity and coverage from merge to merge.

    Parameters
    ----------
    embeddings : float array, shape (turns, dimension)
    speakers, durations : array, shape (turns,)
        See `purity`.
    metric : {"cosine", "euclidean", "angular"}
        See `distances`.
    method : {"average", "complete", "single", "weighted"}
        Distance of clusters, given that of turns; see scipy's `linkage`.

    Raises
    ------
    DataError
        As `purity` and `distances`.

    Examples
    --------
    >>> merges = agglomerate([[0.0], [1.0], [5.0]], ["a", "a", "b"], [2, 1, 4], "euclidean")
    >>> merges.heights.tolist(), merges.mixed.tolist(), merges.joined.tolist()
    ([1.0, 4.5], [0.0, 3.0], [1.0, 0.0])
    """
    points = np.asarray(embeddings, np.float64)
    if points.ndim != 2 or len(points) != len(np.atleast_1d(speakers)):
        raise DataError(
            f"Found embeddings of shape {points.shape} for {len(np.atleast_1d(speakers))} turns.",
            fix="Give one row for each turn.",
        )
    turns = len(points)
    leaves = speech_table(np.arange(turns), speakers, durations)
    tree = linkage(distances(points, metric), method) if turns > 1 else np.empty((0, 4))
    pairs = tree[:, :2].astype(int)
    clusters = np.concatenate([leaves, np.empty((len(pairs), leaves.shape[1]))])
    for new, (left, right) in enumerate(pairs, turns):
        clusters[new] = clusters[left] + clusters[right]
    main = clusters.max(1)
    # A cluster contains those that it was merged from, so that no speaker's main cluster ever shrinks.
    first, total = leaves.max(0), float(leaves.sum())
    covered = np.maximum(np.maximum.accumulate(clusters[turns:], axis=0), first).sum(1)
    mixed, joined = main[pairs].sum(1) - main[turns:], np.diff(covered, prepend=first.sum())
    return Merges(tree[:, 2], mixed, joined, total - float(first.sum()), total)


class Clustering(NamedTuple):
    """How well one threshold clusters.

    Attributes
    ----------
    threshold : float
        Merge clusters whose distance is at most this.
    f_score : float
        Harmonic mean of purity and coverage.
    purity, coverage : float
        Above 0, at most 1.
    attained : bool
        Whether the purity that was asked for has been reached.
    """

    threshold: float
    f_score: float
    purity: float
    coverage: float
    attained: bool = True


@dataclass(frozen=True, eq=False)
class ClusteringCurve:
    """Purity and coverage of all thresholds, over all files.

    Parameters
    ----------
    thresholds : float array, shape (steps,)
        0 and all distinct heights, rising. What holds at one holds up to the next.
    purity, coverage : float array, shape (steps,)
        Of the speech of all files together; purity falls and coverage rises.
    """

    thresholds: FloatArray
    purity: FloatArray
    coverage: FloatArray

    @cached_property
    def f_score(self) -> FloatArray:
        """Harmonic mean of purity and coverage, shape (steps,)."""
        return ratio(2 * self.purity * self.coverage, self.purity + self.coverage)

    def best(self, purity: float | None = None) -> Clustering:
        """Threshold of the highest F-score, or of the highest coverage at a purity of at least `purity`.

        It lies half way to the next merge; of equally good ones it is the lowest. If no threshold is that
        pure, it is the best of the purest, with `attained` false.
        """
        if purity is None:
            return self._middle(int(self.f_score.argmax()))
        if not 0 < purity <= 1:
            raise DataError(f"The purity {purity} is not above 0 and at most 1.", fix="Give one such as 0.9.")
        attained = bool(self.purity[0] >= purity - ROUNDING)
        pure = self.purity >= (purity if attained else self.purity[0]) - ROUNDING
        return self._middle(int(np.where(pure, self.coverage, -1.0).argmax()))._replace(attained=attained)

    def at(self, threshold: float) -> Clustering:
        """What a threshold comes to that was chosen elsewhere; it is at least 0."""
        step = max(0, int(np.searchsorted(self.thresholds, threshold, side="right")) - 1)
        values = (array[step] for array in (self.f_score, self.purity, self.coverage))
        f_score, purity, coverage = map(float, values)
        return Clustering(threshold, f_score, purity, coverage)

    def _middle(self, step: int) -> Clustering:
        low, high = self.thresholds[step], self.thresholds[min(step + 1, len(self.thresholds) - 1)]
        middle = (low + high) / 2
        return self.at(float(middle if middle < high else low))


def clustering_curve(files: Sequence[Merges]) -> ClusteringCurve:
    """Purity and coverage of all files together, if one threshold is used for all of them.

    Raises
    ------
    DataError
        If there is no file.

    Examples
    --------
    >>> merges = agglomerate([[0.0], [1.0], [5.0]], ["a", "a", "b"], [2, 1, 4], "euclidean")
    >>> clustering_curve([merges]).best()
    Clustering(threshold=2.75, f_score=1.0, purity=1.0, coverage=1.0, attained=True)
    """
    if not files:
        raise DataError("There are no speech turns to cluster.", fix="Look for files with annotation.")
    heights = np.concatenate([file.heights for file in files])
    thresholds, steps = np.unique(np.append(0.0, heights), return_inverse=True)
    total = sum(file.total for file in files)
    mixed, joined = (
        np.bincount(steps[1:], np.concatenate(amounts), len(thresholds)).cumsum() / total
        for amounts in ([file.mixed for file in files], [file.joined for file in files])
    )
    apart = sum(file.scattered for file in files) / total
    return ClusteringCurve(thresholds, 1 - mixed, 1 - apart + joined)
