"""Comparison by clustering the turns of conversations: purity and coverage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

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
    """How well turns with known borders cluster by speaker, file by file.

    Parameters
    ----------
    excerpts : list of Excerpt
        One for each turn.
    turns : list of (uri, duration, speaker)
        Of the same turns.
    purity : float, optional
        Maximise coverage at this purity, instead of the F-score of purity and coverage.
    """

    best = max

    def __init__(
        self, excerpts: list[Excerpt], turns: list[tuple[str, float, str]], purity: float | None
    ) -> None:
        self.name = "diarization_fscore" if purity is None else f"diarization_coverage_at_{purity:g}_purity"
        self.excerpts, self.turns, self.purity = excerpts, turns, purity
        self.uris = list(dict.fromkeys(uri for uri, _, _ in turns))

    def described(self) -> str:
        """Say how many turns there are."""
        return f"{len(self.turns)} turns of {len(self.uris)} files"

    def truth(self) -> NDArray[Any]:
        """Speaker of each turn."""
        return np.array([speaker for _, _, speaker in self.turns])

    def record(self, embeddings: Embeddings, backend: Backend) -> Record:
        """Thresholds, purity and coverage, shape (steps, 3)."""
        files = []
        for uri in self.uris:
            own = [index for index, turn in enumerate(self.turns) if turn[0] == uri]
            durations = np.array([self.turns[index][1] for index in own])
            files.append(Turns(uri, embeddings[own], durations, [self.turns[index][2] for index in own]))
        curve = evaluate(files, backend.metric).curve
        # in double precision: a purity of exactly P is at least P
        return np.stack([curve.thresholds, curve.purity, curve.coverage], axis=1)

    def value(self, record: Record) -> float:
        """F-score of purity and coverage, or coverage at the purity that was asked for."""
        best = self._curve(record).best(self.purity)
        return best.f_score if self.purity is None else best.coverage

    def results(self, record: Record) -> dict[str, Any]:
        """Threshold of the distance between clusters, and what it comes to."""
        best = self._curve(record).best(self.purity)
        return {
            "diarization_fscore": round(best.f_score, 6),
            "threshold": best.threshold,
            "purity": round(best.purity, 6),
            "coverage": round(best.coverage, 6),
            **({} if self.purity is None else {"purity_attained": best.attained}),
        }

    def picture(self, record: Record) -> Figure:
        """Purity and coverage of all thresholds."""
        curve = self._curve(record)
        return purity_coverage_figure(curve, curve.best(self.purity).threshold)

    def _curve(self, record: Record) -> ClusteringCurve:
        return ClusteringCurve(*record.T)
