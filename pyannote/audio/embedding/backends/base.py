"""What every way to compare embeddings has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Metric = Literal["cosine", "euclidean", "angular"]

Embeddings = NDArray[np.float32]
"""Array of shape (embeddings, dimension)."""


class Backend(ABC):
    """Compares embeddings, after it has seen those of the training speakers, if it needs them."""

    needs_training: bool = False
    """Whether it must see embeddings of training speakers before it compares any."""

    metric: Metric = "cosine"
    """Distance that transformed embeddings are to be compared with, for clustering."""

    def fit(self, embeddings: Embeddings, speakers: NDArray[np.int64]) -> None:  # noqa: B027
        """Learn from the embeddings of training speakers.

        Parameters
        ----------
        embeddings : float32, shape (embeddings, dimension)
        speakers : int64, shape (embeddings,)
            Index of the speaker of each.
        """

    def state(self) -> dict[str, NDArray[np.float32]]:
        """What was learned, by name."""
        return {}

    def load(self, state: Mapping[str, NDArray[np.float32]]) -> None:  # noqa: B027
        """Take what was learned before.

        Raises
        ------
        KeyError
            If something is missing.
        """

    def transform(self, embeddings: Embeddings) -> Embeddings:
        """Map embeddings to where they are compared, shape (embeddings, dimension)."""
        return embeddings

    @abstractmethod
    def similarity(
        self, embeddings: Embeddings, first: NDArray[np.int64], second: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """How alike pairs of transformed embeddings are.

        Parameters
        ----------
        embeddings : float32, shape (embeddings, dimension)
            What `transform` gave.
        first, second : int64, shape (pairs,)
            Both sides of each pair, as indices of `embeddings`.

        Returns
        -------
        float32, shape (pairs,)
            The higher, the more alike.
        """


def unit(rows: NDArray[np.floating]) -> NDArray[np.float64]:
    """Rows scaled to length 1, in double precision, same shape; a row of zeros stays one.

    Examples
    --------
    >>> unit(np.array([[3, 4], [0, 0]], dtype=np.float32))
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    values = rows.astype(np.float64)
    norms = np.linalg.norm(values, axis=1, keepdims=True)
    scaled: NDArray[np.float64] = values / np.where(norms > 0, norms, 1)
    return scaled
