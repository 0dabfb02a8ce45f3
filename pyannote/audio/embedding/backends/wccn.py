"""Within-class covariance normalisation (WCCN), and adaptive normalisation of scores."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.core.errors import ConfigError, DataError
from pyannote.audio.embedding.backends.base import Backend, Embeddings, unit
from pyannote.audio.embedding.backends.direct import Direct


class WCCN(Backend):
    """Whitening of the covariance within speakers, and the cosine of the results.

    y = u(P^T (u(x) - m)), with u(x) = x / |x|, the mean m of the embeddings of training speakers, and P such
    that P P^T is the inverse of C = (1 - shrinkage) W + shrinkage trace(W) / D I. W is the covariance within
    speakers, of speakers with at least two embeddings; D is the dimension.

    With `cohort`, similarity(y, z) = y . z - (c(y) + c(z)) / 2, where c is the mean similarity to the
    `cohort` most similar training speakers: adaptive s-norm without division by the standard deviation, which
    made detection costs worse.

    Parameters
    ----------
    shrinkage : float
        Share of a covariance that is equal in all directions, in [0, 1]: 0 uses the covariance of the
        training speakers alone, 1 subtracts only the mean.
    cohort : int
        Number of training speakers that normalise a score; 0 for no normalisation.

    References
    ----------
    Hatch, Kajarekar and Stolcke, "Within-Class Covariance Normalization for SVM-based Speaker Recognition",
    Interspeech 2006; Matejka et al., "Analysis of Score Normalization in Multilingual Speaker Recognition",
    Interspeech 2017.

    Examples
    --------
    >>> random = np.random.default_rng(0)
    >>> speakers = np.repeat(np.arange(20), 10)
    >>> embeddings = (random.normal(size=(20, 3))[speakers] + random.normal(size=(200, 3))).astype(np.float32)
    >>> backend = WCCN(shrinkage=0.0)
    >>> backend.fit(embeddings, speakers)
    >>> backend.transform(embeddings).shape
    (200, 3)
    """

    needs_training = True

    def __init__(self, shrinkage: float = 0.2, cohort: int = 10) -> None:
        if not 0 <= shrinkage <= 1 or cohort < 0:
            raise ConfigError("shrinkage must be in [0, 1], and cohort 0 or more.")
        self.shrinkage = shrinkage
        self.cohort = cohort
        self._state: dict[str, NDArray[np.float32]] = {}

    def fit(self, embeddings: Embeddings, speakers: NDArray[np.int64]) -> None:
        """Measure mean, covariance within speakers, and the mean embedding of each speaker.

        Parameters
        ----------
        embeddings : float32, shape (embeddings, dimension)
        speakers : int64, shape (embeddings,)
            Index of the speaker of each embedding.

        Raises
        ------
        DataError
            If no speaker has two embeddings, or an embedding is not finite.
        """
        if not np.isfinite(embeddings).all():
            raise DataError(
                "An embedding of a training speaker is not finite.",
                fix="Check the training files, and whether the training has diverged.",
            )
        values = unit(embeddings)
        _, speakers, counts = np.unique(speakers, return_inverse=True, return_counts=True)
        means = np.zeros((len(counts), values.shape[1]))
        np.add.at(means, speakers, values)
        means /= counts[:, None]
        several = counts[speakers] > 1
        if not several.any():
            raise DataError(
                "No training speaker has two turns, which the covariance within speakers needs.",
                fix="Remove `backend:` from config.yml, or train on more recordings.",
            )
        within = (values - means[speakers])[several]
        covariance = within.T @ within / (several.sum() - (counts > 1).sum())
        # if all embeddings of each speaker are equal, the identity is used
        level = max(float(np.trace(covariance)) / len(covariance), 1e-10)
        covariance = (1 - self.shrinkage) * covariance + self.shrinkage * level * np.eye(len(covariance))
        eigenvalues, directions = np.linalg.eigh(covariance)
        scale = 1 / np.sqrt(np.maximum(eigenvalues, 1e-6 * level))
        center, projection = values.mean(axis=0), directions * scale
        self._state = {"center": center.astype(np.float32), "projection": projection.astype(np.float32)}
        projected = np.zeros(means.shape)
        np.add.at(projected, speakers, self.transform(embeddings))
        self._state["speakers"] = unit(projected).astype(np.float32)

    def state(self) -> dict[str, NDArray[np.float32]]:
        """Mean "center", shape (dimension,), "projection" P, shape (dimension, dimension), and "speakers".

        The latter are the transformed mean embeddings of training speakers, shape (speakers, dimension).

        Examples
        --------
        >>> WCCN().state()
        {}
        """
        return dict(self._state)

    def load(self, state: Mapping[str, NDArray[np.float32]]) -> None:
        """Load the arrays of `state`, with their shapes.

        Examples
        --------
        >>> backend = WCCN()
        >>> arrays = {"center": np.zeros(2), "projection": np.eye(2), "speakers": np.eye(2)}
        >>> backend.load({name: array.astype(np.float32) for name, array in arrays.items()})
        >>> backend.transform(np.array([[3, 4]], dtype=np.float32))
        array([[0.6, 0.8]], dtype=float32)
        """
        self._state = {name: state[name] for name in ("center", "projection", "speakers")}

    def transform(self, embeddings: Embeddings) -> Embeddings:
        """Embeddings y = u(P^T (u(x) - m)) of length 1, shape (embeddings, dimension)."""
        projected = (unit(embeddings) - self._state["center"]) @ self._state["projection"]
        return unit(projected).astype(np.float32)

    def similarity(
        self, embeddings: Embeddings, first: NDArray[np.int64], second: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Cosine of each pair, less the mean of c of both sides (see above), shape (pairs,)."""
        scores = Direct("cosine").similarity(embeddings, first, second)
        if not self.cohort:
            return scores
        common = self._common(embeddings)
        return (scores - (common[first] + common[second]) / 2).astype(np.float32)

    def _common(self, embeddings: Embeddings) -> NDArray[np.float32]:
        """Mean similarity of each embedding to its nearest training speakers, shape (embeddings,)."""
        similarities = embeddings @ self._state["speakers"].T
        nearest: NDArray[np.float32] = -np.sort(-similarities, axis=1)[:, : self.cohort]
        return nearest.mean(axis=1)
