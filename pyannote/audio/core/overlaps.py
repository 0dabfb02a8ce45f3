"""Overlapping events of one label, which count as one event."""

from __future__ import annotations

from collections.abc import Iterable

from pyannote.audio.core.labels import Event

TOLERANCE = 0.01
"""Time in seconds by which an event may begin before the one before it ends: times are often rounded."""


def is_overlap(before: tuple[float, float], event: tuple[float, float]) -> bool:
    """Whether two events of one label count as one: if they are equal, or overlap by more than 0.01 s.

    Parameters
    ----------
    before, event : (onset, offset)
        In seconds; `before` does not start later.

    Examples
    --------
    >>> is_overlap((0.0, 2.0), (1.0, 3.0)), is_overlap((0.0, 2.0), (2.0, 3.0))
    (True, False)
    """
    return before == event or before[1] > event[0] + TOLERANCE


def merged(events: Iterable[Event]) -> list[Event]:
    """Events of which those of one label that overlap (`is_overlap`) are one.

    Parameters
    ----------
    events : iterable of (onset, offset, label)
        In seconds, in any order.

    Returns
    -------
    list of (onset, offset, label)
        In order of onset.

    Examples
    --------
    >>> merged([(1.0, 3.0, "car"), (0.0, 2.0, "car"), (0.5, 2.5, "bird"), (3.0, 4.0, "car")])
    [(0.0, 3.0, 'car'), (0.5, 2.5, 'bird'), (3.0, 4.0, 'car')]
    """
    joined: list[Event] = []
    # the event of each label that ends last
    last: dict[str, int] = {}
    for onset, offset, label in sorted(events):
        place = last.get(label)
        if place is not None and is_overlap(joined[place][:2], (onset, offset)):
            start, end, _ = joined[place]
            joined[place] = (start, max(end, offset), label)
            continue
        if place is None or offset > joined[place][1]:
            last[label] = len(joined)
        joined.append((onset, offset, label))
    return joined
