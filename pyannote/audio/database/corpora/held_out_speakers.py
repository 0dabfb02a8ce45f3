"""Random, reproducible choice of speakers to hold out, and of trials between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import islice, zip_longest
from typing import NamedTuple, TypeVar

import numpy as np

from pyannote.audio.core.errors import DataError, UsageError
from pyannote.audio.core.randomness import generator
from pyannote.audio.database.trial_lists import Trial

T = TypeVar("T")


class SpeakerSession(NamedTuple):
    """Speaker of a recording, and the session in which it was made.

    Examples
    --------
    >>> SpeakerSession("ann", "monday").speaker
    'ann'
    """

    speaker: str
    session: str


def check_draw(shares: Mapping[str, float], trials: int, seed: int) -> None:
    """Refuse shares, numbers of trials and seeds that are out of range.

    Parameters
    ----------
    shares : mapping of str to float
        Share of the speakers of each subset, in [0, 1).
    trials : int
        Number of trials, 2 or more.
    seed : int
        0 or more.

    Raises
    ------
    UsageError
        With the value that is out of range.

    Examples
    --------
    >>> check_draw({"test": 1.5}, trials=100, seed=0)
    Traceback (most recent call last):
    pyannote.audio.core.errors.UsageError: test cannot be 1.5. Use a share such as 0.2, or 0 for none.
    """
    for subset, share in shares.items():
        if not 0 <= share < 1:
            raise UsageError(f"{subset} cannot be {share:g}.", fix="Use a share such as 0.2, or 0 for none.")
    if trials < 2 or seed < 0:
        raise UsageError(
            f"{trials} trials with seed {seed} cannot be drawn.",
            fix="Use two trials or more, and a seed of 0 or more.",
        )


def draw_speakers(
    uris: Iterable[str],
    sessions: Mapping[str, SpeakerSession],
    share: float,
    seed: int,
    *,
    inside: Container[str] = (),
    outside: Container[str] = (),
) -> tuple[list[str], list[str]]:
    """Split recordings by speaker.

    Parameters
    ----------
    uris : iterable of str, shape (recordings,)
    sessions : mapping of str to SpeakerSession
        Speaker of each uri.
    share : float
        Share of the speakers to hold out, if below 1, or their number; at least two are held out, and at
        least two are not.
    seed : int
        The same arguments give the same split.
    inside, outside : container of str, optional
        Speakers that are held out, and that are not; the others are drawn.

    Returns
    -------
    remaining, held_out : list of str
        Uris in their original order. The speakers held out have two recordings or more, as target trials
        need.

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
            fix="At least two speakers must remain, and those held out need two recordings: add some, or "
            "hold out fewer (0 for none).",
        )
    chosen = {speaker for speaker in recordings if speaker in inside}
    free = [speaker for speaker in fit if speaker not in chosen and speaker not in outside]
    order = generator(seed, len(free), count).permutation(len(free))
    chosen.update(free[index] for index in order[: max(0, count - len(chosen))])
    return (
        [uri for uri in uris if sessions[uri].speaker not in chosen],
        [uri for uri in uris if sessions[uri].speaker in chosen],
    )


def balanced_trials(sessions: Mapping[str, SpeakerSession], count: int, seed: int = 0) -> list[Trial]:
    """Draw equally many target and non-target trials.

    Speakers get the same number of target trials, as far as their recordings allow, and recordings occur
    about equally often. Both sides of a target trial come from different sessions, unless all recordings of
    the speaker are from one. Targets and non-targets alternate.

    Parameters
    ----------
    sessions : mapping of str to SpeakerSession
        Speaker and session of each uri.
    count : int
        Largest number of trials; there are fewer if there are few recordings.
    seed : int, optional
        The same arguments give the same trials.

    Returns
    -------
    trials : list of Trial, shape (trials,)
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
    uris_of: dict[str, list[str]] = {}
    for uri, session in sessions.items():
        uris_of.setdefault(session.speaker, []).append(uri)
    targets = list(
        islice(_alternate([_targets(uris, sessions, random) for uris in uris_of.values()]), count // 2)
    )
    nontargets = (
        pair
        for pair in _pairs(list(sessions), random)
        if sessions[pair[0]].speaker != sessions[pair[1]].speaker
    )
    trials = [
        Trial(target, *pair)
        for both in zip(targets, nontargets, strict=False)
        for target, pair in zip((True, False), both, strict=True)
    ]
    if not trials:
        raise DataError(
            f"{len(sessions)} recordings of {len(uris_of)} speakers give no trials.",
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
