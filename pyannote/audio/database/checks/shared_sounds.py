"""Findings about recordings that contain a sound of a training recording, such as another cut of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pyannote.audio.core.counted import counted
from pyannote.audio.core.findings import Finding
from pyannote.audio.database.checks.landmarks import HOP, Landmarks

LEAST = 20
"""Different landmarks at one distance in time, from which on two recordings share a sound.

Of all pairs of 714 recordings of speech, and of mixtures of other sounds, those without a common source have
8 at most, except for one pair of pieces of a telephone call (17); a second of a common source has 20 to 50.
"""

RATIO = 25.0
"""Ratio of their number to that at other distances, at least: periodic sounds agree at many of them."""

HOURS = 5.0
"""Duration of all recordings that are compared; of more, the beginning of each."""

FIX = (
    "Keep recordings of one source in one subset (make_database.py --group); "
    "of a sound that all recordings have by nature, nothing has to be done."
)


def seconds_of_each(recordings: int) -> float:
    """Duration from the beginning of each recording that is compared, in seconds.

    Examples
    --------
    >>> seconds_of_each(300), seconds_of_each(36000)
    (60.0, 10.0)
    """
    return max(10.0, 3600 * HOURS / max(recordings, 1))


@dataclass(frozen=True)
class Match:
    """The sound that a recording shares with another one.

    Parameters
    ----------
    other : int
        Index of the other recording.
    landmarks : int
        Number of different landmarks that both have at this distance in time.
    start, other_start : float
        Time of the first of them in the two recordings, in seconds.
    """

    other: int
    landmarks: int
    start: float
    other_start: float


class SoundIndex:
    """Landmarks of several recordings, in which those of another one are searched for.

    Parameters
    ----------
    recordings : sequence of Landmarks, shape (recordings,)

    Examples
    --------
    >>> own = Landmarks(np.arange(40), np.arange(40))
    >>> later = Landmarks(np.arange(40), np.arange(40) + 100)
    >>> [(match.other, match.landmarks, match.other_start) for match in SoundIndex([later]).matches(own)]
    [(0, 40, 2.0)]
    """

    def __init__(self, recordings: Sequence[Landmarks]) -> None:
        empty = np.zeros(0, np.int64)
        codes = np.concatenate([empty, *(one.codes for one in recordings)])
        order = np.argsort(codes, kind="stable")
        self._codes = codes[order]
        self._times = np.concatenate([empty, *(one.times for one in recordings)])[order]
        counts = [len(one.codes) for one in recordings]
        self._recording = np.repeat(np.arange(len(recordings)), counts)[order]
        self._durations = np.array([_duration(one) for one in recordings], np.int64)

    def matches(self, landmarks: Landmarks) -> list[Match]:
        """Recordings with `LEAST` landmarks in common, at one distance in time, the most alike first."""
        # windows of another cut lie elsewhere, which moves one peak of a pair by one of them
        first = np.searchsorted(self._codes, landmarks.codes - 1, "left")
        counts = np.searchsorted(self._codes, landmarks.codes + 1, "right") - first
        own = np.repeat(np.arange(len(counts)), counts)
        # each equal code of the index: the first one, and those that follow it
        place = np.arange(len(own)) - np.repeat(np.cumsum(counts) - counts, counts) + first[own]
        if not len(place):
            return []
        codes, times, others = landmarks.codes[own], landmarks.times[own], self._times[place]
        votes = np.bincount(self._recording[place], minlength=len(self._durations))
        at_random = 3 * votes / np.maximum(self._durations + _duration(landmarks), 1)
        found = []
        for other, agreeing in _agreeing(self._recording[place], times - others):
            different = len(np.unique(codes[agreeing]))
            if different >= LEAST and len(agreeing) >= RATIO * at_random[other]:
                starts = times[agreeing].min(), others[agreeing].min()
                found.append(Match(other, different, *(float(HOP * start) for start in starts)))
        return sorted(found, key=lambda one: -one.landmarks)


def _duration(landmarks: Landmarks) -> int:
    return int(landmarks.times.max(initial=-1)) + 1


def _agreeing(recordings: np.ndarray, distances: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Recordings with many votes for one distance in time, and the votes, of shape (agreeing,)."""
    span = int(np.ptp(distances)) + 3
    votes = recordings * span + distances - distances.min() + 1
    kinds, counts = np.unique(votes, return_counts=True)
    # distances are rounded: neighbouring ones count, too
    total = counts.copy()
    for step in (-1, 1):
        beside = np.searchsorted(kinds, kinds + step) % len(kinds)
        total += counts[beside] * (kinds[beside] == kinds + step)
    many = np.flatnonzero(total >= LEAST)
    many = many[np.argsort(-total[many], kind="stable")]
    _, best = np.unique(kinds[many] // span, return_index=True)
    for kind in kinds[many[best]].tolist():
        yield kind // span, np.flatnonzero(np.abs(votes - kind) <= 1)


def shared_sounds(
    listed: Mapping[str, Sequence[Path]], landmarks: Mapping[Path, Landmarks]
) -> Iterator[Finding]:
    """Findings about recordings that share a sound with a training recording, one for each of them.

    Parameters
    ----------
    listed : mapping of str to sequence of Path
        Recordings of each subset; those of train and of another subset are ignored.
    landmarks : mapping of Path to Landmarks
        Those of each recording, where they are known.

    Examples
    --------
    >>> a, b, sound = Path("a.wav"), Path("b.wav"), Landmarks(np.arange(40), np.arange(40))
    >>> print(*shared_sounds({"train": [a], "test": [b]}, {a: sound, b: sound}))
    b.wav: A sound at 0.0 s is also in a.wav (train), at 0.0 s: what the model remembers of it counts in ...
    """
    train = [path for path in listed.get("train", ()) if path in landmarks]
    index = SoundIndex([landmarks[path] for path in train])
    for name, paths in listed.items():
        for path in (path for path in paths if path in landmarks and path not in train):
            if matches := index.matches(landmarks[path]):
                yield _finding(path, matches, train, name)


def _finding(path: Path, matches: Sequence[Match], train: Sequence[Path], name: str) -> Finding:
    best, more = matches[0], len(matches) - 1
    also = f", and others in {counted(more, 'more training recording')}" if more else ""
    return Finding(
        "source",
        f"A sound at {best.start:.1f} s is also in {train[best.other].name} (train), at "
        f"{best.other_start:.1f} s{also}: what the model remembers of it counts in figures of {name}.",
        FIX,
        path,
    )
