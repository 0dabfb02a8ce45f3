"""Averages of features: of one recording over time, and mean and deviation of all frames of many.

For frames x[1], ..., x[n]:

    mean       m = sum over i of x[i] / n
    deviation  s = sqrt(sum over i of (x[i] - m)^2 / n)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.features.frames import Features
from pyannote.audio.io.arrays import release

if TYPE_CHECKING:
    from torch import Tensor

PIECE = 65536
"""Number of frames that are read at once."""


def long_term_average(features: Features) -> NDArray[np.float32]:
    """Average features over time.

    Applied to a log-mel spectrogram, it is the long-term input of the network of Jeong et al.

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


def mean_and_deviation(data: NDArray[np.float32], block: int = 1 << 16) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each column, summed in double precision block by block.

    Networks normalise their inputs by them.

    Parameters
    ----------
    data : float32, shape (frames, dimension)
        At least one frame.
    block : int
        Number of frames that are converted to double precision at once.

    Returns
    -------
    mean, deviation : Tensor of float32, each of shape (dimension,)

    Examples
    --------
    >>> mean, deviation = mean_and_deviation(np.array([[1.0], [3.0]], dtype=np.float32))
    >>> mean.item(), deviation.item()
    (2.0, 1.0)
    """
    import torch

    blocks = [data[start : start + block] for start in range(0, len(data), block)]
    mean = np.sum([part.sum(axis=0, dtype=np.float64) for part in blocks], axis=0) / len(data)
    variance = np.sum([((part - mean) ** 2).sum(axis=0) for part in blocks], axis=0) / len(data)
    return torch.from_numpy(mean).float(), torch.from_numpy(np.sqrt(variance)).float()
