"""Speakers to hold out, and trials of those who are: drawn by random, the same ones each time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice, zip_longest
from typing import NamedTuple, TypeVar

import numpy as np

from pyannote.audio.core.errors import DataError, UsageError
from pyannote.audio.core.randomness import generator
from pyannote.audio.database.trial_lists import Trial

T = TypeVar("T")


class SpeakerSession(NamedTuple):
    """Who is heard in a recording, and in which session it was made."""

    speaker: str
    session: str


def check_draw(shares: Mapping[str, float], trials: int, seed: int) -> None:
    """Refuse shares and numbers with which nothing can be drawn."""
    for subset, share in shares.items():
        if not 0 <= share < 1:
            raise UsageError(f"{subset} cannot be {share:g}.", fix="Use a share such as 0.2, or 0 for none.")
    if trials < 2 or seed < 0:
        raise UsageError(
            f"{trials} trials with seed {seed} cannot be drawn.",
            fix="Take two trials or more, and a seed of 0 or more.",
        )


def draw_speakers(
    uris: Iterable[str], sessions: Mapping[str, SpeakerSession], share: float, seed: int
) -> tuple[list[str], list[str]]:
    """Split recordings by speaker.

    Parameters
    ----------
    uris : iterable of str
    sessions : mapping of str to SpeakerSession
        Speaker of each uri.
    share : float
        Rank of the speakers to hold out below 1, or their number. Two at least are held out, and two kept.
    seed : int
        The same arguments give the same split.

    Returns
    -------
    kept, held_out : list of str
        Uris, in the order in which they came. The speakers held out have two recordings or more, as target
        trials need.

    Raises
    ------
    DataError
        If there are too few speakers.

    Examples
    --------
    >>> sessions = {f"{name}{number}": SpeakerSession(name, "") for name in "abcd" for number in (1, 2)}
    >>> draw_speakers(sessions, sessions, 0.5, seed=0)
    (['b1', 'b2', 'd1', 'd2'], ['a1', 'a2', 'c1', 'c2'])
    """
    uris = list(uris)
    recordings = Counter(sessions[uri].speaker for uri in uris)
    fit = sorted(speaker for speaker in recordings if recordings[speaker] > 1)
    count = max(2, round(share * len(recordings) if share < 1 else share))
    if len(fit) < count or len(recordings) < count + 2:
        raise DataError(
            f"{count} of {len(recordings)} speakers, {len(fit)} of whom have two recordings, cannot be held "
            "out.",
            fix="Two at least must be kept, and those held out need two recordings: add some, or hold out "
            "fewer (0 for none).",
        )
    order = generator(seed, len(fit), count).permutation(len(fit))
    chosen = {fit[index] for index in order[:count]}
    return (
        [uri for uri in uris if sessions[uri].speaker not in chosen],
        [uri for uri in uris if sessions[uri].speaker in chosen],
    )


def balanced_trials(sessions: Mapping[str, SpeakerSession], count: int, seed: int = 0) -> list[Trial]:
    """Draw as many target as non-target trials.

    Speakers get the same number of target trials, as far as their recordings allow, and recordings occur
    about equally often. Both sides of a target trial come from different sessions, unless all recordings of
    the speaker are from one.

    Parameters
    ----------
    sessions : mapping of str to SpeakerSession
        Speaker and session of each uri.
    count : int
        How many trials to draw; there are fewer where recordings are few.
    seed : int, optional
        The same arguments give the same trials.

    Returns
    -------
    trials : list of Trial
        No pair occurs twice.

    Raises
    ------
    DataError
        If there are fewer than two speakers, or no speaker has two recordings.

    Examples
    --------
    >>> sessions = {uri: SpeakerSession(uri[0], "") for uri in ("a1", "a2", "b1", "b2")}
    >>> [trial.target for trial in balanced_trials(sessions, 4)]
    [True, False, True, False]
    """
    random = generator(seed, count)
    own: dict[str, list[str]] = {}
    for uri, speaker_session in sessions.items():
        own.setdefault(speaker_session.speaker, []).append(uri)
    targets = list(
        islice(_alternate([_targets(uris, sessions, random) for uris in own.values()]), count // 2)
    )
    others = (
        pair
        for pair in _pairs(list(sessions), random)
        if sessions[pair[0]].speaker != sessions[pair[1]].speaker
    )
    trials = [
        Trial(target, *pair)
        for both in zip(targets, others, strict=False)
        for target, pair in zip((True, False), both, strict=True)
    ]
    if not trials:
        raise DataError(
            f"{len(sessions)} recordings of {len(own)} speakers give no trials.",
            fix="Trials need two speakers, and a speaker with two recordings.",
        )
    return trials


def _targets(
    uris: Sequence[str], sessions: Mapping[str, SpeakerSession], random: np.random.Generator
) -> Iterator[tuple[str, str]]:
    several = len({sessions[uri].session for uri in uris}) > 1
    for first, second in _pairs(uris, random):
        if not several or sessions[first].session != sessions[second].session:
            yield first, second


def _pairs(items: Sequence[T], random: np.random.Generator) -> Iterator[tuple[T, T]]:
    """Yield each pair of different items once, in rounds that hold each item twice."""
    count, order = len(items), random.permutation(len(items))
    for step in range(1, count // 2 + 1):
        for index in range(step if 2 * step == count else count):
            yield items[order[index]], items[order[(index + step) % count]]


def _alternate(iterators: Sequence[Iterator[T]]) -> Iterator[T]:
    for turn in zip_longest(*iterators):
        yield from (item for item in turn if item is not None)
