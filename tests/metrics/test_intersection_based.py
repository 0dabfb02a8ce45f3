"""Intersection-based counts at all thresholds, against cases worked by hand and counting one by one."""

import numpy as np
import pytest

from pyannote.audio.core.errors import DataError
from pyannote.audio.inference.detection_params import PARAMETERS
from pyannote.audio.metrics.intersection_based import Criteria, Scored, count
from pyannote.audio.metrics.threshold_runs import runs
from pyannote.audio.pipeline.events import events_of, frames_within

LABELS = ["car", "bird", "dog"]
CRITERIA = [Criteria(0.7, 0.7), Criteria(0.1, 0.1, 0.3), Criteria(0.5, 1.0, 0.01)]


def scored(scores, events, step=1.0):
    edges = np.arange(len(scores) + 1) * step
    return Scored(np.array(scores, dtype=np.float32), edges[:-1], edges[1:], events)


def at(counts, threshold):
    """Counts of the decision of one threshold: that of the lowest score that it accepts."""
    place = np.flatnonzero(counts.thresholds >= threshold)[-1]
    cross = counts.cross_triggers[:, place].tolist()
    return int(counts.tp[place]), int(counts.fp[place]), cross


def test_an_event_of_ten_seconds_worked_by_hand():
    scores = [0.1] * 5 + [0.8] * 6 + [0.6] + [0.4] * 5 + [0.2] * 3
    [(counts,)] = count(
        [scored(np.c_[scores], [(5.0, 15.0, "car")])], ["car"], [Criteria(0.7, 0.7)]
    ).of_classes
    # 6 of 10 s are detected: too few
    assert at(counts, 0.7)[:2] == (0, 0)
    # 7 of 10 s are exactly enough
    assert at(counts, 0.5)[:2] == (1, 0)
    # 10 s of a detection of 12 s lie in the event
    assert at(counts, 0.3)[:2] == (1, 0)
    # 10 of 15 s are less than 70 %: the detection is false, and the event is no longer found
    assert at(counts, 0.15)[:2] == (0, 1)
    assert at(counts, 1.0)[:2] == (0, 0)


def test_detections_that_together_cover_an_event_find_it():
    scores = [0.9, 0.9, 0.1, 0.9, 0.9, 0.1]
    [(counts,)] = count(
        [scored(np.c_[scores], [(0.0, 5.0, "car")])], ["car"], [Criteria(0.7, 0.8)]
    ).of_classes
    assert at(counts, 0.5)[:2] == (1, 0)


def test_one_detection_may_find_two_events():
    scores = [0.9, 0.9, 0.9, 0.9, 0.1]
    events = [(0.0, 1.5, "car"), (2.0, 4.0, "car")]
    [(counts,)] = count([scored(np.c_[scores], events)], ["car"], [Criteria(0.7, 0.7)]).of_classes
    assert at(counts, 0.5)[:2] == (2, 0)


def test_a_false_detection_within_another_class_is_a_cross_trigger():
    scores = [[0.9, 0.1, 0.1], [0.9, 0.1, 0.1], [0.1, 0.1, 0.1]]
    events = [(0.0, 0.6, "bird"), (0.0, 0.59, "dog")]
    (car,), *_ = count([scored(scores, events)], LABELS, [Criteria(0.1, 0.1, 0.3)]).of_classes
    # 0.6 of 2 s are 30 %, 0.59 s are less
    assert at(car, 0.5) == (0, 1, [0, 1, 0])
    (car,), *_ = count(
        [scored(scores, [*events, (0.0, 1.0, "car")])], LABELS, [Criteria(0.1, 0.1, 0.3)]
    ).of_classes
    assert at(car, 0.5) == (1, 0, [0, 0, 0])


@pytest.mark.parametrize("decimals", [1, 2, 6])
@pytest.mark.parametrize("seed", range(5))
def test_runs_are_those_of_each_threshold(seed, decimals):
    scores = np.random.default_rng(seed).random(80).round(decimals)
    found = runs(scores)
    for threshold in [*scores, 0.0, 1.1, 0.123456789]:
        alive = (found.bottom < threshold) & (threshold <= found.top)
        spans = sorted(zip(found.first[alive].tolist(), found.end[alive].tolist(), strict=True))
        active = np.flatnonzero(np.diff(np.r_[0, scores >= threshold, 0]))
        assert spans == [tuple(span) for span in active.reshape(-1, 2).tolist()]


def random_recording(rng):
    """Scores that are often equal, events on and off the borders of frames, and up to three regions."""
    step = float(rng.choice([0.02, 0.08, 0.1, 0.27, 0.0004]))
    scores = rng.random((int(rng.integers(1, 50)), 3)).round(int(rng.integers(1, 4))).astype(np.float32)
    duration = float(len(scores) * step - rng.choice([0, step / 2]))
    cuts = np.unique(rng.uniform(0, duration, 6).round(int(rng.integers(1, 5))))
    regions = [(on, off) for on, off in zip(cuts[::2].tolist(), cuts[1::2].tolist(), strict=False)]
    regions = [(0.0, duration)] if rng.random() < 0.3 else [one for one in regions if one[1] <= duration]
    events = []
    for label in LABELS:
        times = np.unique(rng.uniform(0, duration, 2 * rng.integers(0, 4)).round(3))
        events += [
            (on, off, label) for on, off in zip(times[::2].tolist(), times[1::2].tolist(), strict=False)
        ]
    return scores, step, duration, regions, events


def detected(recording, label, threshold):
    """Events that `apply` writes for a class at a threshold."""
    scores, step, duration, regions, _ = recording
    values = dict.fromkeys(PARAMETERS, 0.0) | {"onset": threshold, "offset": threshold}
    events = events_of(scores, step, dict.fromkeys(LABELS, values), duration, regions)
    return [(onset, offset) for onset, offset, own in events if own == label]


def common(first, second):
    return max(0.0, min(first[1], second[1]) - max(first[0], second[0]))


def counted(detections, events, label, criteria):
    """One by one, as the definition says."""
    truth = {name: [event[:2] for event in events if event[2] == name] for name in LABELS}
    tiny = 1e-7
    relevant, false = [], []
    for one in detections:
        covered = sum(common(one, event) for event in truth[label])
        (relevant if covered >= criteria.dtc * (one[1] - one[0]) - tiny else false).append(one)
    tp = sum(
        sum(common(event, one) for one in relevant) >= criteria.gtc * (event[1] - event[0]) - tiny
        for event in truth[label]
    )
    cross = [
        0
        if name == label or criteria.cttc is None
        else sum(
            sum(common(one, event) for event in truth[name]) >= criteria.cttc * (one[1] - one[0]) - tiny
            for one in false
        )
        for name in LABELS
    ]
    return tp, len(false), cross


@pytest.mark.parametrize("seed", range(40))
def test_counts_are_those_of_the_events_that_apply_writes_at_each_threshold(seed):
    rng = np.random.default_rng(seed)
    recordings = [random_recording(rng) for _ in range(3)]
    frames = [Scored(*frames_within(scores, step, regions), events)
              for scores, step, _, regions, events in recordings]  # fmt: skip
    of_classes = count(frames, LABELS, CRITERIA).of_classes
    for column, (label, of_class) in enumerate(zip(LABELS, of_classes, strict=True)):
        for criteria, counts in zip(CRITERIA, of_class, strict=True):
            thresholds = np.unique([scores[:, column].max(initial=0) for scores, *_ in recordings])
            values = np.concatenate([scores[:, column] for scores, *_ in recordings])
            for threshold in {*rng.choice(values, 8).tolist(), *thresholds.tolist(), 1.001}:
                each = [
                    counted(detected(one, label, threshold), one[-1], label, criteria) for one in recordings
                ]
                tp, fp, cross = map(np.array, zip(*each, strict=True))
                assert at(counts, threshold) == (tp.sum(), fp.sum(), cross.sum(axis=0).tolist())


@pytest.mark.parametrize(
    ("scores", "events", "words"),
    [
        ([[0.5]], [(0.0, 1.0, "dog")], "'dog'"),
        ([[0.5, 0.5]], [], "shape"),
        ([[np.nan]], [], "NaN"),
        ([[np.inf]], [], "NaN"),
        ([[0.5]], [(1.0, 0.0, "car")], "onset"),
    ],
)
def test_impossible_input_is_refused(scores, events, words):
    with pytest.raises(DataError, match=words):
        count([scored(scores, events)], ["car"], CRITERIA)


def test_without_frames_nothing_is_detected():
    empty = Scored(np.zeros((0, 1), np.float32), np.zeros(0), np.zeros(0), [(0.0, 1.0, "car")])
    [(counts,)] = count([empty], ["car"], [Criteria(0.7, 0.7)]).of_classes
    assert (counts.tp.tolist(), counts.fp.tolist()) == ([0], [0])
