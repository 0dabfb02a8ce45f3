"""Choice of the parameters of a back-end by cross-validation over the training speakers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.embedding.backends.base import Embeddings
from pyannote.audio.metrics.verification import det_curve

SHRINKAGES = (0.95, 0.9, 0.8, 0.7, 0.5, 0.35, 0.2, 0.1, 0.05)
"""Shrinkages that are compared; of equally good ones, the first is chosen."""

COHORTS = (0.0, 0.05, 0.1, 0.2, 0.4)
"""Sizes of the cohort that are compared, as shares of the training speakers."""

FOLDS = 5
"""Parts of the training speakers, each of which is left out once."""

SPEAKERS, PARTS = 40, 10
"""Speakers of a fold that are compared, and embeddings of each, at most, which bounds the time."""

FEWEST = 10
"""Training speakers below which nothing is compared: a fold needs two."""

FALLBACK = 0.5
"""Shrinkage for fewer speakers than that; they have no cohort."""


class Teaching(NamedTuple):
    """Embeddings of training speakers that a back-end learns from.

    Attributes
    ----------
    embeddings : float32, shape (turns, dimension)
        One of each turn.
    parts : float32, shape (turns, dimension)
        One of a part of each turn, by which parameters are chosen.
    speakers : int64, shape (turns,)
        Index of the speaker of each turn.

    Examples
    --------
    >>> one = np.ones((3, 2), dtype=np.float32)
    >>> Teaching(one, one, np.array([0, 0, 1])).only(np.array([True, False, True])).speakers.tolist()
    [0, 1]
    """

    embeddings: Embeddings
    parts: Embeddings
    speakers: NDArray[np.int64]

    def only(self, chosen: NDArray[np.bool_]) -> Teaching:
        """Those turns that are true in `chosen`, shape (turns,)."""
        return Teaching(self.embeddings[chosen], self.parts[chosen], self.speakers[chosen])


class Choice(NamedTuple):
    """Parameters of a back-end, and their equal error rate on left-out speakers, in [0, 1].

    Examples
    --------
    >>> Choice(shrinkage=0.5, cohort=9, value=0.02).cohort
    9
    """

    shrinkage: float
    cohort: int
    value: float


class Learner(Protocol):
    """Back-end with a shrinkage, whose scores can be normalised by cohorts of any size."""

    def fit(self, embeddings: Embeddings, speakers: NDArray[np.int64]) -> None:
        """Learn from embeddings of shape (turns, dimension)."""

    def transform(self, embeddings: Embeddings) -> Embeddings:
        """Embeddings in the space in which they are compared, shape (embeddings, dimension)."""

    def scores(
        self, embeddings: Embeddings, first: NDArray[np.int64], second: NDArray[np.int64], cohort: int
    ) -> NDArray[np.float64]:
        """Scores of pairs of transformed embeddings, shape (pairs,)."""


def choose(
    make: Callable[[float], Learner],
    teaching: Teaching,
    shrinkages: Sequence[float] = SHRINKAGES,
    cohorts: Sequence[float] | int = COHORTS,
) -> Choice:
    """Shrinkage and size of the cohort with the lowest equal error rate on left-out training speakers.

    Speaker i belongs to fold i modulo `FOLDS`. For each fold, back-ends learn from the turns of all other
    speakers, and compare all pairs of parts of the speakers of the fold; the rates of all folds are averaged.
    Parts are compared because a network separates whole turns of its training speakers almost perfectly: no
    parameter would differ from another. Parts of about the duration of the training segments are about as
    hard to compare as whole turns of other speakers.

    Parameters
    ----------
    make : callable
        Back-end with a shrinkage.
    teaching : Teaching
    shrinkages : sequence of float
        Values in [0, 1] to compare.
    cohorts : sequence of float, or int
        Shares of the training speakers to compare, or a number of speakers that is given.

    Returns
    -------
    Choice
        With fewer than `FEWEST` speakers, or if no fold has pairs of both kinds: the first of a single
        shrinkage, or `FALLBACK`, the given cohort or none, and a rate of NaN.

    Examples
    --------
    >>> from pyannote.audio.embedding.backends.wccn import WCCN
    >>> random = np.random.default_rng(0)
    >>> speakers = np.repeat(np.arange(20), 5)
    >>> points = (random.normal(size=(20, 4))[speakers] + random.normal(size=(100, 4))).astype(np.float32)
    >>> choose(WCCN, Teaching(points, points, speakers), cohorts=0).cohort
    0
    """
    _, rows = np.unique(teaching.speakers, return_inverse=True)
    shares = [cohorts] if isinstance(cohorts, int) else cohorts
    grid = np.array(
        [_fold_rates(make, teaching, rows % FOLDS == fold, shrinkages, shares) for fold in _folds(rows)]
    )
    if not grid.size:
        shrinkage = shrinkages[0] if len(shrinkages) == 1 else FALLBACK
        return Choice(shrinkage, cohorts if isinstance(cohorts, int) else 0, np.nan)
    rates = grid.mean(axis=0)
    # of equal rates, the first: no cohort before a cohort, then the strongest shrinkage
    cohort, shrinkage = np.unravel_index(rates.T.argmin(), rates.T.shape)
    size = _size(shares[int(cohort)], int(rows.max()) + 1)
    return Choice(shrinkages[int(shrinkage)], size, float(rates.min()))


def _size(share: float, speakers: int) -> int:
    """Size of a cohort: a share of the speakers, at least one of them, or a number of speakers."""
    if isinstance(share, int):
        return share
    return max(1, round(share * speakers)) if share else 0


def _folds(rows: NDArray[np.int64]) -> Iterator[int]:
    """Folds whose speakers give pairs of both kinds, while others have several turns to learn from."""
    counts = np.bincount(rows)
    if len(counts) < FEWEST:
        return
    for fold in range(FOLDS):
        inside = np.arange(len(counts)) % FOLDS == fold
        if (counts[inside] > 1).any() and (counts[~inside] > 1).any():
            yield fold


def _fold_rates(
    make: Callable[[float], Learner],
    teaching: Teaching,
    left_out: NDArray[np.bool_],
    shrinkages: Sequence[float],
    shares: Sequence[float],
) -> NDArray[np.float64]:
    """Equal error rates on left-out speakers, shape (shrinkages, shares)."""
    taught = teaching.only(~left_out)
    compared = _spread(teaching.only(left_out))
    first, second = np.triu_indices(len(compared.speakers), 1)
    targets = compared.speakers[first] == compared.speakers[second]
    speakers = len(np.unique(taught.speakers))
    rates = np.empty((len(shrinkages), len(shares)))
    for row, shrinkage in enumerate(shrinkages):
        backend = make(shrinkage)
        backend.fit(taught.embeddings, taught.speakers)
        points = backend.transform(compared.parts)
        for column, share in enumerate(shares):
            scores = backend.scores(points, first, second, _size(share, speakers))
            rates[row, column] = det_curve(scores, targets).equal_error_rate().value
    return rates


def _spread(teaching: Teaching) -> Teaching:
    """Evenly spaced speakers with several turns and turns of each, at most `SPEAKERS` and `PARTS`."""
    names, rows, counts = np.unique(teaching.speakers, return_inverse=True, return_counts=True)
    # speakers with several turns first: they alone have pairs of one speaker
    order = np.argsort(counts < 2, kind="stable")
    several = max(1, int((counts > 1).sum()))
    speakers = order[_evenly(min(several, SPEAKERS), several)] if several > SPEAKERS else order[:SPEAKERS]
    chosen = np.zeros(len(rows), dtype=bool)
    for speaker in speakers:
        turns = np.flatnonzero(rows == speaker)
        chosen[turns[_evenly(min(PARTS, len(turns)), len(turns))]] = True
    return teaching.only(chosen)


def _evenly(count: int, among: int) -> NDArray[np.int64]:
    """So many indices, evenly spaced among a number of them."""
    return np.linspace(0, among - 1, count).round().astype(np.int64)
