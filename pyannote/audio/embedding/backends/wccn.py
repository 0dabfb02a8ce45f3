"""Within-class covariance normalisation (WCCN), and adaptive normalisation of scores."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.embedding.backends._domains import centred, domain_centers
from pyannote.audio.embedding.backends._speaker_statistics import shrunk, speaker_statistics, sums, whitening
from pyannote.audio.embedding.backends._trained import TrainedBackend
from pyannote.audio.embedding.backends.base import Embeddings, unit


class WCCN(TrainedBackend):
    """Whitening of the covariance within speakers, and the cosine of the results.

    y = u(P^T (u(x) - m)), with u(x) = x / |x|, the mean m of the embeddings of training speakers, and P such
    that P P^T is the inverse of C = (1 - shrinkage) W + shrinkage trace(W) / D I. W is the covariance within
    speakers, of speakers with at least two embeddings; D is the dimension. With several `domains`, m is the
    nearest of their means.

    With `cohort`, similarity(y, z) = y . z - (c(y) + c(z)) / 2, where c is the mean similarity to the
    `cohort` most similar training speakers: adaptive s-norm without division by the standard deviation, which
    made detection costs worse.

    Parameters
    ----------
    shrinkage : float or "auto"
        Share of a covariance that is equal in all directions, in [0, 1]: 0 uses the covariance of the
        training speakers alone, 1 subtracts only the mean. "auto": chosen by cross-validation over the
        training speakers.
    cohort : int or "auto"
        Number of training speakers that normalise a score; 0 for no normalisation. "auto": chosen as well.
    domains : int or "auto"
        Number of domains of the training speakers, such as kinds of recordings, which are found by
        clustering; 1 subtracts one mean. "auto": chosen as well.

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
    >>> list(backend.chosen())
    ['cohort', 'domains']
    """

    arrays = ("center", "projection", "speakers")

    def estimate(
        self, embeddings: Embeddings, speakers: NDArray[np.int64], shrinkage: float, domains: int
    ) -> dict[str, NDArray[np.float32]]:
        """Means "center" (domains, dimension), "projection" P (dimension, dimension), and "speakers".

        The latter are the directions of the sums of y of each training speaker, shape (speakers, dimension).
        """
        values = unit(embeddings)
        centers = domain_centers(values, speakers, domains)
        found = speaker_statistics(centred(values, centers), speakers)
        projection = whitening(shrunk(found.within, shrinkage))
        whitened = unit(centred(values, centers) @ projection)
        directions = unit(sums(whitened, found.speakers, len(found.counts)))
        arrays = {"center": centers, "projection": projection, "speakers": directions}
        return {name: array.astype(np.float32) for name, array in arrays.items()}

    def transform(self, embeddings: Embeddings) -> Embeddings:
        """Embeddings y = u(P^T (u(x) - m)) of length 1, shape (embeddings, dimension)."""
        # states of earlier versions have one mean, of shape (dimension,)
        centers = np.atleast_2d(self._learned["center"]).astype(np.float64)
        return unit(centred(unit(embeddings), centers) @ self._learned["projection"]).astype(np.float32)
