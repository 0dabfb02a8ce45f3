"""Long-term features: one vector for a whole recording."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pyannote.audio.features.base import Features
from pyannote.audio.io.arrays import release

PIECE = 65536
"""Frames that are read at once."""


def long_term_average(features: Features) -> npt.NDArray[np.float32]:
    """Average features over time.

    Applied to a log-mel spectrogram, this is the long-term input of the network of Jeong et al.

    Parameters
    ----------
    features : float32, shape (frames, dimension)
        Features of a whole recording, at least one frame.

    Returns
    -------
    average : float32, shape (dimension,)

    References
    ----------
    Jeong, Lee, Han and Lee, "Audio event detection using multiple-input convolutional neural network",
    DCASE 2017.

    Examples
    --------
    >>> long_term_average(np.array([[1, 2], [3, 6]], dtype=np.float32))
    array([2., 4.], dtype=float32)
    """
    total = np.zeros(features.shape[1])
    for first in range(0, len(features), PIECE):
        total += features[first : first + PIECE].sum(axis=0, dtype=np.float64)
        release(features)
    return (total / len(features)).astype(np.float32)
