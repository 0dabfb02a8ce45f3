"""Comparison by trials: equal error rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.embedding.backends.base import Backend
from pyannote.audio.inference.embedder import Embeddings, Excerpt
from pyannote.audio.report.verification import det_figure
from pyannote.audio.validation.comparison import Comparison, numbers
from pyannote.audio.validation.measure import Record
from pyannote.audio.validation.trials import VerificationResult, evaluate, known_speakers

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RESAMPLES = 200
"""Bootstrap resamples for the intervals of each epoch."""

FEWEST_SPEAKERS = 5
"""Speakers from which on intervals are given: resampling fewer does not tell of other speakers."""


class Verification(Comparison):
    """Equal error rate of trials.

    Parameters
    ----------
    excerpts : list of Excerpt
        Each recording or turn that is compared.
    first, second : int64, shape (trials,)
        Sides of each trial, as indices of `excerpts`.
    targets : bool, shape (trials,)
        Whether both are of the same speaker.
    """

    name, best = "equal_error_rate", min

    def __init__(
        self,
        excerpts: list[Excerpt],
        first: NDArray[np.int64],
        second: NDArray[np.int64],
        targets: NDArray[np.bool_],
    ) -> None:
        self.excerpts = excerpts
        self.first, self.second, self.targets = first, second, targets
        self.groups = known_speakers(first, second, targets)

    def described(self) -> str:
        """Say how many trials there are."""
        return f"{len(self.targets)} trials ({self.targets.sum()} targets) of {len(self.excerpts)} recordings"

    def truth(self) -> NDArray[Any]:
        """Sides and targets of all trials, shape (3, trials)."""
        return np.stack([self.first, self.second, self.targets])

    def record(self, embeddings: Embeddings, backend: Backend) -> Record:
        """Scores of all trials."""
        return backend.similarity(embeddings, self.first, self.second)

    def value(self, record: Record) -> float:
        """Equal error rate."""
        return self._evaluate(record, 0).equal_error_rate

    def results(self, record: Record) -> dict[str, Any]:
        """Equal error rate and its threshold, detection costs, and 95 % intervals."""
        enough = len(np.unique(self.groups)) >= FEWEST_SPEAKERS
        return self._results(record, RESAMPLES if enough else 0)

    def curves(self, record: Record) -> Mapping[str, float]:
        """Figures without intervals, which take longer than all the rest and are no curves."""
        return numbers(self._results(record, 0))

    def _results(self, record: Record, resamples: int) -> dict[str, Any]:
        found = self._evaluate(record, resamples)
        return {
            "equal_error_rate": round(found.equal_error_rate, 6),
            "threshold": float(found.threshold),
            **{f"min_dcf_{prior:g}": round(cost, 6) for prior, cost in found.min_dcf.items()},
            "intervals": {
                name: [round(low, 6), round(high, 6)]
                for name, (low, high) in found.intervals.items()
                if np.isfinite([low, high]).all()
            },
            "trials": found.trials,
            "targets": found.targets,
        }

    def picture(self, record: Record) -> Figure:
        """Detection error trade-off."""
        return det_figure(self._evaluate(record, 0).curve)

    def _evaluate(self, record: Record, resamples: int) -> VerificationResult:
        return evaluate(record, self.targets, self.groups, n=resamples)
