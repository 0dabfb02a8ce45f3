"""Which recordings to hold out, so that every class is heard on both sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

_RESTARTS = 10
_SWAPS = 10_000

# A class that cannot be learned is worse than one that cannot be measured, which is worse than any imbalance.
_UNLEARNED = 1e6
_UNHEARD = 1e3


def hold_out(
    durations: Mapping[str, Mapping[str, float]], share: float, *, seed: int = 0
) -> tuple[list[str], list[str]]:
    """Split recordings in two, so that every class occurs in both parts and in the right proportion.

    Swaps pairs of recordings between the two parts for as long as that brings the share of each class that is
    held out closer to `share`, from several random starts, and takes the best end. A class that occurs in one
    recording only stays in the first part.

    Parameters
    ----------
    durations : mapping of str to mapping of str to float
        For each recording, the seconds of each of its classes.
    share : float
        Rank of the recordings to hold out, between 0 and 1. One at least is held out, and one at least kept.
    seed : int, optional
        The same recordings, share and seed give the same split.

    Returns
    -------
    kept, held_out : list of str
        Recordings of the two parts, in the order of `durations`.

    Raises
    ------
    ValueError
        If there are fewer than two recordings.

    Examples
    --------
    >>> hold_out({"a": {"car": 9}, "b": {"car": 1}, "c": {"dog": 1}, "d": {"car": 3, "dog": 3}}, 0.25)
    (['a', 'b', 'c'], ['d'])
    """
    if len(durations) < 2:
        raise ValueError("One recording cannot be split in two.")
    names = sorted(durations)
    seconds = _shares(durations, names)
    size = min(max(1, round(share * len(names))), len(names) - 1)
    generator = np.random.default_rng(seed)
    ends = [_descend(seconds, size, generator) for _ in range(_RESTARTS)]
    best = min(ends, key=lambda mask: _cost(seconds[mask].sum(axis=0), size / len(names)))
    held_out = {name for name, out in zip(names, best, strict=True) if out}
    return [name for name in durations if name not in held_out], [
        name for name in durations if name in held_out
    ]


def _shares(durations: Mapping[str, Mapping[str, float]], names: Sequence[str]) -> np.ndarray:
    """Share of each class's whole duration that each recording holds, recordings x classes."""
    classes = sorted({label for seconds in durations.values() for label, s in seconds.items() if s > 0})
    seconds = np.array([[durations[name].get(label, 0.0) for label in classes] for name in names])
    return seconds / seconds.sum(axis=0)


def _cost(held_out: np.ndarray, share: float) -> np.ndarray:
    """How far `held_out` (... x classes), the shares of the classes that are held out, are from `share`."""
    tiny = 1e-9
    unlearned = (held_out > 1 - tiny).sum(axis=-1)
    unheard = (held_out < tiny).sum(axis=-1)
    return _UNLEARNED * unlearned + _UNHEARD * unheard + ((held_out - share) ** 2).sum(axis=-1)


def _descend(seconds: np.ndarray, size: int, generator: np.random.Generator) -> np.ndarray:
    """Go from a random choice of `size` rows to one that no swap of two rows betters."""
    mask = np.zeros(len(seconds), dtype=bool)
    mask[generator.permutation(len(seconds))[:size]] = True
    cost = _cost(seconds[mask].sum(axis=0), size / len(seconds))
    while True:
        swaps = _swaps(mask, generator)
        held_out = seconds[mask].sum(axis=0) - seconds[swaps[:, 0]] + seconds[swaps[:, 1]]
        costs = _cost(held_out, size / len(seconds))
        best = int(costs.argmin())
        if costs[best] >= cost - 1e-12:
            return mask
        mask[swaps[best]] = [False, True]
        cost = costs[best]


def _swaps(mask: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Pairs (row inside, row outside) to try: all of them where they are few."""
    inside, outside = np.flatnonzero(mask), np.flatnonzero(~mask)
    if len(inside) * len(outside) <= _SWAPS:
        return np.stack(np.meshgrid(inside, outside), axis=-1).reshape(-1, 2)
    return np.stack([generator.choice(inside, _SWAPS), generator.choice(outside, _SWAPS)], axis=-1)
