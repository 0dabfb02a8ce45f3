"""Embeddings as the network gives them, compared by their distance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.embedding.backends.base import Base, Embeddings, Metric, cosine

BLOCK = 1 << 16
"""Pairs that are compared at once, which bounds the memory that millions of trials need."""


class Direct(Base):
    """Compare by cosine, by minus the euclidean distance, or by minus the angle in radians.

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
        blocks = [slice(start, start + BLOCK) for start in range(0, len(first), BLOCK)]
        parts = [self._compare(embeddings[first[block]], embeddings[second[block]]) for block in blocks]
        return np.concatenate([np.empty(0, dtype=np.float32), *parts])

    def _compare(self, one: Embeddings, other: Embeddings) -> NDArray[np.float32]:
        if self.metric == "euclidean":
            distance: NDArray[np.float32] = np.linalg.norm(one - other, axis=1)
            return -distance
        alike = cosine(one, other)
        return alike if self.metric == "cosine" else -np.arccos(alike)
