"""Within-class covariance normalisation, and scores that are compared with those of other speakers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.core.errors import ConfigError, DataError
from pyannote.audio.embedding.backends.base import Backend, Embeddings, unit
from pyannote.audio.embedding.backends.direct import Direct


class WCCN(Backend):
    """Shrink the directions in which embeddings of one speaker differ, and compare by cosine.

    Embeddings are scaled to length 1, the mean of the training speakers is taken away, and the inverse of the
    covariance within speakers turns all that varies within a speaker into noise of the same size in every
    direction; the result is scaled to length 1 again. Training speakers with one embedding tell nothing of
    the covariance, and are left out of it.

    With `cohort`, the mean similarity of each of two recordings to its `cohort` most similar training
    speakers is taken away, half from each side: who resembles many, or was recorded in a common way, must
    resemble the other one all the more (adaptive s-norm, of the mean alone: dividing by the deviation as
    well made detection costs worse).

    Parameters
    ----------
    shrinkage : float
        Rank of a covariance that is equal in all directions, in [0, 1]: 0 trusts the training speakers
        entirely, 1 takes only the mean away.
    cohort : int
        Number of training speakers that scores are compared with; 0 for none.

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
            raise ConfigError("shrinkage must be in [0, 1], and cohort not negative.")
        self.shrinkage = shrinkage
        self.cohort = cohort
        self._state: dict[str, NDArray[np.float32]] = {}

    def fit(self, embeddings: Embeddings, speakers: NDArray[np.int64]) -> None:
        """Measure mean and covariance, and keep the mean embedding of each speaker.

        Raises
        ------
        DataError
            If no speaker has two embeddings, or one is not finite.
        """
        if not np.isfinite(embeddings).all():
            raise DataError(
                "An embedding of a training speaker is not finite.",
                fix="Look for damaged files, or a training that has diverged.",
            )
        values = unit(embeddings)
        _, speakers, counts = np.unique(speakers, return_inverse=True, return_counts=True)
        means = np.zeros((len(counts), values.shape[1]))
        np.add.at(means, speakers, values)
        means /= counts[:, None]
        several = counts[speakers] > 1
        if not several.any():
            raise DataError(
                "No training speaker has two turns, from which to learn how embeddings of a speaker differ.",
                fix="Remove `backend:` from config.yml, or train on more recordings.",
            )
        within = (values - means[speakers])[several]
        covariance = within.T @ within / (several.sum() - (counts > 1).sum())
        # where nothing varies, all directions are equal
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
        """Mean, projection, and the direction of each training speaker after it."""
        return dict(self._state)

    def load(self, state: Mapping[str, NDArray[np.float32]]) -> None:
        """Take what was learned before."""
        self._state = {name: state[name] for name in ("center", "projection", "speakers")}

    def transform(self, embeddings: Embeddings) -> Embeddings:
        """Centred and projected embeddings of length 1, same shape."""
        projected = (unit(embeddings) - self._state["center"]) @ self._state["projection"]
        return unit(projected).astype(np.float32)

    def similarity(
        self, embeddings: Embeddings, first: NDArray[np.int64], second: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Cosine of each pair, less what each side has in common with training speakers."""
        scores = Direct("cosine").similarity(embeddings, first, second)
        if not self.cohort:
            return scores
        common = self._common(embeddings)
        return (scores - (common[first] + common[second]) / 2).astype(np.float32)

    def _common(self, embeddings: Embeddings) -> NDArray[np.float32]:
        """Mean similarity of each embedding to its nearest training speakers, shape (embeddings,)."""
        alike = embeddings @ self._state["speakers"].T
        nearest: NDArray[np.float32] = -np.sort(-alike, axis=1)[:, : self.cohort]
        return nearest.mean(axis=1)
