"""Validation on annotated conversations: how well embeddings cluster turns whose borders are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.core.errors import DataError
from pyannote.audio.core.progress import Progress, silent
from pyannote.audio.metrics.clustering import (
    Clustering,
    ClusteringCurve,
    Merges,
    Method,
    Metric,
    agglomerate,
    clustering_curve,
)


@dataclass(frozen=True, eq=False)
class Turns:
    """Speech turns of a file.

    Parameters
    ----------
    uri : str
        Of the file.
    embeddings : float array, shape (turns, dimension)
    durations : float array, shape (turns,)
        In seconds, above 0.
    speakers : sequence of str
        One for each turn.
    """

    uri: str
    embeddings: NDArray[np.floating]
    durations: NDArray[np.float64]
    speakers: Sequence[str]


@dataclass(frozen=True)
class DiarizationResult:
    """What the turns of all files come to, clustered within each file with one threshold for all.

    Parameters
    ----------
    threshold : float
        Merge clusters whose distance is at most this.
    fscore : float
        Harmonic mean of purity and coverage.
    purity, coverage : float
        Above 0, at most 1.
    attained : bool
        Whether the purity that was asked for has been reached.
    files, turns : int
        How many were clustered.
    curve : ClusteringCurve
        To be drawn.
    """

    threshold: float
    fscore: float
    purity: float
    coverage: float
    attained: bool
    files: int
    turns: int
    curve: ClusteringCurve = field(repr=False, compare=False)


def evaluate(
    files: Sequence[Turns],
    metric: Metric = "cosine",
    purity: float | None = None,
    method: Method = "average",
    progress: Progress = silent,
) -> DiarizationResult:
    """Cluster the turns of each file, and choose the threshold that is best for all.

    Parameters
    ----------
    files : sequence of Turns
        Files without turns are left out.
    metric : {"cosine", "euclidean", "angular"}
        Distance of embeddings.
    purity : float, optional
        Maximise coverage at a purity of at least this, instead of the F-score.
    method : {"average", "complete", "single", "weighted"}
        Distance of clusters, given that of turns.
    progress : Progress
        Called with the files.

    Raises
    ------
    DataError
        If no file has a turn, or embeddings or durations are impossible; it names the file.

    Examples
    --------
    >>> turns = Turns("a", np.array([[0.0], [1.0], [5.0]]), np.array([2.0, 1.0, 4.0]), ["x", "x", "y"])
    >>> result = evaluate([turns], "euclidean")
    >>> result.threshold, result.fscore
    (2.75, 1.0)
    """
    spoken = [file for file in files if len(file.speakers)]
    shown = progress(spoken, total=len(spoken), description="clustering")
    curve = clustering_curve([_merges(file, metric, method) for file in shown])
    best: Clustering = curve.best(purity)
    turns = sum(len(file.speakers) for file in spoken)
    return DiarizationResult(
        best.threshold,
        best.f_score,
        best.purity,
        best.coverage,
        best.attained,
        files=len(spoken),
        turns=turns,
        curve=curve,
    )


def _merges(file: Turns, metric: Metric, method: Method) -> Merges:
    try:
        return agglomerate(file.embeddings, file.speakers, file.durations, metric, method)
    except DataError as error:
        raise DataError(error.message, file=file.uri, fix=error.fix) from error
