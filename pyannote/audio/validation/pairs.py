"""Trials among speech turns, where a protocol lists none."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pyannote.audio.core.errors import DataError

IntArray = NDArray[np.int64]


class Pairs(NamedTuple):
    """Trials between turns.

    Attributes
    ----------
    first, second : int array, shape (trials,)
        Positions of both turns, the first below the second.
    targets : bool array, shape (trials,)
        Where both are of the same speaker.
    """

    first: IntArray
    second: IntArray
    targets: NDArray[np.bool_]


def all_pairs(speakers: ArrayLike, files: ArrayLike, limit: int = 100_000, seed: int = 0) -> Pairs:
    """Compare all turns of different files with each other.

    Turns of one file share room and microphone, which would help to tell their speakers. Where each file has
    one speaker only, clustering within files says nothing, and these trials say it all.

    Parameters
    ----------
    speakers, files : array, shape (turns,)
        Numbers or names.
    limit : int
        If there are more pairs: so many of them are drawn, half of them of the same speaker, or all of these
        if they are fewer.
    seed : int
        The same seed draws the same pairs.

    Raises
    ------
    DataError
        If shapes do not fit, or there is no pair.

    Examples
    --------
    >>> pairs = all_pairs(["a", "a", "b", "a"], [1, 1, 2, 3])
    >>> pairs.first.tolist(), pairs.second.tolist(), pairs.targets.tolist()
    ([0, 1, 0, 1, 2], [3, 3, 2, 2, 3], [True, True, False, False, False])
    """
    voices, sources = np.asarray(speakers), np.asarray(files)
    if voices.shape != sources.shape or voices.ndim != 1:
        raise DataError(
            f"Found speakers of shape {voices.shape} and files of shape {sources.shape}.",
            fix="Give one of each for every turn.",
        )
    turns = np.stack([np.unique(names, return_inverse=True)[1] for names in (voices, sources)])
    counts = np.array(
        [[len(_partners(turns, row, same)) for row in range(turns.shape[1])] for same in (True, False)]
    )
    same, different = (int(kind.sum()) for kind in counts)
    if not same + different:
        raise DataError(
            f"All {turns.shape[1]} turns are of one file, so that there is nothing to compare.",
            fix="Give turns of several files.",
        )
    targets = min(same, max(limit // 2, limit - different))
    others = min(different, limit - targets)
    rng = np.random.default_rng(seed)
    drawn = [
        _draw(turns, kind, wanted, same, rng)
        for kind, wanted, same in ((counts[0], targets, True), (counts[1], others, False))
    ]
    first, second = np.concatenate(drawn, axis=1)
    return Pairs(first, second, np.arange(len(first)) < targets)


def _partners(turns: IntArray, row: int, same: bool) -> IntArray:
    """Later turns of other files, of the same speaker or of others."""
    speakers, files = turns[:, row + 1 :]
    wanted = (files != turns[1, row]) & ((speakers == turns[0, row]) == same)
    return row + 1 + np.flatnonzero(wanted)


def _draw(turns: IntArray, counts: IntArray, wanted: int, same: bool, rng: np.random.Generator) -> IntArray:
    """Draw pairs without replacement, each as likely as any other; counts (turns,) -> pairs (2, wanted)."""
    ends = counts.cumsum()
    ranks = np.sort(rng.choice(int(ends[-1]), wanted, replace=False, shuffle=False))
    first = np.searchsorted(ends, ranks, side="right")
    second = np.empty(wanted, np.int64)
    # The ranks of one turn's pairs are consecutive, so that its partners are looked up once.
    rows, starts = np.unique(first, return_index=True)
    for row, start, stop in zip(rows, starts, np.append(starts, wanted)[1:], strict=True):
        second[start:stop] = _partners(turns, row, same)[ranks[start:stop] - (ends[row] - counts[row])]
    return np.stack([first, second])
