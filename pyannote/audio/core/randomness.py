"""Random numbers by position (seed, epoch, index), independent of earlier draws."""

from __future__ import annotations

from hashlib import sha256

import numpy as np


def generator(*position: int) -> np.random.Generator:
    """Random generator of one position.

    Random numbers are therefore the same in a training that was resumed, and with any number of processes.

    Parameters
    ----------
    *position : int
        Integers, such as seed, epoch and index of a batch.

    Returns
    -------
    numpy.random.Generator
        A counter-based (Philox) generator; equal positions give equal streams, others independent ones.

    References
    ----------
    J. K. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.

    Examples
    --------
    >>> bool(generator(0, 3, 7).random() == generator(0, 3, 7).random())
    True
    >>> bool(generator(0, 3, 7).random() == generator(0, 7, 3).random())
    False
    """
    # SeedSequence gives (1, 2) and (1, 2, 0) the same stream
    key = sha256(repr(tuple(map(int, position))).encode()).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(key[:16], "big")))


def torch_seed(*position: int) -> int:
    """Seed from 0 to 2^63 - 1 of torch's generator (dropout, initial weights) at one position.

    Parameters
    ----------
    *position : int
        Integers, such as seed and epoch.

    Examples
    --------
    >>> torch_seed(0, 1) == torch_seed(0, 1), torch_seed(0, 1) == torch_seed(0, 2)
    (True, False)
    """
    return int(generator(*position).integers(2**63))
