"""Findings about trials of speaker verification, and about files that are compared in pairs instead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.core.counted import counted
from pyannote.audio.core.errors import DataError
from pyannote.audio.core.findings import Finding
from pyannote.audio.database.protocols import Recording
from pyannote.audio.database.trials import Trials
from pyannote.audio.io.lines import quoted

SHOWN = 3
"""Trials that a finding names."""

Names = frozenset[tuple[str, str]]
"""Speakers, each as (database within which the name is unique, or "" for all of them; name)."""


class _Rule(NamedTuple):
    kind: str
    one: str
    several: str
    fix: str
    code: int = 0


ALONE = _Rule(
    "self",
    "trial compares a recording with itself",
    "trials compare a recording with itself",
    "Remove such trials: they cannot fail, and lower the error rate.",
)
DOUBLED = _Rule(
    "doubled",
    "trial repeats an earlier one",
    "trials repeat an earlier one",
    "Remove the later ones: a pair that is listed twice counts twice.",
)
CONTRADICTING = _Rule(
    "contradiction",
    "trial contradicts an earlier one",
    "trials contradict an earlier one",
    "Keep the right ones: a pair is of one speaker or of two.",
    DataError.code,
)
OTHER_SPEAKERS = _Rule(
    "speakers",
    "trial contradicts the annotation",
    "trials contradict the annotation",
    "Correct the list of trials, or the annotation.",
    DataError.code,
)


def check_trials(found: Trials) -> Iterator[Finding]:
    """Findings about trials: one of each kind, which says how many there are and names three.

    Recordings that are compared with themselves, and pairs that are listed again, change the figures and are
    warnings. Pairs that other trials or the annotation contradict are errors.

    Parameters
    ----------
    found : Trials
        Its `first`, `second` and `targets` have shape (trials,).

    Yields
    ------
    finding : Finding
        Of the kinds "self", "doubled", "contradiction" and "speakers", at the line of its first trial.

    Examples
    --------
    >>> files = [{"uri": uri, "database": "D", "regions": [], "events": None} for uri in "ab"]
    >>> trials = Trials(files, np.array([0, 0, 1]), np.array([0, 1, 0]), np.array([True, False, False]))
    >>> for finding in check_trials(trials):
    ...     print(finding.message)
    1 trial compares a recording with itself: a a (trial 1).
    1 trial repeats an earlier one: b a (trial 3, as trial 2).
    """
    places, earlier = np.arange(len(found.targets)), _first_of_pairs(found)
    again, same = earlier != places, found.targets == found.targets[earlier]
    alone = (found.first == found.second) & found.targets
    speakers = [_speakers(file) for file in found.files]
    wrong = [place for place in _suspicious(found, speakers) if _contradicts(found, place, speakers)]
    yield from _about(ALONE, found, places[alone], lambda place: "")
    for rule, own in ((DOUBLED, again & same), (CONTRADICTING, again & ~same)):
        yield from _about(rule, found, places[own], lambda place: f", as {_place(found, earlier[place])}")
    yield from _about(OTHER_SPEAKERS, found, wrong, lambda place: _truth(found, place, speakers))


def check_pairs(files: Sequence[Recording], name: str) -> Iterator[Finding]:
    """Error if files of one speaker each give no pairs of one kind, so that there is no error rate.

    Parameters
    ----------
    files : sequence of Recording, shape (files,)
        Annotated with speakers. If any has several, turns are clustered, and files are not compared.
    name : str
        Subset of the files.

    Examples
    --------
    >>> files = [{"events": [(0.0, 1.0, "ann")]}, {"events": [(0.0, 1.0, "ann")]}]
    >>> [finding.message for finding in check_pairs(files, "test")]
    ["All files of the subset 'test' are of one speaker, 'ann': there are no pairs of two speakers."]
    """
    of_files = [{label for _, _, label in file["events"]} for file in files if file["events"]]
    if not of_files or any(len(own) > 1 for own in of_files):
        return
    count = Counter(label for own in of_files for label in own)
    if len(count) == 1:
        found = (
            f"All files of the subset {name!r} are of one speaker, {quoted(*count)}: there are no pairs of "
            "two speakers."
        )
        fix = "Add files of other speakers: an error rate needs both kinds of pairs."
        yield Finding.of("pairs", DataError(found, fix=fix))
    elif max(count.values()) == 1:
        found = f"No two files of the subset {name!r} are of one speaker: there are no pairs of one speaker."
        fix = (
            "Add files of the same speakers. If equal labels of different files are one speaker, write "
            "`scope: global` in database.yml."
        )
        yield Finding.of("pairs", DataError(found, fix=fix))


def _about(
    rule: _Rule, found: Trials, places: Sequence[int] | NDArray[np.int64], detail: Callable[[int], str]
) -> Iterator[Finding]:
    """Finding about the trials at some places of the list; none if there are none."""
    if not len(places):
        return
    shown = [f"{_pair(found, place)} ({_place(found, place)}{detail(place)})" for place in places[:SHOWN]]
    such = ", such as" if len(places) > SHOWN else ":"
    message = f"{counted(len(places), rule.one, rule.several)}{such} {', '.join(shown)}."
    line = int(found.lines[places[0]]) if len(found.lines) else None
    yield Finding(rule.kind, message, rule.fix, found.source, line, rule.code)


def _pair(found: Trials, place: int) -> str:
    return " ".join(found.files[side[place]]["uri"] for side in (found.first, found.second))


def _place(found: Trials, place: int) -> str:
    return f"line {found.lines[place]}" if len(found.lines) else f"trial {place + 1}"


def _first_of_pairs(found: Trials) -> NDArray[np.int64]:
    """Place of the first trial of the pair of each trial, in whichever order, shape (trials,)."""
    low, high = np.minimum(found.first, found.second), np.maximum(found.first, found.second)
    _, first, pair = np.unique(low * len(found.files) + high, return_index=True, return_inverse=True)
    earlier: NDArray[np.int64] = first[pair]
    return earlier


def _speakers(file: Recording) -> Names:
    """Speakers in the regions of a recording.

    None where they are not annotated, or where equal names in other recordings may be other persons.
    """
    scope = file.get("scope")
    if file["events"] is None or scope not in ("database", "global"):
        return frozenset()
    return frozenset(
        (file["database"] if scope == "database" else "", label)
        for onset, offset, label in file["events"]
        if any(onset < end and start < offset for start, end in file["regions"])
    )


def _suspicious(found: Trials, speakers: Sequence[Names]) -> NDArray[np.int64]:
    """Places of target trials of unlike speakers, and of other trials of like ones: few, of millions."""
    numbers = {names: number for number, names in enumerate(dict.fromkeys(speakers))}
    of_file = np.array([numbers[names] for names in speakers], dtype=np.int64)
    first, second = of_file[found.first], of_file[found.second]
    unknown = numbers.get(frozenset(), -1)
    known = (first != unknown) & (second != unknown) | (found.first == found.second)
    return np.flatnonzero(known & (found.targets == (first != second)))


def _contradicts(found: Trials, place: int, speakers: Sequence[Names]) -> bool:
    """Whether the annotation knows the speakers of both sides, and that the truth of a trial is another."""
    if not found.targets[place] and found.first[place] == found.second[place]:
        # a non-target trial of a recording with itself is wrong whoever speaks
        return True
    one, other = _sides(found, place, speakers)
    ranges = {range_ for range_, _ in one | other}
    if not one or not other or len(ranges) > 1:
        return False
    return not one & other if found.targets[place] else one == other and len(one) == 1


def _sides(found: Trials, place: int, speakers: Sequence[Names]) -> tuple[Names, Names]:
    return speakers[found.first[place]], speakers[found.second[place]]


def _truth(found: Trials, place: int, speakers: Sequence[Names]) -> str:
    """Truth of a trial, and that of the annotation."""
    kind = "target" if found.targets[place] else "non-target"
    if found.first[place] == found.second[place]:
        return f", a {kind} trial of one recording"
    labels = [", ".join(quoted(label) for _, label in sorted(own)) for own in _sides(found, place, speakers)]
    return f", a {kind} trial of {labels[0]} and {labels[1]}"
