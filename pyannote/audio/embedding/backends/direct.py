"""Embeddings as the network gives them, compared by their distance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.embedding.backends.base import Backend, Embeddings, Metric, unit

BLOCK = 1 << 14
"""Pairs that are compared at once, which bounds the memory that millions of trials need."""


class Direct(Backend):
    """Compare by cosine, by minus the euclidean distance, or by minus the angle in radians.

    An embedding of zeros has no direction: it is at a right angle to all others.

    Parameters
    ----------
    metric : {"cosine", "euclidean", "angular"}
        What is compared.

    Examples
    --------
    >>> embeddings = np.array([[1, 0], [0, 1], [2, 0]], dtype=np.float32)
    >>> Direct().similarity(embeddings, np.array([0, 0]), np.array([1, 2]))
    array([0., 1.], dtype=float32)
    """

    def __init__(self, metric: Metric = "cosine") -> None:
        self.metric = metric

    def similarity(
        self, embeddings: Embeddings, first: NDArray[np.int64], second: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """How alike pairs are, shape (pairs,)."""
        # near 1, a cosine of single precision leaves an angle of 5e-4
        points = embeddings.astype(np.float64) if self.metric == "euclidean" else unit(embeddings)
        blocks = [slice(start, start + BLOCK) for start in range(0, len(first), BLOCK)]
        parts = [self._compare(points[first[block]], points[second[block]]) for block in blocks]
        return np.concatenate([np.empty(0), *parts]).astype(np.float32)

    def _compare(self, one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.metric == "euclidean":
            return -np.linalg.norm(one - other, axis=1)
        cosine = np.clip(np.einsum("ij,ij->i", one, other), -1, 1)
        return cosine if self.metric == "cosine" else -np.arccos(cosine)
