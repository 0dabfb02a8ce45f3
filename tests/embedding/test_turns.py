"""Turns with exactly one speaker, against counts of speakers on a grid."""

from itertools import groupby

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyannote.audio.embedding.turns import solo_turns

TIMES = st.integers(0, 12)
# in halves, which are exact; some events are empty
EVENTS = st.lists(
    st.tuples(TIMES, TIMES, st.sampled_from("abc")).map(
        lambda event: (min(event[:2]) / 2, max(event[:2]) / 2, event[2])
    ),
    max_size=8,
)


def counted(events):
    """Runs of cells of half a second in which the same speaker, and no other, is active."""
    cells = []
    for cell in range(12):
        middle = (cell + 0.5) / 2
        active = {label for onset, offset, label in events if onset <= middle < offset}
        cells.append((cell, active.pop() if len(active) == 1 else None))
    runs = [(label, list(run)) for label, run in groupby(cells, key=lambda cell: cell[1])]
    return [(run[0][0] / 2, (run[-1][0] + 1) / 2, label) for label, run in runs if label is not None]


@settings(deadline=None, max_examples=300)
@given(EVENTS)
def test_equal_what_is_counted_on_a_grid(events):
    assert solo_turns(events) == counted(events)


@settings(deadline=None, max_examples=50)
@given(EVENTS, st.randoms(use_true_random=False))
def test_order_of_events_does_not_matter(events, random):
    shuffled = random.sample(events, len(events))
    assert solo_turns(iter(shuffled)) == solo_turns(events)


@settings(deadline=None, max_examples=50)
@given(EVENTS)
def test_solo_turns_of_solo_turns_are_the_same(events):
    once = solo_turns(events)
    assert solo_turns(once) == once


@pytest.mark.parametrize(
    ("events", "turns"),
    [
        ([], []),
        ([(1.0, 2.0, "a")], [(1.0, 2.0, "a")]),
        ([(0.0, 2.0, "a"), (0.0, 2.0, "b")], []),
        ([(0.0, 9.0, "a"), (4.0, 5.0, "b")], [(0.0, 4.0, "a"), (5.0, 9.0, "a")]),
        ([(0.0, 2.0, "a"), (1.0, 3.0, "a")], [(0.0, 3.0, "a")]),
        ([(0.0, 2.0, "a"), (2.0, 3.0, "b")], [(0.0, 2.0, "a"), (2.0, 3.0, "b")]),
        ([(0.0, 2.0, "a"), (3.0, 4.0, "a")], [(0.0, 2.0, "a"), (3.0, 4.0, "a")]),
        ([(0.0, 4.0, "a"), (1.0, 3.0, "b"), (2.0, 5.0, "c")], [(0.0, 1.0, "a"), (4.0, 5.0, "c")]),
        ([(0.0, 2.0, "a"), (1.0, 1.0, "b")], [(0.0, 2.0, "a")]),
    ],
    ids=[
        "nobody",
        "one",
        "two at once",
        "interrupted",
        "one speaker twice",
        "one after the other",
        "pause",
        "three",
        "event without duration",
    ],
)
def test_by_hand(events, turns):
    assert solo_turns(events) == turns
