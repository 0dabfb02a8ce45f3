"""Turns of each training speaker, and random segments of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.core.randomness import generator
from pyannote.audio.core.rasters import frame_range
from pyannote.audio.database.protocols import Recording
from pyannote.audio.embedding.turns import solo_turns

Turn = tuple[int, float, float]
"""Index of a recording, start and end in seconds."""

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Speakers:
    """Speech of each speaker of a training set.

    Parameters
    ----------
    turns : mapping of str to list of (file, start, end)
        For each speaker that is kept, in alphabetical order, the turns that are long enough.
    too_short : int
        Number of turns that were left out because they are shorter than the shortest segment.
    left_out : mapping of str to float
        Speakers with too little speech, and how many seconds they have.

    Examples
    --------
    >>> files = [{"events": [(0.0, 2.0, "ann"), (2.0, 2.3, "bob"), (3.0, 8.0, "cid")]}]
    >>> speakers = Speakers.of(files, min_duration=0.5, label_min_duration=3.0)
    >>> speakers.turns, speakers.too_short, speakers.left_out
    ({'cid': [(0, 3.0, 8.0)]}, 1, {'ann': 2.0, 'bob': 0.0})
    """

    turns: dict[str, list[Turn]]
    too_short: int
    left_out: dict[str, float]

    @classmethod
    def of(cls, files: Sequence[Recording], min_duration: float, label_min_duration: float) -> Speakers:
        """Collect the turns in which a speaker talks alone.

        Parameters
        ----------
        files : sequence of Recording
            Equal labels are taken for the same speaker, in whichever file.
        min_duration : float
            Turns of fewer seconds are left out.
        label_min_duration : float
            Speakers with fewer seconds in such turns are left out.
        """
        turns: defaultdict[str, list[Turn]] = defaultdict(list)
        seconds: defaultdict[str, float] = defaultdict(float)
        too_short = 0
        for index, file in enumerate(files):
            for start, end, label in solo_turns(file["events"] or ()):
                long_enough = end - start >= min_duration - 1e-6
                too_short += not long_enough
                seconds[label] += (end - start) * long_enough
                if long_enough:
                    turns[label].append((index, start, end))
        kept = {label: turns[label] for label in sorted(turns) if seconds[label] >= label_min_duration}
        left_out = {label: seconds[label] for label in sorted(seconds) if label not in kept}
        return cls(kept, too_short, left_out)


class SegmentSampler:
    """Draws batches of segments: some speakers, some segments of each, all of one duration.

    Parameters
    ----------
    speakers : Speakers
        Their turns.
    offsets : ndarray of int, shape (files + 1,)
        First frame of each file in the concatenation of all.
    step : float
        Duration of a frame, in seconds.
    per_fold, per_label : int
        Speakers of a batch (there are at least so many), and segments of each of them.

    Examples
    --------
    >>> speakers = Speakers({"ann": [(0, 0.0, 2.0)], "bob": [(0, 3.0, 5.0)]}, 0, {})
    >>> sampler = SegmentSampler(speakers, np.array([0, 500]), step=0.01, per_fold=2, per_label=3)
    >>> random = np.random.default_rng(0)
    >>> first, available = sampler.segments(np.array([0, 1]), frames=50, random=random)
    >>> bool((first[:3] < 200 - 49).all() and (first[3:] >= 300).all()), available.tolist()
    (True, [50, 50, 50, 50, 50, 50])
    """

    def __init__(
        self, speakers: Speakers, offsets: Indices, step: float, per_fold: int, per_label: int
    ) -> None:
        self.per_fold, self.per_label = per_fold, per_label
        turns = []
        for speaker, own in enumerate(speakers.turns.values()):
            for file, start, end in own:
                first, last = frame_range(start, end, step)
                # features that were computed elsewhere may end before the audio does
                length = int(offsets[file + 1] - offsets[file])
                first, last = min(first, length - 1), min(last, length)
                turns.append((speaker, max(1, last - first), offsets[file] + first))
        # the turns of a speaker stand together, the longest last
        self._speaker, self._frames, self._first = np.array(sorted(turns), dtype=np.int64).T
        self._bounds = np.searchsorted(self._speaker, np.arange(len(speakers.turns) + 1))
        self._until = np.concatenate([[0], np.cumsum(self._frames)])
        self._longest = int(self._frames.max())

    def speakers(self, batches: int, random: np.random.Generator) -> Indices:
        """Speakers of each batch, shape (batches, per_fold).

        All speakers are met once before any is met again, and no batch meets one twice.
        """
        everyone = len(self._bounds) - 1
        order = np.empty(0, dtype=np.int64)
        while len(order) < batches * self.per_fold:
            begun = order[len(order) - len(order) % self.per_fold :]
            rest = random.permutation(everyone)
            if len(begun):
                fresh = rest[~np.isin(rest, begun)][: self.per_fold - len(begun)]
                rest = np.concatenate([fresh, rest[~np.isin(rest, fresh)]])
            order = np.concatenate([order, rest])
        return order[: batches * self.per_fold].reshape(batches, self.per_fold)

    def segments(
        self, speakers: Indices, frames: int, random: np.random.Generator
    ) -> tuple[Indices, Indices]:
        """Segments of one batch.

        Longer turns are drawn more often, in proportion to their durations. Where a speaker has a turn of
        `frames` frames, shorter ones are not drawn.

        Parameters
        ----------
        speakers : ndarray of int, shape (per_fold,)
            Speakers of the batch.
        frames : int
            Length of a segment.
        random : Generator
            The only source of randomness.

        Returns
        -------
        first, available : ndarray of int, shape (per_fold x per_label,)
            First frame of each segment, and how many of its frames there are, at most `frames`. The segments
            of a speaker stand together.
        """
        speakers = np.repeat(speakers, self.per_label)
        begin, end = self._bounds[speakers], self._bounds[speakers + 1]
        key = self._speaker * (self._longest + 1) + self._frames
        enough = np.searchsorted(key, speakers * (self._longest + 1) + min(frames, self._longest))
        begin = np.where(self._frames[end - 1] >= frames, enough, begin)
        where, position = random.random((2, len(speakers)))
        drawn = self._until[begin] + where * (self._until[end] - self._until[begin])
        turn = np.clip(np.searchsorted(self._until, drawn, side="right") - 1, begin, end - 1)
        available = np.minimum(self._frames[turn], frames)
        free = self._frames[turn] - available + 1
        return self._first[turn] + np.minimum((position * free).astype(np.int64), free - 1), available


def durations(low: float, high: float, count: int, epoch: int, seed: int) -> NDArray[np.float64]:
    """One random duration for each batch of an epoch, in seconds, uniform between `low` and `high`.

    Examples
    --------
    >>> drawn = durations(0.5, 1.5, count=100, epoch=1, seed=0)
    >>> drawn.shape, bool(0.5 <= drawn.min() < 0.6 and 1.4 < drawn.max() <= 1.5)
    ((100,), True)
    """
    return generator(seed, epoch, 0, 2).uniform(low, high, size=count)
