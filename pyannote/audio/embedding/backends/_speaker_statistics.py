"""Means and covariances of the embeddings of training speakers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.core.errors import DataError

Values = NDArray[np.float64]

SMALLEST = 1e-10
"""Mean variance that is assumed where all embeddings of each speaker are equal."""


class SpeakerStatistics(NamedTuple):
    """Means and covariances of embeddings with known speakers.

    Attributes
    ----------
    means : float64, shape (speakers, dimension)
        Mean of the embeddings of each speaker.
    speakers : int64, shape (embeddings,)
        Row of `means` of each embedding.
    counts : int64, shape (speakers,)
        Number of embeddings of each speaker.
    within : float64, shape (dimension, dimension)
        Covariance within speakers, without bias; of speakers with at least two embeddings.

    Examples
    --------
    >>> found = speaker_statistics(np.array([[0.0], [2.0], [4.0]]), np.array([7, 7, 9]))
    >>> found.means.tolist(), found.counts.tolist(), found.within.tolist()
    ([[1.0], [4.0]], [2, 1], [[2.0]])
    """

    means: Values
    speakers: NDArray[np.int64]
    counts: NDArray[np.int64]
    within: Values

    def between(self) -> Values:
        """Covariance between speakers, shape (dimension, dimension), without bias.

        (S - W) / n, with the scatter S = sum_i n_i (m_i - m) (m_i - m)^T / (k - 1) of the means m_i of k
        speakers with n_i embeddings each, the covariance W within speakers, and
        n = (N - sum_i n_i^2 / N) / (k - 1) with N = sum_i n_i. It may have negative eigenvalues. It is zero
        for a single speaker.

        References
        ----------
        Searle, Casella and McCulloch, "Variance Components", Wiley 1992, section 3.6: the estimate from the
        analysis of variance of unbalanced data.

        Examples
        --------
        >>> speaker_statistics(np.array([[0.0], [2.0], [4.0], [6.0]]), np.array([0, 0, 1, 1])).between()
        array([[7.]])
        """
        counts = self.counts.astype(np.float64)
        total, speakers = counts.sum(), len(counts)
        if speakers < 2:
            return np.zeros_like(self.within)
        centred = self.means - counts @ self.means / total
        scatter = (centred.T * counts) @ centred / (speakers - 1)
        size = (total - (counts**2).sum() / total) / (speakers - 1)
        between: Values = (scatter - self.within) / size
        return between


def speaker_statistics(values: Values, speakers: NDArray[np.int64]) -> SpeakerStatistics:
    """Means and covariance within speakers.

    Parameters
    ----------
    values : float64, shape (embeddings, dimension)
    speakers : int64, shape (embeddings,)
        Index of the speaker of each embedding.

    Raises
    ------
    DataError
        If no speaker has two embeddings.

    Examples
    --------
    >>> speaker_statistics(np.array([[0.0], [2.0]]), np.array([0, 1]))
    Traceback (most recent call last):
    pyannote.audio.core.errors.DataError: No training speaker has two turns, which the covariance ...
    """
    _, rows, counts = np.unique(speakers, return_inverse=True, return_counts=True)
    several = counts[rows] > 1
    if not several.any():
        raise DataError(
            "No training speaker has two turns, which the covariance within speakers needs.",
            fix="Remove `backend:` from config.yml, or train on more recordings.",
        )
    means = sums(values, rows, len(counts)) / counts[:, None]
    deviations = (values - means[rows])[several]
    within = deviations.T @ deviations / (several.sum() - (counts > 1).sum())
    return SpeakerStatistics(means, rows, counts, within)


def sums(values: Values, rows: NDArray[np.int64], count: int) -> Values:
    """Sum of the values of each speaker, shape (count, dimension).

    Parameters
    ----------
    values : float64, shape (embeddings, dimension)
    rows : int64, shape (embeddings,)
        Row of the result that each of them is added to.
    count : int
        Rows of the result.

    Examples
    --------
    >>> sums(np.array([[1.0], [2.0], [4.0]]), np.array([0, 0, 1]), 2).tolist()
    [[3.0], [4.0]]
    """
    total = np.zeros((count, values.shape[1]))
    np.add.at(total, rows, values)
    return total


def shrunk(covariance: Values, shrinkage: float) -> Values:
    """(1 - shrinkage) C + shrinkage trace(C) / D I of a covariance C of shape (D, D).

    Examples
    --------
    >>> shrunk(np.diag([1.0, 3.0]), 0.5)
    array([[1.5, 0. ],
           [0. , 2.5]])
    """
    level = max(float(np.trace(covariance)) / len(covariance), SMALLEST)
    mixed: Values = (1 - shrinkage) * covariance + shrinkage * level * np.eye(len(covariance))
    return mixed


def whitening(covariance: Values) -> Values:
    """Matrix P with P P^T = C^-1 for a covariance C; both have the shape (D, D).

    Variances below a millionth of the mean one count as that.

    Examples
    --------
    >>> whitening(np.diag([4.0, 1.0])).round(3)
    array([[0. , 0.5],
           [1. , 0. ]])
    """
    level = max(float(np.trace(covariance)) / len(covariance), SMALLEST)
    eigenvalues, directions = np.linalg.eigh(covariance)
    matrix: Values = directions / np.sqrt(np.maximum(eigenvalues, 1e-6 * level))
    return matrix
