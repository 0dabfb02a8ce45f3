"""Randomness by position: what is drawn depends on where, never on what was drawn before."""

from __future__ import annotations

from hashlib import sha256

import numpy as np


def generator(*position: int) -> np.random.Generator:
    """Random numbers that belong to one position.

    Resuming a training, or sharing it between processes, then cannot change what is drawn.

    Parameters
    ----------
    *position : int
        Integers, such as seed, epoch and index of a batch.

    Returns
    -------
    numpy.random.Generator
        A counter-based (Philox) generator; equal positions give equal streams, others independent ones.

    Examples
    --------
    >>> bool(generator(0, 3, 7).random() == generator(0, 3, 7).random())
    True
    >>> bool(generator(0, 3, 7).random() == generator(0, 7, 3).random())
    False
    """
    # a SeedSequence takes (1, 2) and (1, 2, 0) for the same
    key = sha256(repr(tuple(map(int, position))).encode()).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(key[:16], "big")))


def torch_seed(*position: int) -> int:
    """Seed of torch's own generator (dropout, initial weights) at one position.

    Examples
    --------
    >>> torch_seed(0, 1) == torch_seed(0, 1), torch_seed(0, 1) == torch_seed(0, 2)
    (True, False)
    """
    return int(generator(*position).integers(2**63))
