"""Split of recordings into two parts, so that every class occurs in both in the right proportion."""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping, Sequence

import numpy as np

_RESTARTS = 10
_SWAPS = 10_000

# Training without a class is worse than evaluation without it, which is worse than any imbalance.
_MISSING_FROM_TRAINING = 1e6
_MISSING_FROM_EVALUATION = 1e3


def hold_out(
    durations: Mapping[str, Mapping[str, float]],
    share: float,
    *,
    seed: int = 0,
    inside: Container[str] = (),
    outside: Container[str] = (),
) -> tuple[list[str], list[str]]:
    """Split recordings into two parts, so that every class occurs in both in the right proportion.

    Minimizes, over all choices of n = round(share N) of N recordings, the sum of (s_c - n / N)^2 over classes
    c, where s_c is the share of the duration of the class that is held out, plus 10^6 for each class without
    training data and 10^3 for each without held-out data. Pairs of recordings are swapped between the two
    parts as long as the cost decreases (steepest descent), from ten random starts.

    Parameters
    ----------
    durations : mapping of str to mapping of str to float
        Duration of each class in each recording, in seconds.
    share : float
        Share of the recordings to hold out, in (0, 1); at least one is held out, and at least one is not.
    seed : int, optional
        The same recordings, share and seed give the same split.
    inside, outside : container of str, optional
        Recordings that are held out, and that are not, whatever they contain; the others are split.

    Returns
    -------
    remaining, held_out : list of str, shapes (N - n,) and (n,)
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
        raise ValueError("A split needs at least two recordings.")
    names = sorted(durations)
    shares = _class_shares(durations, names)
    fixed = np.array([(name in inside) - (name in outside) for name in names])
    size = min(max(1, round(share * len(names))), len(names) - 1)
    size = min(max(size, int((fixed > 0).sum())), len(names) - int((fixed < 0).sum()))
    generator = np.random.default_rng(seed)
    minima = [_descend(shares, size, fixed, generator) for _ in range(_RESTARTS)]
    best = min(minima, key=lambda mask: _cost(shares[mask].sum(axis=0), size / len(names)))
    held_out = {name for name, out in zip(names, best, strict=True) if out}
    return [name for name in durations if name not in held_out], [
        name for name in durations if name in held_out
    ]


def hold_out_group(
    durations: Mapping[str, Mapping[str, float]], groups: Sequence[Collection[str]]
) -> tuple[list[str], list[str]] | None:
    """Hold out one of several groups of recordings, such as those of one place; None if none can be.

    It is the group that leaves the fewest classes without training data; of these, the one that lacks the
    fewest classes itself; of equal ones the first.

    Parameters
    ----------
    durations : mapping of str to mapping of str to float
        Duration of each class in each recording, in seconds.
    groups : sequence of collection of str, shape (groups,)
        Names of recordings; others than those of `durations` are ignored.

    Returns
    -------
    remaining, held_out : list of str, optional
        Recordings of the two parts, at least one each, in the order of `durations`.

    Examples
    --------
    >>> durations = {"a": {"car": 9}, "b": {"car": 1, "dog": 2}, "c": {"dog": 1, "car": 1}}
    >>> hold_out_group(durations, [["a"], ["b", "x"], ["c"]])
    (['a', 'c'], ['b'])
    """
    splits = [
        ([name for name in durations if name not in group], [name for name in durations if name in group])
        for group in groups
    ]
    classes = _classes(durations, durations)

    def missing(parts: tuple[list[str], list[str]]) -> tuple[int, int]:
        untrained, unmeasured = (len(classes - _classes(durations, part)) for part in parts)
        return untrained, unmeasured

    return min((parts for parts in splits if all(parts)), key=missing, default=None)


def _classes(durations: Mapping[str, Mapping[str, float]], names: Collection[str]) -> set[str]:
    return {label for name in names for label, seconds in durations[name].items() if seconds > 0}


def _class_shares(durations: Mapping[str, Mapping[str, float]], names: Sequence[str]) -> np.ndarray:
    """Share of the total duration of each class in each recording, shape (recordings, classes)."""
    classes = sorted({label for seconds in durations.values() for label, s in seconds.items() if s > 0})
    seconds = np.array([[durations[name].get(label, 0.0) for label in classes] for name in names])
    return seconds / seconds.sum(axis=0)


def _cost(held_out: np.ndarray, share: float) -> np.ndarray:
    """Cost of holding out the given shares of the classes, shape (..., classes) (see `hold_out`)."""
    tiny = 1e-9
    untrained = (held_out > 1 - tiny).sum(axis=-1)
    unmeasured = (held_out < tiny).sum(axis=-1)
    penalty = _MISSING_FROM_TRAINING * untrained + _MISSING_FROM_EVALUATION * unmeasured
    return penalty + ((held_out - share) ** 2).sum(axis=-1)


def _descend(shares: np.ndarray, size: int, fixed: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Local minimum of the cost from a random choice of `size` rows; no swap of two rows improves it.

    Rows where `fixed` is 1 are always chosen, those where it is -1 never.
    """
    mask = fixed > 0
    free = np.flatnonzero(fixed == 0)
    mask[generator.permutation(free)[: size - int(mask.sum())]] = True
    cost = _cost(shares[mask].sum(axis=0), size / len(shares))
    while True:
        swaps = _swaps(mask, fixed == 0, generator)
        if not len(swaps):
            return mask
        held_out = shares[mask].sum(axis=0) - shares[swaps[:, 0]] + shares[swaps[:, 1]]
        costs = _cost(held_out, size / len(shares))
        best = int(costs.argmin())
        if costs[best] >= cost - 1e-12:
            return mask
        mask[swaps[best]] = [False, True]
        cost = costs[best]


def _swaps(mask: np.ndarray, free: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Pairs (row inside, row outside) to try, shape (pairs, 2): all of them, or a random sample."""
    inside, outside = np.flatnonzero(mask & free), np.flatnonzero(~mask & free)
    if len(inside) * len(outside) <= _SWAPS:
        return np.stack(np.meshgrid(inside, outside), axis=-1).reshape(-1, 2)
    return np.stack([generator.choice(inside, _SWAPS), generator.choice(outside, _SWAPS)], axis=-1)
