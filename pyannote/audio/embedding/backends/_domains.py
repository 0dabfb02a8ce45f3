"""Domains of training speakers, such as kinds of recordings, found by clustering, and their centres."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist

from pyannote.audio.embedding.backends._speaker_statistics import sums
from pyannote.audio.embedding.backends.base import unit

Values = NDArray[np.float64]

FEWEST = 5
"""Speakers that a domain needs: the mean of fewer would be that of persons rather than of a domain."""


def domains_of(values: Values, speakers: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Domain of each embedding, which is that of its speaker.

    The mean directions of the speakers are clustered by Ward's criterion, which needs no random start.

    Parameters
    ----------
    values : float64, shape (embeddings, dimension)
    speakers : int64, shape (embeddings,)
        Index of the speaker of each embedding.
    count : int
        Number of domains, at least 1.

    Returns
    -------
    int64, shape (embeddings,)
        From 0. There are fewer domains if one would have less than `FEWEST` speakers.

    References
    ----------
    Ward, "Hierarchical Grouping to Optimize an Objective Function", JASA 58(301), 1963.

    Examples
    --------
    >>> values = np.repeat([[0.0, 1.0], [1.0, 0.0]], 5, axis=0)
    >>> domains_of(values, np.arange(10), count=2).tolist()
    [0, 0, 0, 0, 0, 1, 1, 1, 1, 1]
    >>> domains_of(values[:9], np.arange(9), count=2).tolist()
    [0, 0, 0, 0, 0, 0, 0, 0, 0]
    """
    _, rows, counts = np.unique(speakers, return_inverse=True, return_counts=True)
    if count > 1 and len(counts) >= count * FEWEST:
        tree = linkage(pdist(unit(sums(values, rows, len(counts)))), method="ward")
        for clusters in range(count, 1, -1):
            found: NDArray[np.int64] = fcluster(tree, clusters, criterion="maxclust").astype(np.int64) - 1
            if np.bincount(found).min() >= FEWEST:
                return found[rows]
    return np.zeros(len(rows), dtype=np.int64)


def domain_centers(values: Values, speakers: NDArray[np.int64], count: int) -> Values:
    """Mean of the embeddings of each domain, shape (domains, dimension); see `domains_of`.

    Parameters
    ----------
    values : float64, shape (embeddings, dimension)
    speakers : int64, shape (embeddings,)
        Index of the speaker of each embedding.
    count : int
        Number of domains, at least 1.

    Examples
    --------
    >>> values = np.repeat([[0.0, 1.0], [1.0, 0.0]], 5, axis=0)
    >>> domain_centers(values, np.arange(10), count=2).tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    >>> domain_centers(values, np.arange(10), count=1).tolist()
    [[0.5, 0.5]]
    """
    rows = domains_of(values, speakers, count)
    sizes = np.bincount(rows)
    centers: Values = sums(values, rows, len(sizes)) / sizes[:, None]
    return centers


def centred(values: Values, centers: Values) -> Values:
    """Embeddings less the nearest centre.

    Parameters
    ----------
    values : float64, shape (embeddings, dimension)
    centers : float64, shape (domains, dimension)

    Returns
    -------
    float64, shape (embeddings, dimension)

    Examples
    --------
    >>> centred(np.array([[1.0], [9.0]]), np.array([[0.0], [10.0]])).tolist()
    [[1.0], [-1.0]]
    """
    if len(centers) == 1:
        return values - centers[0]
    # |v - c|^2 = |v|^2 - 2 v . c + |c|^2, of which the first term is the same for all centres
    distances = (centers**2).sum(axis=1) - 2 * values @ centers.T
    return values - centers[distances.argmin(axis=1)]
