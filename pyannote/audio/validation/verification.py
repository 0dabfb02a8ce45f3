"""Comparison by verification trials: equal error rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.core.counted import counted
from pyannote.audio.embedding.backends.base import Backend
from pyannote.audio.inference.embedder import Embeddings, Excerpt
from pyannote.audio.report.verification import det_figure
from pyannote.audio.validation.comparison import Comparison, numbers
from pyannote.audio.validation.measure import Record
from pyannote.audio.validation.trial_scores import scores_text
from pyannote.audio.validation.trials import VerificationResult, evaluate, known_speakers

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RESAMPLES = 200
"""Bootstrap resamples for the confidence intervals of each epoch."""

MIN_SPEAKERS = 5
"""Fewest speakers for confidence intervals: fewer do not represent other speakers."""


class Verification(Comparison):
    """Equal error rate of trials.

    Parameters
    ----------
    excerpts : list of Excerpt
        One for each recording or turn.
    first, second : int64, shape (trials,)
        Sides of each trial, as indices of `excerpts`.
    targets : bool, shape (trials,)
        True for trials of the same speaker.
    names : sequence of str, optional, shape (excerpts,)
        Names of the excerpts in the list of scores. Defaults to the uris.

    Examples
    --------
    >>> trials = Verification([], np.array([0, 0]), np.array([1, 2]), np.array([True, False]))
    >>> trials.value(np.array([0.9, 0.1]))
    0.0
    """

    name, best = "equal_error_rate", min

    def __init__(
        self,
        excerpts: list[Excerpt],
        first: NDArray[np.int64],
        second: NDArray[np.int64],
        targets: NDArray[np.bool_],
        names: Sequence[str] | None = None,
    ) -> None:
        self.excerpts = excerpts
        self.names = [excerpt.uri for excerpt in excerpts] if names is None else names
        self.first, self.second, self.targets = first, second, targets
        self.groups = known_speakers(first, second, targets)

    def described(self) -> str:
        """Number of trials, targets and recordings.

        Examples
        --------
        >>> getfixture("embedding_measure").comparison.described()
        '2 trials (1 target) of 3 recordings'
        """
        targets = counted(int(self.targets.sum()), "target")
        recordings = counted(len(self.excerpts), "recording")
        return f"{counted(len(self.targets), 'trial')} ({targets}) of {recordings}"

    def truth(self) -> NDArray[Any]:
        """Sides and targets of all trials, shape (3, trials).

        Examples
        --------
        >>> getfixture("embedding_measure").comparison.truth().tolist()
        [[0, 0], [1, 2], [1, 0]]
        """
        return np.stack([self.first, self.second, self.targets])

    def record(self, embeddings: Embeddings, backend: Backend) -> Record:
        """Scores of all trials.

        Parameters
        ----------
        embeddings : float32, shape (excerpts, dimension)
            Transformed by the back-end.
        backend : Backend

        Returns
        -------
        float32, shape (trials,)

        Examples
        --------
        >>> from pyannote.audio.embedding.backends import Direct
        >>> trials = Verification([], np.array([0]), np.array([1]), np.array([True]))
        >>> trials.record(np.array([[1, 0], [0, 1]], dtype=np.float32), Direct()).shape
        (1,)
        """
        return backend.similarity(embeddings, self.first, self.second)

    def value(self, record: Record) -> float:
        """Equal error rate, in [0, 1], of scores of shape (trials,).

        Examples
        --------
        >>> getfixture("embedding_measure").comparison.value(np.array([0.1, 0.9]))
        1.0
        """
        return self._evaluate(record, 0).equal_error_rate

    def results(self, record: Record) -> dict[str, Any]:
        """Equal error rate and its threshold, detection costs, and 95 % confidence intervals.

        An interval is None where there are too few speakers for one.

        Parameters
        ----------
        record : float32, shape (trials,)

        Examples
        --------
        >>> getfixture("embedding_measure").comparison.results(np.array([0.9, 0.1]))["threshold"]
        0.5
        """
        enough = len(np.unique(self.groups)) >= MIN_SPEAKERS
        return self._results(record, RESAMPLES if enough else 0)

    def curves(self, record: Record) -> Mapping[str, float]:
        """Figures of scores of shape (trials,), without confidence intervals, which take longest.

        Examples
        --------
        >>> sorted(getfixture("embedding_measure").comparison.curves(np.array([0.9, 0.1])))
        ['equal_error_rate', 'min_dcf_0.01', 'min_dcf_0.05', 'threshold']
        """
        return numbers(self._results(record, 0))

    def scores(self, record: Record) -> str:
        r"""Scores of all trials as text (see `trial_scores`).

        Parameters
        ----------
        record : float32, shape (trials,)

        Examples
        --------
        >>> getfixture("embedding_measure").comparison.scores(np.array([0.5, 0.25]))
        'a a 1 0.5\na a 0 0.25\n'
        """
        return scores_text(self.names, self.first, self.second, self.targets, record)

    def _results(self, record: Record, resamples: int) -> dict[str, Any]:
        result = self._evaluate(record, resamples)
        return {
            "equal_error_rate": round(result.equal_error_rate, 6),
            "threshold": float(result.threshold),
            **{f"min_dcf_{prior:g}": round(cost, 6) for prior, cost in result.min_dcf.items()},
            "intervals": {
                name: [round(low, 6), round(high, 6)] if np.isfinite([low, high]).all() else None
                for name, (low, high) in result.intervals.items()
            },
            "trials": result.trials,
            "targets": result.targets,
        }

    def picture(self, record: Record) -> Figure:
        """Figure of the detection error trade-off.

        Parameters
        ----------
        record : float32, shape (trials,)

        Examples
        --------
        >>> len(getfixture("embedding_measure").comparison.picture(np.array([0.9, 0.1])).axes)
        1
        """
        return det_figure(self._evaluate(record, 0).curve)

    def _evaluate(self, record: Record, resamples: int) -> VerificationResult:
        return evaluate(record, self.targets, self.groups, n=resamples)
