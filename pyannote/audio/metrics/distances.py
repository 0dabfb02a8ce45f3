"""Distances of embeddings: cosine, Euclidean, angular.

For vectors x and y at the angle phi, and the chord c = abs(x / abs(x) - y / abs(y)):

    cosine     1 - cos(phi) = c^2 / 2
    euclidean  abs(x - y)
    angular    phi = 2 arcsin(c / 2)
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.distance import pdist

from pyannote.audio.core.errors import DataError
from pyannote.audio.metrics.decisions import FloatArray

Metric = Literal["cosine", "euclidean", "angular"]


def distances(embeddings: ArrayLike, metric: Metric = "cosine") -> FloatArray:
    """Distance of each pair, in the order of the condensed form of SciPy.

    Parameters
    ----------
    embeddings : float array, shape (turns, dimension)
    metric : {"cosine", "euclidean", "angular"}
        1 minus the cosine, from 0 to 2; length of the difference; angle in radians, from 0 to pi. A vector of
        zeros has no direction: its angle to all others is pi / 2.

    Returns
    -------
    distances : float array, shape (turns * (turns - 1) / 2,)
        2,000 turns take 16 MB, 4,000 turns 64 MB.

    Raises
    ------
    DataError
        If an embedding is NaN or infinite, or the metric is unknown.

    Examples
    --------
    >>> distances([[1, 0], [0, 2], [0, 0]], "angular").round(2).tolist()
    [1.57, 1.57, 1.57]
    """
    points = np.asarray(embeddings, np.float64)
    invalid = np.flatnonzero(~np.isfinite(points).all(1))
    if invalid.size:
        raise DataError(
            f"{invalid.size} of {len(points)} embeddings are NaN or infinite, "
            f"first that of turn {invalid[0] + 1}.",
            fix="Look for silent or damaged files, or a training that diverged.",
        )
    if metric == "euclidean":
        return pdist(points)
    if metric not in ("cosine", "angular"):
        raise DataError(f"Unknown metric {metric!r}.", fix="Choose cosine, euclidean or angular.")
    # Chords of the unit circle are accurate for small angles, where the cosine is rounded to 1.
    norms = np.linalg.norm(points, axis=1, keepdims=True)
    chords = pdist(points / np.where(norms > 0, norms, 1.0)).clip(0, 2)
    if not norms.all():
        first, second = np.triu_indices(len(points), 1)
        chords[np.minimum(norms[first], norms[second]).ravel() == 0] = np.sqrt(2)
    return chords**2 / 2 if metric == "cosine" else 2 * np.arcsin(chords / 2)
