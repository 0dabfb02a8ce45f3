"""Intervals that `evaluate` prints."""

import pytest

from pyannote.audio.applications.pooled_intervals import intervals

FILES = [f"file{index}" for index in range(20)]


def lines(reference, estimate):
    """Interval of each figure."""
    _, *rows = intervals(reference, estimate, ["car"]).splitlines()
    return [row.partition(": ")[2] for row in rows]


@pytest.mark.parametrize(
    ("count", "expected"),
    [(20, ["0.000 to 0.150", "0.850 to 1.000"] * 2), (3, ["-"] * 4), (1, ["-"] * 4)],
)
def test_without_errors_intervals_end_at_3_of_the_files(count, expected):
    events = {file: [(0.0, 2.0, "car")] for file in FILES[:count]}
    assert lines(events, events) == expected


def test_f_scores_that_are_undefined_have_no_interval():
    nothing = {file: [] for file in FILES}
    assert lines(nothing, nothing)[1::2] == ["-", "-"]
