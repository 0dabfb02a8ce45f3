"""Trials between speech turns, for protocols that list no trials."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pyannote.audio.core.counted import counted
from pyannote.audio.core.errors import DataError

IntArray = NDArray[np.int64]


class Pairs(NamedTuple):
    """Trials between turns.

    Attributes
    ----------
    first, second : int array, shape (trials,)
        Positions of both turns, the first below the second.
    targets : bool array, shape (trials,)
        True if both are of the same speaker.

    Examples
    --------
    >>> Pairs(np.array([0]), np.array([1]), np.array([True])).targets.tolist()
    [True]
    """

    first: IntArray
    second: IntArray
    targets: NDArray[np.bool_]


def all_pairs(speakers: ArrayLike, files: ArrayLike, limit: int = 100_000, seed: int = 0) -> Pairs:
    """Trials between all turns of different files.

    Turns of one file share room and microphone, which would make the comparison easier. These trials replace
    the clustering within files where each file has one speaker only.

    Parameters
    ----------
    speakers, files : array, shape (turns,)
        Numbers or names.
    limit : int
        Largest number of trials. If there are more pairs, a random sample of this size is taken, half of it
        of the same speaker as far as there are enough.
    seed : int
        Seed of the sample.

    Raises
    ------
    DataError
        If shapes differ, or there is no pair.

    Examples
    --------
    >>> pairs = all_pairs(["a", "a", "b", "a"], [1, 1, 2, 3])
    >>> pairs.first.tolist(), pairs.second.tolist(), pairs.targets.tolist()
    ([0, 1, 0, 1, 2], [3, 3, 2, 2, 3], [True, True, False, False, False])
    """
    speaker, file = np.asarray(speakers), np.asarray(files)
    if speaker.shape != file.shape or speaker.ndim != 1:
        raise DataError(
            f"Found speakers of shape {speaker.shape} and files of shape {file.shape}.",
            fix="Give one of each for every turn.",
        )
    turns = np.stack([np.unique(names, return_inverse=True)[1] for names in (speaker, file)])
    counts = np.array(
        [[len(_partners(turns, row, same)) for row in range(turns.shape[1])] for same in (True, False)]
    )
    same, different = (int(kind.sum()) for kind in counts)
    if not same + different:
        count = counted(turns.shape[1], "turn is", "turns are")
        raise DataError(
            f"{count} of one file; trials need turns of different files.",
            fix="Give turns of several files.",
        )
    targets = min(same, max(limit // 2, limit - different))
    nontargets = min(different, limit - targets)
    rng = np.random.default_rng(seed)
    drawn = [
        _draw(turns, kind, wanted, same, rng)
        for kind, wanted, same in ((counts[0], targets, True), (counts[1], nontargets, False))
    ]
    first, second = np.concatenate(drawn, axis=1)
    return Pairs(first, second, np.arange(len(first)) < targets)


def _partners(turns: IntArray, row: int, same: bool) -> IntArray:
    """Later turns of other files, of the same speaker or of different ones."""
    speakers, files = turns[:, row + 1 :]
    wanted = (files != turns[1, row]) & ((speakers == turns[0, row]) == same)
    return row + 1 + np.flatnonzero(wanted)


def _draw(turns: IntArray, counts: IntArray, wanted: int, same: bool, rng: np.random.Generator) -> IntArray:
    """Draw pairs uniformly without replacement; counts (turns,) -> pairs (2, wanted)."""
    cumulative = counts.cumsum()
    ranks = np.sort(rng.choice(int(cumulative[-1]), wanted, replace=False, shuffle=False))
    first = np.searchsorted(cumulative, ranks, side="right")
    second = np.empty(wanted, np.int64)
    # The ranks of the pairs of one turn are consecutive, so that its partners are computed once.
    rows, starts = np.unique(first, return_index=True)
    for row, start, stop in zip(rows, starts, np.append(starts, wanted)[1:], strict=True):
        second[start:stop] = _partners(turns, row, same)[ranks[start:stop] - (cumulative[row] - counts[row])]
    return np.stack([first, second])
