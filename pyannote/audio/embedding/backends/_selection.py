"""Choice of the parameters of a back-end by cross-validation over the training speakers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.embedding.backends._domains import domains_of
from pyannote.audio.embedding.backends.base import Embeddings, unit
from pyannote.audio.metrics.verification import det_curve

SHRINKAGES = (0.5, 0.35, 0.2, 0.1, 0.05)
"""Shrinkages that are compared; of equally good ones, the first is chosen.

A network separates its training speakers in directions of their own, so that those left out are told apart
best with almost no covariance; speakers that the network has not heard are not. Hence the limit.
"""

COHORTS = (0.0, 0.05, 0.1, 0.2, 0.4)
"""Sizes of the cohort that are compared, as shares of the training speakers."""

DOMAINS = (1, 2, 3)
"""Numbers of domains that are compared."""

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
    >>> Choice(shrinkage=0.5, cohort=9, domains=1, value=0.02).cohort
    9
    """

    shrinkage: float
    cohort: int
    domains: int
    value: float


class Learner(Protocol):
    """Back-end with a shrinkage, whose scores can be normalised by cohorts of any size."""

    def fit(self, embeddings: Embeddings, speakers: NDArray[np.int64], parts: Embeddings) -> None:
        """Learn from embeddings of turns and of their parts, each of shape (turns, dimension)."""

    def transform(self, embeddings: Embeddings) -> Embeddings:
        """Embeddings in the space in which they are compared, shape (embeddings, dimension)."""

    def scores(
        self, embeddings: Embeddings, first: NDArray[np.int64], second: NDArray[np.int64], cohort: int
    ) -> NDArray[np.float64]:
        """Scores of pairs of transformed embeddings, shape (pairs,)."""


def choose(
    make: Callable[[float, int], Learner],
    teaching: Teaching,
    shrinkages: Sequence[float] = SHRINKAGES,
    cohorts: Sequence[float] | int = COHORTS,
    domains: Sequence[int] = DOMAINS,
) -> Choice:
    """Parameters with the lowest equal error rate on left-out training speakers.

    Speaker i belongs to fold i modulo `FOLDS`. For each fold, back-ends learn from the turns of all other
    speakers, and compare all pairs of parts of the speakers of the fold; the rates of all folds are averaged.
    Parts are compared because a network separates whole turns of its training speakers almost perfectly: no
    parameter would differ from another. Parts of about the duration of the training segments are about as
    hard to compare as whole turns of other speakers.

    The rate of a fold is the mean of two: that of all pairs, and that of pairs of speakers who are in one of
    two groups (see `domains_of`). Where speakers were recorded in different ways, pairs of unlike
    recordings are easy, and would hide how well the others are told apart.

    First, domains are compared with the middle one of the shrinkages and all cohorts; then shrinkages and
    cohorts. Of equally good parameters, those with fewer domains, a smaller cohort, and the strongest
    shrinkage are chosen.

    Parameters
    ----------
    make : callable
        Gives the back-end with a shrinkage and a number of domains.
    teaching : Teaching
    shrinkages : sequence of float
        Values in [0, 1] to compare.
    cohorts : sequence of float, or int
        Shares of the training speakers to compare, or a number of speakers that is given.
    domains : sequence of int
        Numbers of domains to compare.

    Returns
    -------
    Choice
        With fewer than `FEWEST` speakers, or if no fold has pairs of both kinds: what is given, or else
        `FALLBACK`, no cohort, and the first of `domains`; and a rate of NaN.

    Examples
    --------
    >>> from pyannote.audio.embedding.backends.wccn import WCCN
    >>> random = np.random.default_rng(0)
    >>> speakers = np.repeat(np.arange(20), 5)
    >>> points = (random.normal(size=(20, 4))[speakers] + random.normal(size=(100, 4))).astype(np.float32)
    >>> choose(lambda shrinkage, _: WCCN(shrinkage, 0, 1), Teaching(points, points, speakers)).domains
    1
    """
    shares = [cohorts] if isinstance(cohorts, int) else cohorts
    folds = list(_folds(teaching))
    if not folds:
        shrinkage = shrinkages[0] if len(shrinkages) == 1 else FALLBACK
        return Choice(shrinkage, cohorts if isinstance(cohorts, int) else 0, domains[0], np.nan)
    middle = shrinkages[len(shrinkages) // 2]
    grouped = _rates([partial(make, middle, count) for count in domains], folds, shares)
    # of equal rates, the first one is chosen
    count = domains[int(grouped.min(axis=1).argmin())]
    rates = _rates([partial(make, shrinkage, count) for shrinkage in shrinkages], folds, shares)
    column, row = np.unravel_index(rates.T.argmin(), rates.T.shape)
    size = _size(shares[int(column)], len(np.unique(teaching.speakers)))
    return Choice(shrinkages[int(row)], size, count, float(rates.min()))


def _size(share: float, speakers: int) -> int:
    """Size of a cohort: a share of the speakers, at least one of them, or a number of speakers."""
    if isinstance(share, int):
        return share
    return max(1, round(share * speakers)) if share else 0


class _Fold(NamedTuple):
    """Turns to learn from, turns of other speakers to compare, and the group of each of the latter."""

    taught: Teaching
    compared: Teaching
    groups: NDArray[np.int64]


def _folds(teaching: Teaching) -> Iterator[_Fold]:
    """Folds whose speakers give pairs of both kinds, while others have several turns to learn from."""
    _, rows, counts = np.unique(teaching.speakers, return_inverse=True, return_counts=True)
    if len(counts) < FEWEST:
        return
    groups = domains_of(unit(teaching.embeddings), rows, 2)
    for fold in range(FOLDS):
        inside = np.arange(len(counts)) % FOLDS == fold
        if (counts[inside] > 1).any() and (counts[~inside] > 1).any():
            compared = inside[rows] & _spread(rows)
            yield _Fold(teaching.only(~inside[rows]), teaching.only(compared), groups[compared])


def _rates(
    makers: Sequence[Callable[[], Learner]], folds: Sequence[_Fold], shares: Sequence[float]
) -> NDArray[np.float64]:
    """Equal error rates on left-out speakers, means over the folds, shape (makers, shares)."""
    rates = np.array([[_fold_rates(make(), fold, shares) for make in makers] for fold in folds])
    mean: NDArray[np.float64] = rates.mean(axis=0)
    return mean


def _fold_rates(backend: Learner, fold: _Fold, shares: Sequence[float]) -> list[float]:
    """Equal error rates on the left-out speakers of a fold, one for each size of the cohort."""
    taught, compared, groups = fold
    backend.fit(taught.embeddings, taught.speakers, taught.parts)
    points = backend.transform(compared.parts)
    first, second = np.triu_indices(len(compared.speakers), 1)
    targets = compared.speakers[first] == compared.speakers[second]
    alike = groups[first] == groups[second]
    sizes = [_size(share, len(np.unique(taught.speakers))) for share in shares]
    scores = [backend.scores(points, first, second, size) for size in sizes]
    return [(_rate(one, targets) + _rate(one[alike], targets[alike])) / 2 for one in scores]


def _rate(scores: NDArray[np.float64], targets: NDArray[np.bool_]) -> float:
    """Equal error rate; 0 if all pairs are of one kind."""
    if targets.all() or not targets.any():
        return 0.0
    return det_curve(scores, targets).equal_error_rate().value


def _spread(rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Turns that are compared: evenly spaced ones of each fold and speaker, shape (turns,).

    Speakers with several turns come first: they alone have pairs of one speaker.
    """
    counts = np.bincount(rows)
    chosen = np.zeros(len(rows), dtype=bool)
    for fold in range(FOLDS):
        speakers = np.arange(fold, len(counts), FOLDS)
        several = speakers[counts[speakers] > 1]
        kept = several[_evenly(SPEAKERS, len(several))] if len(several) > SPEAKERS else speakers[:SPEAKERS]
        for speaker in kept:
            turns = np.flatnonzero(rows == speaker)
            chosen[turns[_evenly(min(PARTS, len(turns)), len(turns))]] = True
    return chosen


def _evenly(count: int, among: int) -> NDArray[np.int64]:
    """So many indices, evenly spaced among a number of them."""
    return np.linspace(0, among - 1, count).round().astype(np.int64)
