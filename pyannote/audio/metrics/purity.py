"""Purity and coverage of a clustering of speech turns.

With d(c, s) seconds of speaker s in cluster c, and D seconds in total:

    purity   = sum over c of max over s of d(c, s) / D
    coverage = sum over s of max over c of d(c, s) / D
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from pyannote.audio.core.errors import DataError
from pyannote.audio.metrics.decisions import FloatArray


def purity(clusters: ArrayLike, speakers: ArrayLike, durations: ArrayLike) -> float:
    """Fraction of the speech that belongs to the main speaker of its cluster.

    Parameters
    ----------
    clusters, speakers : array, shape (turns,)
        Numbers or names.
    durations : float array, shape (turns,)
        In seconds, above 0.

    Returns
    -------
    purity : float
        Above 0, at most 1.

    Raises
    ------
    DataError
        If shapes do not fit, there is no turn, or a duration is not above 0.

    References
    ----------
    M. Cettolo: Segmentation, classification and clustering of an Italian broadcast news corpus. RIAO 2000.

    Examples
    --------
    >>> purity([0, 0, 0, 1], ["a", "a", "b", "b"], [1, 2, 1, 4])
    0.875
    """
    table = speech_table(clusters, speakers, durations)
    return float(table.max(1).sum() / table.sum())


def coverage(clusters: ArrayLike, speakers: ArrayLike, durations: ArrayLike) -> float:
    """Fraction of the speech that lies in the main cluster of its speaker.

    Arrays of shape (turns,), see `purity`.

    Examples
    --------
    >>> coverage([0, 0, 0, 1], ["a", "a", "b", "b"], [1, 2, 1, 4])
    0.875
    """
    return purity(speakers, clusters, durations)


def speech_table(clusters: ArrayLike, speakers: ArrayLike, durations: ArrayLike) -> FloatArray:
    """Seconds of each speaker in each cluster, shape (clusters, speakers); see `purity`.

    Examples
    --------
    >>> speech_table([0, 0, 0, 1], ["a", "a", "b", "b"], [1, 2, 1, 4]).tolist()
    [[3.0, 1.0], [0.0, 4.0]]
    """
    lengths = np.asarray(durations, np.float64)
    columns = [np.asarray(names) for names in (clusters, speakers)]
    if lengths.ndim != 1 or not lengths.size or any(names.shape != lengths.shape for names in columns):
        shapes = ", ".join(str(np.shape(array)) for array in (*columns, lengths))
        raise DataError(
            f"Found clusters, speakers and durations of shapes {shapes}.",
            fix="Give one of each for every turn, and at least one turn.",
        )
    if not ((lengths > 0) & (lengths < np.inf)).all():
        raise DataError(
            "The duration of a turn is zero, negative, or not finite.",
            fix="Give durations in seconds, above 0.",
        )
    (rows, row), (names, column) = (np.unique(each, return_inverse=True) for each in columns)
    table = np.zeros((len(rows), len(names)))
    np.add.at(table, (row, column), lengths)
    return table
