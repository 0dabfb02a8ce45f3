"""Events from scores, against a walk along the frames."""

import numpy as np
import pytest

from pyannote.audio.pipeline.binarize import Binarize


def walk(scores, step, duration, onset, offset, on, off, pad_onset, pad_offset):
    """The definition, one frame after the other."""
    events, active = [], False
    for index, score in enumerate([*scores, -1.0]):
        if not active and score >= onset:
            active, start = True, index
        elif active and score < offset and score < onset:
            active = False
            events.append([round(start * step, 3), round(index * step, 3)])
    joined = []
    for event in events:
        if joined and event[0] - joined[-1][1] < off - 1e-6:
            joined[-1][1] = event[1]
        else:
            joined.append(event)
    kept = [[start - pad_onset, end + pad_offset] for start, end in joined if end - start >= on - 1e-6]
    merged = []
    for event in kept:
        if merged and event[0] <= merged[-1][1]:
            merged[-1][1] = event[1]
        else:
            merged.append(event)
    clipped = [(max(0.0, start), min(duration, end)) for start, end in merged]
    return [event for event in clipped if event[1] > event[0]]


@pytest.mark.parametrize("seed", range(40))
def test_events_are_those_of_a_walk_along_the_frames(seed):
    random = np.random.default_rng(seed)
    scores = random.choice([0.1, 0.3, 0.5, 0.7, 0.9], size=int(random.integers(1, 60))).astype(np.float32)
    onset = float(random.choice([0.3, 0.5, 0.7]))
    arguments = {
        "onset": onset,
        "offset": float(random.choice([0.3, 0.5, onset])),
        "min_duration_on": float(random.choice([0, 0.2, 0.25])),
        "min_duration_off": float(random.choice([0, 0.1, 0.2, 0.25])),
        "pad_onset": float(random.choice([0, 0.05, 0.1])),
        "pad_offset": float(random.choice([0, 0.05, 0.15])),
    }
    duration = len(scores) * 0.1 - 0.03
    # scores are single precision: so are the thresholds that they are compared with
    thresholds = (float(np.float32(arguments[name])) for name in ("onset", "offset"))
    expected = walk(scores.tolist(), 0.1, duration, *thresholds, *list(arguments.values())[2:])
    found = Binarize(**arguments)(scores, step=0.1, duration=duration)
    assert np.allclose(np.array(found).reshape(-1, 2), np.array(expected).reshape(-1, 2), atol=1e-9)
    assert len(found) == len(expected)


@pytest.mark.parametrize(
    ("scores", "arguments", "expected"),
    [
        ([], {}, []),
        ([0.4], {}, []),
        ([0.5], {}, [(0.0, 0.5)]),  # a score equal to the threshold is active
        ([0.9, 0.9, 0.9], {}, [(0.0, 1.4)]),  # not beyond the end
        (
            [0.1, 0.9, 0.1, 0.9, 0.1],
            {"min_duration_off": 0.5},
            [(0.5, 1.0), (1.5, 2.0)],
        ),  # a gap of 0.5 is no less
        ([0.1, 0.9, 0.1, 0.9, 0.1], {"min_duration_off": 0.51}, [(0.5, 2.0)]),
        ([0.1, 0.9, 0.1, 0.9, 0.9], {"min_duration_on": 0.6}, [(1.5, 2.5)]),
        (
            [0.1, 0.9, 0.1, 0.9, 0.1],
            {"min_duration_off": 0.6, "min_duration_on": 1.0},
            [(0.5, 2.0)],
        ),  # gaps first
        ([0.1, 0.9, 0.1, 0.9, 0.1], {"pad_onset": 0.25, "pad_offset": 0.25}, [(0.25, 2.25)]),
        ([0.9, 0.1], {"pad_onset": 1.0}, [(0.0, 0.5)]),
    ],
)
def test_by_hand(scores, arguments, expected):
    duration = 1.4 if len(scores) == 3 else 0.5 * len(scores)
    found = Binarize(0.5, 0.5, **arguments)(np.array(scores, dtype=np.float32), 0.5, duration)
    assert found == expected


def test_hysteresis_needs_the_onset_to_start():
    scores = np.array([0.5, 0.7, 0.5, 0.3, 0.5, 0.5, 0.3], dtype=np.float32)
    assert Binarize(0.6, 0.4)(scores, 1.0, 7.0) == [(1.0, 3.0)]


def test_a_threshold_above_all_scores_finds_nothing():
    assert Binarize(1.5, 1.5)(np.ones(9, dtype=np.float32), 1.0, 9.0) == []


def test_times_are_milliseconds():
    scores = np.array([0, 1, 1, 0] * 5, dtype=np.float32)
    for onset, offset in Binarize(0.5, 0.5)(scores, step=9 * 441 / 44100 + 1e-7, duration=10.0):
        assert onset == round(onset, 3) and offset == round(offset, 3)


def test_parameters_are_those_of_the_parameter_file():
    assert Binarize(0.6, 0.4).dump() == {
        "onset": 0.6,
        "offset": 0.4,
        "min_duration_on": 0.0,
        "min_duration_off": 0.0,
        "pad_onset": 0.0,
        "pad_offset": 0.0,
    }
