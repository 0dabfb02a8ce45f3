"""Runs of frames whose scores reach a threshold, for all thresholds at once.

Lowering the threshold makes runs grow and merge, so that each run exists for a range of thresholds. A number
that is a sum over runs changes at both ends of these ranges only: cumulative sums of its changes give it for
all thresholds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class Changes(NamedTuple):
    """Changes of a number while the threshold falls, of shape (changes,).

    Parameters
    ----------
    scores : float array
        Thresholds at which the number changes.
    amounts : int array
        What is added there.

    Examples
    --------
    >>> Changes(np.array([0.5, 0.9, 0.5]), np.array([1, 1, -1])).cumulated()[1].tolist()
    [1, 1]
    """

    scores: Floats
    amounts: Integers

    def cumulated(self) -> tuple[Floats, Integers]:
        """Scores from the highest, each once, and the number at each; shape (cuts,).

        Examples
        --------
        >>> scores, numbers = Changes(np.array([0.5, 0.9]), np.array([-1, 1])).cumulated()
        >>> scores.tolist(), numbers.tolist()
        ([0.9, 0.5], [1, 0])
        """
        order = np.argsort(-self.scores, kind="stable")
        scores, sums = self.scores[order], self.amounts[order].cumsum()
        last = np.append(scores[1:] != scores[:-1], True)[: len(scores)]
        return scores[last], sums[last]


@dataclass
class Tally:
    """Changes of a number, collected from several recordings.

    Parameters
    ----------
    parts : list of Changes

    Examples
    --------
    >>> tally = Tally()
    >>> tally.add(Changes(np.array([0.5]), np.array([1])))
    >>> tally.add(Changes(np.array([0.9]), np.array([1])))
    >>> tally.numbers(np.array([0.5, 0.7, 0.9])).tolist()
    [0, 1, 1, 2]
    """

    parts: list[Changes] = field(default_factory=list)

    def add(self, changes: Changes) -> None:
        """Add the changes of a recording, of shape (changes,).

        Examples
        --------
        >>> tally = Tally()
        >>> tally.add(Changes(np.array([0.5]), np.array([1])))
        >>> tally.joined().scores.tolist()
        [0.5]
        """
        if len(changes.scores):
            self.parts.append(changes)

    def joined(self) -> Changes:
        """All changes, of shape (changes,).

        Examples
        --------
        >>> Tally().joined().scores.shape
        (0,)
        """
        nothing = Changes(np.zeros(0, np.float32), np.zeros(0, np.int8))
        return Changes(*map(np.concatenate, zip(nothing, *self.parts, strict=True)))

    def numbers(self, thresholds: Floats) -> Integers:
        """The number above all scores, where it is 0, and at each threshold from the highest.

        Parameters
        ----------
        thresholds : float array, shape (thresholds,)
            In rising order, with all scores of the changes among them.

        Returns
        -------
        numbers : int array, shape (1 + thresholds,)

        Examples
        --------
        >>> Tally([Changes(np.array([0.5]), np.array([2]))]).numbers(np.array([0.5, 0.9])).tolist()
        [0, 0, 2]
        """
        changes = self.joined()
        places = len(thresholds) - np.searchsorted(thresholds, changes.scores)
        sums = np.bincount(places, weights=changes.amounts, minlength=1 + len(thresholds))
        return sums.astype(np.int64).cumsum()


class Runs(NamedTuple):
    """Runs of frames, arrays of shape (runs,).

    Parameters
    ----------
    first, end : int array
        First frame of each run, and the one after the last.
    top, bottom : float array
        The run exists for thresholds t with bottom < t <= top.

    Examples
    --------
    >>> runs(np.array([0.9, 0.3])).changes(np.array([0]), np.array([1]))
    Changes(scores=array([0.9, 0.3]), amounts=array([ 1, -1]))
    """

    first: Integers
    end: Integers
    top: Floats
    bottom: Floats

    def changes(self, chosen: Integers, amounts: Integers) -> Changes:
        """Changes of a sum over those of some runs that exist.

        Parameters
        ----------
        chosen : int array, shape (chosen,)
            Indices of the runs.
        amounts : int array, shape (chosen,)
            Amount of each.

        Examples
        --------
        >>> runs(np.array([0.5])).changes(np.array([0]), np.array([7])).amounts.tolist()
        [7]
        """
        top, bottom = self.top[chosen], self.bottom[chosen]
        lasting = bottom > -np.inf
        return Changes(np.append(top, bottom[lasting]), np.append(amounts, -amounts[lasting]))


def runs(scores: NDArray[Any]) -> Runs:
    """All runs of frames that any threshold gives, each with its range of thresholds.

    Parameters
    ----------
    scores : float array, shape (frames,)
        Frames of minus infinity belong to no run.

    Examples
    --------
    >>> found = runs(np.array([0.3, 0.9, 0.3, 0.5]))
    >>> found.first.tolist(), found.end.tolist(), found.top.tolist(), found.bottom.tolist()
    ([1, 3, 0], [2, 4, 4], [0.9, 0.5, 0.3], [0.3, 0.3, -inf])
    """
    never = -np.inf
    rows: list[tuple[int, int, float, float]] = []
    # runs that still grow, as first frame and lowest score, in order of both
    growing: list[tuple[int, float]] = [(0, never)]
    for frame, score in enumerate([*scores.tolist(), never]):
        first = frame
        while growing[-1][1] > score:
            first, top = growing.pop()
            rows.append((first, frame, top, max(score, growing[-1][1])))
        if growing[-1][1] < score:
            growing.append((first, score))
    table = np.array(rows, dtype=np.float64).reshape(-1, 4).T
    return Runs(*table[:2].astype(np.int64), *table[2:].astype(scores.dtype))
