"""What epochs are validated for: trials of two recordings, or clustering of the turns of conversations."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pyannote.audio.embedding.backends.base import Backend, Embeddings
from pyannote.audio.inference.embedder import Excerpt
from pyannote.audio.metrics.clustering import ClusteringCurve
from pyannote.audio.report.verification import det_figure, purity_coverage_figure
from pyannote.audio.validation.diarization import Turns
from pyannote.audio.validation.diarization import evaluate as evaluate_clustering
from pyannote.audio.validation.verification import VerificationResult, evaluate, known_speakers

Record = NDArray[np.floating]
"""What is kept of an epoch: all that its values can be computed from again."""

RESAMPLES = 200
"""For the intervals of each epoch."""

FEWEST_SPEAKERS = 5
"""From which on intervals are given: resampling fewer says nothing of other speakers."""


class Measure(ABC):
    """A value of each epoch, from embeddings of excerpts."""

    name: str
    """Of the value, and of the folder of the validation."""

    best: Any
    """`min` or `max`."""

    excerpts: list[Excerpt]

    @abstractmethod
    def described(self) -> str:
        """Say what is measured on."""

    @abstractmethod
    def truth(self) -> NDArray[Any]:
        """What embeddings are compared with."""

    def fingerprint(self) -> str:
        """Word that tells these excerpts and this truth from others."""
        excerpts = [(excerpt.uri, excerpt.content, list(excerpt.ranges)) for excerpt in self.excerpts]
        content = repr(excerpts).encode()
        return blake2b(content + self.truth().tobytes(), digest_size=16).hexdigest()

    @abstractmethod
    def record(self, embeddings: Embeddings, backend: Backend) -> Record:
        """What is to be kept of an epoch, given transformed embeddings of all excerpts."""

    @abstractmethod
    def value(self, record: Record) -> float:
        """Value of an epoch."""

    @abstractmethod
    def results(self, record: Record) -> dict[str, Any]:
        """All figures of an epoch, for params.yml; among them the calibrated `threshold`."""

    @abstractmethod
    def picture(self, record: Record) -> Figure:
        """Draw the operating points of an epoch."""

    def curves(self, record: Record) -> Mapping[str, float]:
        """Figures of an epoch that tensorboard shows over all epochs."""
        return _numbers(self.results(record))


class Verification(Measure):
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
        return _numbers(self._results(record, 0))

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


class Diarization(Measure):
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
        curve = evaluate_clustering(files, backend.metric).curve
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


def _numbers(results: Mapping[str, Any]) -> dict[str, float]:
    return {name: value for name, value in results.items() if isinstance(value, float)}
