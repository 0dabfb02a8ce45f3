"""Base class of back-ends, which compare embeddings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Metric = Literal["cosine", "euclidean", "angular"]

Embeddings = NDArray[np.float32]
"""Array of shape (embeddings, dimension)."""


class Backend(ABC):
    """Similarity of pairs of embeddings, after training on those of the training speakers if it needs that.

    Embeddings are arrays of float32, shape (embeddings, dimension).

    Examples
    --------
    >>> class Product(Backend):
    ...     def similarity(self, embeddings, first, second):
    ...         return (embeddings[first] * embeddings[second]).sum(axis=1)
    >>> embeddings = np.array([[1, 2], [3, 4]], dtype=np.float32)
    >>> Product().similarity(embeddings, np.array([0]), np.array([1]))
    array([11.], dtype=float32)
    """

    needs_training: bool = False
    """Whether `fit` with embeddings of training speakers must come first."""

    needs_parts: bool = False
    """Whether `fit` takes embeddings of parts of the turns as a third argument."""

    metric: Metric = "cosine"
    """Distance between transformed embeddings, for clustering."""

    def fit(  # noqa: B027
        self, embeddings: Embeddings, speakers: NDArray[np.int64], parts: Embeddings | None = None
    ) -> None:
        """Learn from embeddings of training speakers; by default, nothing.

        Parameters
        ----------
        embeddings : float32, shape (embeddings, dimension)
        speakers : int64, shape (embeddings,)
            Index of the speaker of each embedding.
        parts : float32, shape (embeddings, dimension), optional
            Embedding of a part of each turn, if `needs_parts`.
        """

    def chosen(self) -> dict[str, Any]:
        """Parameters that `fit` has chosen, by name; none by default.

        Examples
        --------
        >>> from pyannote.audio.embedding.backends.direct import Direct
        >>> Direct().chosen()
        {}
        """
        return {}

    def state(self) -> dict[str, NDArray[np.float32]]:
        """Learned arrays, by name, each of its own shape; none by default.

        Examples
        --------
        >>> from pyannote.audio.embedding.backends.direct import Direct
        >>> Direct().state()
        {}
        """
        return {}

    def load(self, state: Mapping[str, NDArray[np.float32]]) -> None:  # noqa: B027
        """Load learned arrays.

        Parameters
        ----------
        state : mapping of str to float32
            Result of `state`: arrays, each of its own shape.

        Raises
        ------
        KeyError
            If an array is missing.

        Examples
        --------
        >>> from pyannote.audio.embedding.backends.direct import Direct
        >>> Direct().load({})
        """

    def transform(self, embeddings: Embeddings) -> Embeddings:
        """Map embeddings to the space in which they are compared; by default, the identity.

        Parameters
        ----------
        embeddings : float32, shape (embeddings, dimension)

        Returns
        -------
        float32, shape (embeddings, dimension)

        Examples
        --------
        >>> from pyannote.audio.embedding.backends.direct import Direct
        >>> Direct().transform(np.ones((1, 3), dtype=np.float32))
        array([[1., 1., 1.]], dtype=float32)
        """
        return embeddings

    @abstractmethod
    def similarity(
        self, embeddings: Embeddings, first: NDArray[np.int64], second: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Similarity of pairs of transformed embeddings.

        Parameters
        ----------
        embeddings : float32, shape (embeddings, dimension)
            Result of `transform`.
        first, second : int64, shape (pairs,)
            Both sides of each pair, as indices of `embeddings`.

        Returns
        -------
        float32, shape (pairs,)
            Higher values mean more similar embeddings.
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
