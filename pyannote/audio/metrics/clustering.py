"""Agglomerative clustering of speech turns: purity and coverage of all thresholds at once.

Clustering merges the two nearest clusters until the distance of the nearest ones exceeds a threshold. The
merges of one file therefore give the purity and coverage of all thresholds: no merge raises the purity, and
none lowers the coverage. Files are pooled by sorting the merges of all of them. With losses a(m) and gains
b(m) of the merges m at distances up to t, and D seconds of speech, of which U lie outside the main clusters
before all merges:

    purity(t)   = 1 - sum of a(m) / D
    coverage(t) = 1 - U / D + sum of b(m) / D
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.cluster.hierarchy import linkage

from pyannote.audio.core.errors import DataError
from pyannote.audio.metrics.decisions import FloatArray, ratio
from pyannote.audio.metrics.distances import Metric, distances
from pyannote.audio.metrics.purity import speech_table

Method = Literal["average", "complete", "single", "weighted"]

ROUNDING = 1e-9
"""Tolerance for rounded sums of durations, so that a purity of exactly P is at least P."""


@dataclass(frozen=True, eq=False)
class Merges:
    """Changes of purity and coverage by each merge of the clusters of a file.

    Parameters
    ----------
    heights : float array, shape (merges,)
        Distance of the two clusters.
    purity_losses : float array, shape (merges,)
        Speech that no longer belongs to the main speaker of its cluster, a(m) in seconds; 0 or more.
    coverage_gains : float array, shape (merges,)
        Speech that is added to the main cluster of its speaker, b(m) in seconds; 0 or more.
    uncovered : float
        Speech outside the main cluster of its speaker before all merges, U in seconds.
    total : float
        All speech, D in seconds.

    Examples
    --------
    >>> merges = agglomerate([[0.0], [1.0]], ["a", "a"], [2.0, 1.0], "euclidean")
    >>> merges.heights.tolist(), merges.coverage_gains.tolist(), merges.uncovered, merges.total
    ([1.0], [1.0], 1.0, 3.0)
    """

    heights: FloatArray
    purity_losses: FloatArray
    coverage_gains: FloatArray
    uncovered: float
    total: float


def agglomerate(
    embeddings: ArrayLike,
    speakers: ArrayLike,
    durations: ArrayLike,
    metric: Metric = "cosine",
    method: Method = "average",
) -> Merges:
    """Cluster the turns of a file, and compute the changes of purity and coverage by each merge.

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
    >>> merges.heights.tolist(), merges.purity_losses.tolist(), merges.coverage_gains.tolist()
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
    # A cluster contains the two that were merged, so that no speaker's main cluster ever shrinks.
    first, total = leaves.max(0), float(leaves.sum())
    covered = np.maximum(np.maximum.accumulate(clusters[turns:], axis=0), first).sum(1)
    losses, gains = main[pairs].sum(1) - main[turns:], np.diff(covered, prepend=first.sum())
    return Merges(tree[:, 2], losses, gains, total - float(first.sum()), total)


class Clustering(NamedTuple):
    """Purity and coverage of one threshold.

    Attributes
    ----------
    threshold : float
        Clusters whose distance is at most this are merged.
    f_score : float
        Harmonic mean of purity and coverage.
    purity, coverage : float
        Above 0, at most 1.
    attained : bool
        Whether the requested purity has been reached.

    Examples
    --------
    >>> Clustering(threshold=2.75, f_score=1.0, purity=1.0, coverage=1.0).attained
    True
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
        0 and all distinct heights, rising. Values are constant from one threshold up to the next.
    purity, coverage : float array, shape (steps,)
        Of the speech of all files together; purity falls and coverage rises.

    Examples
    --------
    >>> curve = ClusteringCurve(np.array([0.0, 1.0]), np.array([1.0, 0.75]), np.array([0.5, 1.0]))
    >>> curve.f_score.round(2).tolist()
    [0.67, 0.86]
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

        It lies half way to the next merge; of equally good ones the lowest is taken. If no threshold reaches
        that purity, it is the best of those with the highest purity, with `attained` false.

        Examples
        --------
        >>> curve = ClusteringCurve(np.array([0.0, 1.0]), np.array([1.0, 0.75]), np.array([0.5, 1.0]))
        >>> curve.best().threshold, curve.best(purity=0.9).threshold
        (1.0, 0.5)
        """
        if purity is None:
            return self._middle(int(self.f_score.argmax()))
        if not 0 < purity <= 1:
            raise DataError(
                f"The purity is {purity}; it must be above 0 and at most 1.", fix="Give one such as 0.9."
            )
        attained = bool(self.purity[0] >= purity - ROUNDING)
        pure = self.purity >= (purity if attained else self.purity[0]) - ROUNDING
        return self._middle(int(np.where(pure, self.coverage, -1.0).argmax()))._replace(attained=attained)

    def at(self, threshold: float) -> Clustering:
        """Purity and coverage of a given threshold, 0 or more, which was chosen on other files.

        Examples
        --------
        >>> curve = ClusteringCurve(np.array([0.0, 1.0]), np.array([1.0, 0.75]), np.array([0.5, 1.0]))
        >>> curve.at(0.3).coverage
        0.5
        """
        step = max(0, int(np.searchsorted(self.thresholds, threshold, side="right")) - 1)
        values = (array[step] for array in (self.f_score, self.purity, self.coverage))
        f_score, purity, coverage = map(float, values)
        return Clustering(threshold, f_score, purity, coverage)

    def _middle(self, step: int) -> Clustering:
        low, high = self.thresholds[step], self.thresholds[min(step + 1, len(self.thresholds) - 1)]
        middle = (low + high) / 2
        return self.at(float(middle if middle < high else low))


def clustering_curve(files: Sequence[Merges]) -> ClusteringCurve:
    """Purity and coverage of all files together, with one threshold for all of them.

    Parameters
    ----------
    files : sequence of Merges
        One for each file, with arrays of shape (merges,).

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
        raise DataError("There are no speech turns to cluster.", fix="Check that the files have annotation.")
    heights = np.concatenate([file.heights for file in files])
    thresholds, steps = np.unique(np.append(0.0, heights), return_inverse=True)
    total = sum(file.total for file in files)
    losses, gains = (
        np.bincount(steps[1:], np.concatenate(amounts), len(thresholds)).cumsum() / total
        for amounts in ([file.purity_losses for file in files], [file.coverage_gains for file in files])
    )
    uncovered = sum(file.uncovered for file in files) / total
    return ClusteringCurve(thresholds, 1 - losses, 1 - uncovered + gains)
