"""Evaluation of speaker clustering: purity and coverage of clusters of annotated speech turns."""

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
    agglomerate,
    clustering_curve,
)
from pyannote.audio.metrics.distances import Metric


@dataclass(frozen=True, eq=False)
class Turns:
    """Speech turns of a file.

    Parameters
    ----------
    uri : str
        Name of the file.
    embeddings : float array, shape (turns, dimension)
    durations : float array, shape (turns,)
        In seconds, above 0.
    speakers : sequence of str
        One for each turn.

    Examples
    --------
    >>> turns = Turns("a", np.array([[0.0], [1.0]]), np.array([2.0, 1.0]), ["ann", "bob"])
    >>> turns.embeddings.shape
    (2, 1)
    """

    uri: str
    embeddings: NDArray[np.floating]
    durations: NDArray[np.float64]
    speakers: Sequence[str]


@dataclass(frozen=True)
class DiarizationResult:
    """Result of the clustering within each file, with one threshold for all files.

    Parameters
    ----------
    threshold : float
        Clusters are merged if their distance is at most this.
    fscore : float
        Harmonic mean of purity and coverage.
    purity, coverage : float
        Above 0, at most 1.
    attained : bool
        Whether the required purity is reached.
    files, turns : int
        Number of clustered files and turns.
    curve : ClusteringCurve
        Purity and coverage over the threshold, to be drawn.

    Examples
    --------
    >>> turns = Turns("a", np.array([[0.0], [1.0], [5.0]]), np.array([2.0, 1.0, 4.0]), ["x", "x", "y"])
    >>> result = evaluate([turns], "euclidean")
    >>> result.turns, result.curve.purity.shape
    (3, (3,))
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
    """Cluster the turns of each file, and select the best threshold for all files.

    Parameters
    ----------
    files : sequence of Turns
        Turns of each file, with embeddings of shape (turns, dimension). Files without turns are skipped.
    metric : {"cosine", "euclidean", "angular"}
        Distance of embeddings.
    purity : float, optional
        Maximise coverage at a purity of at least this, instead of the F-score.
    method : {"average", "complete", "single", "weighted"}
        Linkage: distance of clusters as a function of that of turns.
    progress : Progress
        Progress bar over the files.

    Raises
    ------
    DataError
        If no file has a turn, or embeddings or durations are invalid; it names the file.

    Examples
    --------
    >>> turns = Turns("a", np.array([[0.0], [1.0], [5.0]]), np.array([2.0, 1.0, 4.0]), ["x", "x", "y"])
    >>> result = evaluate([turns], "euclidean")
    >>> result.threshold, result.fscore
    (2.75, 1.0)
    """
    annotated = [file for file in files if len(file.speakers)]
    shown = progress(annotated, total=len(annotated), description="clustering")
    curve = clustering_curve([_merges(file, metric, method) for file in shown])
    best: Clustering = curve.best(purity)
    turns = sum(len(file.speakers) for file in annotated)
    return DiarizationResult(
        best.threshold,
        best.f_score,
        best.purity,
        best.coverage,
        best.attained,
        files=len(annotated),
        turns=turns,
        curve=curve,
    )


def _merges(file: Turns, metric: Metric, method: Method) -> Merges:
    try:
        return agglomerate(file.embeddings, file.speakers, file.durations, metric, method)
    except DataError as error:
        raise DataError(error.message, file=file.uri, fix=error.fix) from error
