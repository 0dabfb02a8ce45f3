"""Back-end that compares embeddings by their distance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.embedding.backends.base import Backend, Embeddings, Metric, unit

BLOCK = 1 << 14
"""Pairs that are compared at once, which bounds the memory for millions of trials."""


class Direct(Backend):
    """Similarity of embeddings x and y without training.

    "cosine": x . y / (|x| |y|), in [-1, 1]; "euclidean": -|x - y|; "angular": minus the angle between x and y
    in radians, in [-pi, 0]. The cosine of an embedding of zeros is 0. Embeddings have the shape (embeddings,
    dimension).

    Parameters
    ----------
    metric : {"cosine", "euclidean", "angular"}
        Distance between embeddings.

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
        """Similarity of pairs, shape (pairs,); see `Backend.similarity`.

        Examples
        --------
        >>> embeddings = np.array([[0, 0], [3, 4]], dtype=np.float32)
        >>> Direct("euclidean").similarity(embeddings, np.array([0]), np.array([1]))
        array([-5.], dtype=float32)
        """
        # in single precision, cosines near 1 have an error of up to 5e-4 radians
        points = embeddings.astype(np.float64) if self.metric == "euclidean" else unit(embeddings)
        blocks = [slice(start, start + BLOCK) for start in range(0, len(first), BLOCK)]
        parts = [self._compare(points[first[block]], points[second[block]]) for block in blocks]
        return np.concatenate([np.empty(0), *parts]).astype(np.float32)

    def _compare(self, left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.metric == "euclidean":
            return -np.linalg.norm(left - right, axis=1)
        cosine = np.clip(np.einsum("ij,ij->i", left, right), -1, 1)
        return cosine if self.metric == "cosine" else -np.arccos(cosine)
