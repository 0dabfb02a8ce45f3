"""Turns in which exactly one speaker talks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from pyannote.audio.core.labels import Event


def solo_turns(events: Iterable[Event]) -> list[Event]:
    """Parts of a recording in which exactly one speaker talks; adjacent parts of a speaker are joined.

    Parameters
    ----------
    events : iterable of (start, end, speaker)
        Annotation, in seconds.

    Returns
    -------
    list of (start, end, speaker)
        Ordered by start, without overlap.

    Examples
    --------
    >>> solo_turns([(0.0, 3.0, "ann"), (2.0, 5.0, "bob"), (5.0, 6.0, "bob")])
    [(0.0, 2.0, 'ann'), (3.0, 6.0, 'bob')]
    """
    # at equal times, ends (-1) come before beginnings
    changes = sorted(
        change for onset, offset, label in events for change in ((onset, 1, label), (offset, -1, label))
    )
    active: Counter[str] = Counter()
    turns: list[Event] = []
    since = 0.0
    for time, change, label in changes:
        if len(active) == 1 and time > since:
            (speaker,) = active
            adjacent = bool(turns) and turns[-1][2] == speaker and turns[-1][1] == since
            start = turns.pop()[0] if adjacent else since
            turns.append((start, time, speaker))
        active[label] += change
        if active[label] == 0:
            del active[label]
        since = time
    return turns
