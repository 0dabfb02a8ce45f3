"""Probabilistic linear discriminant analysis (PLDA), as a model of two covariances."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.embedding.backends._domains import centred, domain_centers
from pyannote.audio.embedding.backends._speaker_statistics import shrunk, speaker_statistics, sums, whitening
from pyannote.audio.embedding.backends._trained import TrainedBackend
from pyannote.audio.embedding.backends.base import Embeddings, unit


class PLDA(TrainedBackend):
    """Log-likelihood ratio of "one speaker" and "two speakers" for normal distributions.

    Embeddings x are whitened as in `WCCN`, z = sqrt(D) u(P^T (u(x) - m)), where m is the mean of the nearest
    domain, u gives length 1, and D is the dimension: after this length normalisation, distributions are
    about normal. The model is z = n + s + e with the mean n, the speaker s ~ N(0, B) and the deviation
    e ~ N(0, W) of a recording. The similarity of two embeddings is

        log N([z1; z2]; [n; n], [[B + W, B], [B, B + W]]) - log N(z1; n, B + W) - log N(z2; n, B + W).

    W is the covariance within training speakers and B that between them, by the analysis of variance,
    without negative variances. Both are shrunk towards multiples of the identity.

    `transform` gives y = Q^T (z - n), in which W is the identity and B is diagonal, with the variances b_d:
    each dimension d contributes (b y1 y2 - b^2 (y1^2 + y2^2) / (2 (b + 1))) / (2 b + 1)
    + log(b + 1) - log(2 b + 1) / 2 to the similarity. Clusters compare y by the cosine.

    With `cohort`, the mean similarity of both embeddings to their `cohort` most similar training speakers is
    subtracted, as in `WCCN`; the figure is then no likelihood ratio any more.

    Parameters
    ----------
    shrinkage : float or "auto"
        Share of a covariance that is equal in all directions, in [0, 1], of all three covariances. "auto":
        chosen by cross-validation over the training speakers.
    cohort : int or "auto"
        Number of training speakers that normalise a score; 0 for no normalisation. "auto": chosen as well.
    domains : int or "auto"
        Number of domains of the training speakers, such as kinds of recordings, which are found by
        clustering; 1 subtracts one mean. "auto": chosen as well.

    References
    ----------
    Sizov, Lee and Kinnunen, "Unifying Probabilistic Linear Discriminant Analysis Variants in Biometric
    Authentication", S+SSPR 2014 (the two-covariance model); Garcia-Romero and Espy-Wilson, "Analysis of
    I-vector Length Normalization in Speaker Recognition Systems", Interspeech 2011.

    Examples
    --------
    >>> random = np.random.default_rng(0)
    >>> speakers = np.repeat(np.arange(20), 10)
    >>> points = random.normal(size=(20, 3))[speakers] + 0.1 * random.normal(size=(200, 3))
    >>> backend = PLDA(shrinkage=0.1, cohort=0)
    >>> backend.fit(points.astype(np.float32), speakers)
    >>> embeddings = backend.transform(np.array([[1, 1, 0], [2, 2, 0], [0, 0, 1]], dtype=np.float32))
    >>> same, other = backend.similarity(embeddings, np.array([0, 0]), np.array([1, 2]))
    >>> bool(same > 0 > other)
    True
    """

    arrays = ("center", "whitening", "mean", "projection", "between", "speakers")

    def estimate(
        self, embeddings: Embeddings, speakers: NDArray[np.int64], shrinkage: float, domains: int
    ) -> dict[str, NDArray[np.float32]]:
        """Whitening m ("center"), P ("whitening"); model n ("mean"), Q ("projection"), b ("between").

        "center" has the shape (domains, dimension), P and Q (dimension, dimension), n and b (dimension,).
        "speakers" are the mean y of training speakers, shape (speakers, dimension).
        """
        values = unit(embeddings)
        centers = domain_centers(values, speakers, domains)
        values = centred(values, centers)
        white = whitening(shrunk(speaker_statistics(values, speakers).within, shrinkage))
        scaled = _normalized(values, white)
        found, mean = speaker_statistics(scaled, speakers), scaled.mean(axis=0)
        projection, between = _diagonal(
            shrunk(found.within, shrinkage), shrunk(_without_negative(found.between()), shrinkage)
        )
        points = (scaled - mean) @ projection
        means = sums(points, found.speakers, len(found.counts)) / found.counts[:, None]
        learned = (centers, white, mean, projection, between, means)
        return {name: array.astype(np.float32) for name, array in zip(self.arrays, learned, strict=True)}

    def transform(self, embeddings: Embeddings) -> Embeddings:
        """Embeddings y = Q^T (sqrt(D) u(P^T (u(x) - m)) - n), shape (embeddings, dimension)."""
        learned = self._learned
        values = centred(unit(embeddings), learned["center"].astype(np.float64))
        scaled = _normalized(values, learned["whitening"])
        projected: Embeddings = ((scaled - learned["mean"]) @ learned["projection"]).astype(np.float32)
        return projected

    def own(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Terms of one side: half of the constant, and -b^2 y^2 / (2 (b + 1) (2 b + 1)); shape (points,)."""
        between = self._learned["between"].astype(np.float64)
        constant = np.log1p(between).sum() - np.log1p(2 * between).sum() / 2
        squares: NDArray[np.float64] = points**2 @ (between**2 / ((between + 1) * (2 * between + 1)))
        return (constant - squares) / 2

    def weights(self) -> NDArray[np.float64]:
        """Weight b / (2 b + 1) of the product of both sides, shape (dimension,)."""
        between = self._learned["between"].astype(np.float64)
        weights: NDArray[np.float64] = between / (2 * between + 1)
        return weights


def _normalized(centred: NDArray[np.floating], white: NDArray[np.floating]) -> NDArray[np.float64]:
    """Whitened embeddings of length sqrt(D), which have a variance of about 1 in each dimension."""
    return unit(centred @ white) * np.sqrt(len(white))


def _without_negative(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """The nearest covariance without negative variances."""
    eigenvalues, directions = np.linalg.eigh(covariance)
    nearest: NDArray[np.float64] = (directions * np.maximum(eigenvalues, 0)) @ directions.T
    return nearest


def _diagonal(
    within: NDArray[np.float64], between: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Matrix Q with Q^T W Q = I and Q^T B Q = diag(b), and b, which is not negative."""
    white = whitening(within)
    variances, directions = np.linalg.eigh(white.T @ between @ white)
    return white @ directions, np.maximum(variances, 0)
