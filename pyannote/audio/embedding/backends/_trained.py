"""Base class of back-ends whose parameters may be chosen by cross-validation over training speakers."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.core.errors import ConfigError, DataError
from pyannote.audio.embedding.backends._selection import COHORTS, DOMAINS, SHRINKAGES, Teaching, choose
from pyannote.audio.embedding.backends.base import Backend, Embeddings

Shrinkage = float | Literal["auto"]
Cohort = int | Literal["auto"]
Domains = int | Literal["auto"]

BLOCK = 1 << 14
"""Pairs that are compared at once, which bounds the memory for millions of trials."""


class TrainedBackend(Backend):
    """Back-end whose score of transformed embeddings y and z is o(y) + o(z) + sum_d w_d y_d z_d.

    A cohort normalises it: score(y, z) - (c(y) + c(z)) / 2, where c is the mean score with the `cohort`
    training speakers that give the highest scores. This is adaptive s-norm without division by the standard
    deviation, which made detection costs worse.

    Embeddings have the shape (embeddings, dimension), scores (pairs,).

    Parameters
    ----------
    shrinkage : float or "auto"
        Share of a covariance that is equal in all directions, in [0, 1].
    cohort : int or "auto"
        Number of training speakers that normalise a score; 0 for no normalisation.
    domains : int or "auto"
        Number of domains whose means are subtracted (see `domain_centers`).

    Raises
    ------
    ConfigError
        If a value is out of its range.

    References
    ----------
    Matejka et al., "Analysis of Score Normalization in Multilingual Speaker Recognition", Interspeech 2017.
    """

    needs_training, needs_parts = True, True

    arrays: tuple[str, ...]
    """Names of the arrays that `estimate` gives; "speakers" has the shape (speakers, dimension)."""

    def __init__(
        self, shrinkage: Shrinkage = "auto", cohort: Cohort = "auto", domains: Domains = "auto"
    ) -> None:
        if shrinkage != "auto" and not 0 <= shrinkage <= 1:
            raise ConfigError(f'shrinkage must be in [0, 1] or "auto", not {shrinkage}.')
        if (cohort != "auto" and cohort < 0) or (domains != "auto" and domains < 1):
            raise ConfigError('cohort must be 0 or more, and domains 1 or more, or "auto".')
        self.shrinkage, self.cohort, self.domains = shrinkage, cohort, domains
        self._learned: dict[str, NDArray[np.float32]] = {}

    def fit(
        self, embeddings: Embeddings, speakers: NDArray[np.int64], parts: Embeddings | None = None
    ) -> None:
        """Choose the parameters that are "auto" (see `_selection.choose`), and learn from all embeddings.

        Parts are learned from as well: a network knows the whole turns of its training speakers too well, so
        that these vary less than the turns of other speakers.

        Parameters
        ----------
        embeddings : float32, shape (turns, dimension)
        speakers : int64, shape (turns,)
            Index of the speaker of each turn.
        parts : float32, shape (turns, dimension), optional
            Embedding of a part of each turn; without them, whole turns take their place.

        Raises
        ------
        DataError
            If no speaker has two embeddings, or an embedding is not finite.
        """
        teaching = Teaching(embeddings, embeddings if parts is None else parts, speakers)
        if not (np.isfinite(teaching.embeddings).all() and np.isfinite(teaching.parts).all()):
            raise DataError(
                "An embedding of a training speaker is not finite.",
                fix="Check the training files, and whether the training has diverged.",
            )
        shrinkage, cohort, domains = self._parameters(teaching)
        if parts is not None:
            embeddings, speakers = np.concatenate([embeddings, parts]), np.concatenate([speakers, speakers])
        self._learned = self.estimate(embeddings, speakers, shrinkage, domains)
        self._learned["chosen"] = np.array([shrinkage, cohort, domains], dtype=np.float32)

    def chosen(self) -> dict[str, Any]:
        """Parameters that `fit` has chosen, by name.

        Examples
        --------
        >>> from pyannote.audio.embedding.backends.wccn import WCCN
        >>> WCCN(shrinkage=0.2, cohort=10).chosen()
        {}
        """
        if "chosen" not in self._learned:
            return {}
        # single precision has six exact decimal digits
        shrinkage, cohort, domains = (float(f"{value:.6g}") for value in self._learned["chosen"])
        found = {"shrinkage": shrinkage, "cohort": int(cohort), "domains": int(domains)}
        return {name: value for name, value in found.items() if getattr(self, name) == "auto"}

    def state(self) -> dict[str, NDArray[np.float32]]:
        """Learned arrays, each of its own shape, and "chosen": shrinkage, cohort, domains, shape (3,).

        Examples
        --------
        >>> from pyannote.audio.embedding.backends.wccn import WCCN
        >>> WCCN().state()
        {}
        """
        return dict(self._learned)

    def load(self, state: Mapping[str, NDArray[np.float32]]) -> None:
        """Load the arrays of `state`, each of its own shape.

        States of earlier versions have no "chosen", and back-ends with a given cohort do without.

        Raises
        ------
        KeyError
            If an array is missing.

        Examples
        --------
        >>> from pyannote.audio.embedding.backends.wccn import WCCN
        >>> arrays = {"center": np.zeros(2), "projection": np.eye(2), "speakers": np.eye(2)}
        >>> backend = WCCN(shrinkage=0.2, cohort=1)
        >>> backend.load({name: array.astype(np.float32) for name, array in arrays.items()})
        >>> backend.transform(np.array([[3, 4]], dtype=np.float32))
        array([[0.6, 0.8]], dtype=float32)
        """
        known = "chosen" in state or self.cohort == "auto"
        self._learned = {name: state[name] for name in (*self.arrays, *(["chosen"] if known else []))}

    def similarity(
        self, embeddings: Embeddings, first: NDArray[np.int64], second: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Score of each pair, normalised by the cohort (see above), shape (pairs,)."""
        cohort = int(self._learned["chosen"][1]) if self.cohort == "auto" else self.cohort
        return self.scores(embeddings, first, second, cohort).astype(np.float32)

    def scores(
        self, embeddings: Embeddings, first: NDArray[np.int64], second: NDArray[np.int64], cohort: int
    ) -> NDArray[np.float64]:
        """Score of each pair, normalised by a cohort of some size, shape (pairs,).

        Parameters
        ----------
        embeddings : float32, shape (embeddings, dimension)
            Result of `transform`.
        first, second : int64, shape (pairs,)
            Both sides of each pair, as indices of `embeddings`.
        cohort : int
            Number of training speakers; 0 for no normalisation.
        """
        points = embeddings.astype(np.float64)
        own, weighted = self.own(points), points * self.weights()
        if cohort:
            own = own - self._common(points, cohort) / 2
        blocks = [slice(start, start + BLOCK) for start in range(0, len(first), BLOCK)]
        products = [np.einsum("ij,ij->i", weighted[first[one]], points[second[one]]) for one in blocks]
        scores: NDArray[np.float64] = np.concatenate([np.empty(0), *products]) + own[first] + own[second]
        return scores

    def _common(self, points: NDArray[np.float64], cohort: int) -> NDArray[np.float64]:
        """Mean of the highest scores of each embedding with training speakers, shape (embeddings,)."""
        speakers = self._learned["speakers"].astype(np.float64)
        scores = (points * self.weights()) @ speakers.T + self.own(points)[:, None] + self.own(speakers)
        highest: NDArray[np.float64] = -np.sort(-scores, axis=1)[:, :cohort]
        return highest.mean(axis=1)

    def _parameters(self, teaching: Teaching) -> tuple[float, int, int]:
        """Shrinkage, cohort and domains, of which those that are "auto" are chosen."""
        if self.shrinkage != "auto" and self.cohort != "auto" and self.domains != "auto":
            return self.shrinkage, self.cohort, self.domains
        choice = choose(
            lambda shrinkage, domains: type(self)(shrinkage, 0, domains),
            teaching,
            SHRINKAGES if self.shrinkage == "auto" else (self.shrinkage,),
            COHORTS if self.cohort == "auto" else self.cohort,
            DOMAINS if self.domains == "auto" else (self.domains,),
        )
        return choice.shrinkage, choice.cohort, choice.domains

    @abstractmethod
    def estimate(
        self, embeddings: Embeddings, speakers: NDArray[np.int64], shrinkage: float, domains: int
    ) -> dict[str, NDArray[np.float32]]:
        """Arrays of `arrays` from embeddings of training speakers, shape (turns, dimension).

        Parameters
        ----------
        embeddings : float32, shape (turns, dimension)
        speakers : int64, shape (turns,)
            Index of the speaker of each turn.
        shrinkage : float
            In [0, 1].
        domains : int
            At least 1.
        """

    def own(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Term o of the score of transformed embeddings, shape (embeddings,); 0 by default."""
        return np.zeros(len(points))

    def weights(self) -> NDArray[np.float64]:
        """Weight w of each dimension of transformed embeddings, shape (dimension,); 1 by default."""
        return np.ones(self._learned["speakers"].shape[1])
