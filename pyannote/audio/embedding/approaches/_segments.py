"""Turns of training speakers, and random segments of these turns."""

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
    """Turns of each speaker of a training set.

    A turn is (index of the file, start, end), in seconds.

    Parameters
    ----------
    turns : mapping of str to list of (file, start, end)
        Turns that are long enough, for each speaker that is used, in alphabetical order.
    too_short : int
        Number of turns that are left out because they are shorter than the shortest segment.
    left_out : mapping of str to float
        Speakers with too little speech, and its duration in seconds.

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
        """Collect the turns in which exactly one speaker talks.

        Parameters
        ----------
        files : sequence of Recording
            Equal labels mean the same speaker, in all files.
        min_duration : float
            Shortest turn that is used, in seconds.
        label_min_duration : float
            Shortest total duration of such turns of a speaker that is used, in seconds.

        Examples
        --------
        >>> files = [{"events": [(0.0, 2.0, "ann"), (1.0, 3.0, "bob")]}, {"events": [(0.0, 4.0, "ann")]}]
        >>> Speakers.of(files, min_duration=0.5, label_min_duration=0.0).turns
        {'ann': [(0, 0.0, 1.0), (1, 0.0, 4.0)], 'bob': [(0, 2.0, 3.0)]}
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
        used = {label: turns[label] for label in sorted(turns) if seconds[label] >= label_min_duration}
        left_out = {label: seconds[label] for label in sorted(seconds) if label not in used}
        return cls(used, too_short, left_out)


class SegmentSampler:
    """Draws batches of segments: `per_label` segments of each of `per_fold` speakers, all of one duration.

    Parameters
    ----------
    speakers : Speakers
        Turns of each speaker.
    offsets : ndarray of int, shape (files + 1,)
        First frame of each file in the concatenation of all files.
    step : float
        Duration of a frame, in seconds.
    per_fold, per_label : int
        Speakers of a batch, at most their total number, and segments of each speaker.

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
        for speaker, turns_of_speaker in enumerate(speakers.turns.values()):
            for file, start, end in turns_of_speaker:
                first, last = frame_range(start, end, step)
                # precomputed features may be shorter than the audio
                length = int(offsets[file + 1] - offsets[file])
                first, last = min(first, length - 1), min(last, length)
                turns.append((speaker, max(1, last - first), offsets[file] + first))
        # sorted by speaker, then by duration
        self._speaker, self._frames, self._first = np.array(sorted(turns), dtype=np.int64).T
        self._bounds = np.searchsorted(self._speaker, np.arange(len(speakers.turns) + 1))
        self._until = np.concatenate([[0], np.cumsum(self._frames)])
        self._longest = int(self._frames.max())

    def speakers(self, batches: int, random: np.random.Generator) -> Indices:
        """Speakers of each batch, shape (batches, per_fold).

        Each speaker is drawn once before any is drawn again, and no batch contains a speaker twice.

        Examples
        --------
        >>> speakers = Speakers({name: [(0, 0.0, 2.0)] for name in "abcd"}, 0, {})
        >>> sampler = SegmentSampler(speakers, np.array([0, 500]), step=0.01, per_fold=2, per_label=1)
        >>> sorted(sampler.speakers(2, np.random.default_rng(0)).ravel().tolist())
        [0, 1, 2, 3]
        """
        total = len(self._bounds) - 1
        order = np.empty(0, dtype=np.int64)
        while len(order) < batches * self.per_fold:
            started = order[len(order) - len(order) % self.per_fold :]
            rest = random.permutation(total)
            if len(started):
                fresh = rest[~np.isin(rest, started)][: self.per_fold - len(started)]
                rest = np.concatenate([fresh, rest[~np.isin(rest, fresh)]])
            order = np.concatenate([order, rest])
        return order[: batches * self.per_fold].reshape(batches, self.per_fold)

    def segments(
        self, speakers: Indices, frames: int, random: np.random.Generator
    ) -> tuple[Indices, Indices]:
        """Segments of one batch.

        Longer turns are drawn more often, in proportion to their durations. Where a speaker has a turn of
        at least `frames` frames, shorter ones are not drawn.

        Parameters
        ----------
        speakers : ndarray of int, shape (per_fold,)
            Speakers of the batch.
        frames : int
            Length of a segment.
        random : Generator
            Source of randomness.

        Returns
        -------
        first, available : ndarray of int, shape (per_fold x per_label,)
            First frame of each segment, and its number of frames within the turn, at most `frames`. The
            segments of a speaker are adjacent.
        """
        speakers = np.repeat(speakers, self.per_label)
        begin, end = self._bounds[speakers], self._bounds[speakers + 1]
        key = self._speaker * (self._longest + 1) + self._frames
        enough = np.searchsorted(key, speakers * (self._longest + 1) + min(frames, self._longest))
        begin = np.where(self._frames[end - 1] >= frames, enough, begin)
        fraction, position = random.random((2, len(speakers)))
        drawn = self._until[begin] + fraction * (self._until[end] - self._until[begin])
        turn = np.clip(np.searchsorted(self._until, drawn, side="right") - 1, begin, end - 1)
        available = np.minimum(self._frames[turn], frames)
        free = self._frames[turn] - available + 1
        return self._first[turn] + np.minimum((position * free).astype(np.int64), free - 1), available


def durations(low: float, high: float, count: int, epoch: int, seed: int) -> NDArray[np.float64]:
    """Random durations of the batches of an epoch, in seconds, uniform in [low, high], shape (count,).

    Examples
    --------
    >>> seconds = durations(0.5, 1.5, count=100, epoch=1, seed=0)
    >>> seconds.shape, bool(0.5 <= seconds.min() < 0.6 and 1.4 < seconds.max() <= 1.5)
    ((100,), True)
    """
    return generator(seed, epoch, 0, 2).uniform(low, high, size=count)
