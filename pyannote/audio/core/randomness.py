"""Randomness by position: what is drawn depends on where, never on what was drawn before."""

from __future__ import annotations

import numpy as np


def generator(*position: int) -> np.random.Generator:
    """Random numbers that belong to one position.

    Resuming a training, or sharing it between processes, then cannot change what is drawn.

    Parameters
    ----------
    *position : int
        Non-negative integers, such as seed, epoch and index of a batch.

    Returns
    -------
    numpy.random.Generator
        A counter-based (Philox) generator; equal positions give equal streams.

    Examples
    --------
    >>> bool(generator(0, 3, 7).random() == generator(0, 3, 7).random())
    True
    >>> bool(generator(0, 3, 7).random() == generator(0, 7, 3).random())
    False
    """
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(position)))


def torch_seed(*position: int) -> int:
    """Seed of torch's own generator (dropout, initial weights) at one position.

    Examples
    --------
    >>> torch_seed(0, 1) == torch_seed(0, 1), torch_seed(0, 1) == torch_seed(0, 2)
    (True, False)
    """
    return int(generator(*position).integers(2**63))
