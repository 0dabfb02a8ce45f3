"""Comparison by clustering of the speech turns of conversations: purity and coverage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.core.counted import counted
from pyannote.audio.embedding.backends.base import Backend
from pyannote.audio.inference.embedder import Embeddings, Excerpt
from pyannote.audio.metrics.clustering import ClusteringCurve
from pyannote.audio.report.verification import purity_coverage_figure
from pyannote.audio.validation.comparison import Comparison
from pyannote.audio.validation.measure import Record
from pyannote.audio.validation.turns import Turns, evaluate

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Diarization(Comparison):
    """Clustering of annotated speech turns by speaker, within each file.

    Parameters
    ----------
    excerpts : list of Excerpt
        One for each turn.
    turns : list of (uri, duration, speaker)
        File, duration in seconds and speaker of each turn.
    purity : float, optional
        Maximise coverage at this purity, in (0, 1], instead of the F-score of purity and coverage.

    Examples
    --------
    >>> from pyannote.audio.embedding.backends import Direct
    >>> diarization = Diarization([], [("a", 2.0, "ann"), ("a", 1.0, "ann"), ("a", 4.0, "bob")], None)
    >>> embeddings = np.array([[1, 0], [1, 0.1], [0, 1]], dtype=np.float32)
    >>> record = diarization.record(embeddings, Direct())
    >>> record.shape, diarization.value(record)
    ((3, 3), 1.0)
    """

    best = max

    def __init__(
        self, excerpts: list[Excerpt], turns: list[tuple[str, float, str]], purity: float | None
    ) -> None:
        self.name = "diarization_fscore" if purity is None else f"diarization_coverage_at_{purity:g}_purity"
        self.excerpts, self.turns, self.purity = excerpts, turns, purity
        self.uris = list(dict.fromkeys(uri for uri, _, _ in turns))

    def described(self) -> str:
        """Number of turns and files.

        Examples
        --------
        >>> Diarization([], [("a", 2.0, "ann"), ("b", 4.0, "bob")], None).described()
        '2 turns of 2 files'
        """
        return f"{counted(len(self.turns), 'turn')} of {counted(len(self.uris), 'file')}"

    def truth(self) -> NDArray[Any]:
        """Speaker of each turn, shape (turns,).

        Examples
        --------
        >>> Diarization([], [("a", 2.0, "ann"), ("a", 4.0, "bob")], None).truth().tolist()
        ['ann', 'bob']
        """
        return np.array([speaker for _, _, speaker in self.turns])

    def record(self, embeddings: Embeddings, backend: Backend) -> Record:
        """Purity and coverage of all thresholds.

        Parameters
        ----------
        embeddings : float32, shape (turns, dimension)
            Transformed by the back-end.
        backend : Backend

        Returns
        -------
        float64, shape (thresholds, 3)
            Threshold, purity and coverage.
        """
        files = []
        for uri in self.uris:
            rows = [index for index, turn in enumerate(self.turns) if turn[0] == uri]
            durations = np.array([self.turns[index][1] for index in rows])
            files.append(Turns(uri, embeddings[rows], durations, [self.turns[index][2] for index in rows]))
        curve = evaluate(files, backend.metric).curve
        # in double precision: a purity of exactly P is at least P
        return np.stack([curve.thresholds, curve.purity, curve.coverage], axis=1)

    def value(self, record: Record) -> float:
        """F-score of purity and coverage, or coverage at the required purity.

        Parameters
        ----------
        record : float64, shape (thresholds, 3)

        Examples
        --------
        >>> record = np.array([[0.0, 1.0, 0.5], [0.4, 1.0, 1.0], [0.9, 0.5, 1.0]])
        >>> Diarization([], [], None).value(record)
        1.0
        """
        best = self._curve(record).best(self.purity)
        return best.f_score if self.purity is None else best.coverage

    def results(self, record: Record) -> dict[str, Any]:
        """Threshold on the distance between clusters, with its purity, coverage and F-score.

        Parameters
        ----------
        record : float64, shape (thresholds, 3)

        Examples
        --------
        >>> record = np.array([[0.0, 1.0, 0.5], [0.4, 1.0, 1.0], [0.9, 0.5, 1.0]])
        >>> round(Diarization([], [], None).results(record)["purity"], 3)
        1.0
        """
        best = self._curve(record).best(self.purity)
        return {
            "diarization_fscore": round(best.f_score, 6),
            "threshold": best.threshold,
            "purity": round(best.purity, 6),
            "coverage": round(best.coverage, 6),
            **({} if self.purity is None else {"purity_attained": best.attained}),
        }

    def picture(self, record: Record) -> Figure:
        """Figure of purity and coverage over the threshold.

        Parameters
        ----------
        record : float64, shape (thresholds, 3)
        """
        curve = self._curve(record)
        return purity_coverage_figure(curve, curve.best(self.purity).threshold)

    def _curve(self, record: Record) -> ClusteringCurve:
        return ClusteringCurve(*record.T)
