"""Mean and standard deviation of features, by which networks normalise their inputs."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def mean_and_deviation(data: NDArray[np.float32], block: int = 1 << 16) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each column, summed in double precision block by block.

    Examples
    --------
    >>> mean, deviation = mean_and_deviation(np.array([[1.0], [3.0]], dtype=np.float32))
    >>> mean.item(), deviation.item()
    (2.0, 1.0)
    """
    blocks = [data[start : start + block] for start in range(0, len(data), block)]
    mean = np.sum([part.sum(axis=0, dtype=np.float64) for part in blocks], axis=0) / len(data)
    variance = np.sum([((part - mean) ** 2).sum(axis=0) for part in blocks], axis=0) / len(data)
    return torch.from_numpy(mean).float(), torch.from_numpy(np.sqrt(variance)).float()
