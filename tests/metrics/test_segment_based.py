"""Segment-based counts, compared with sed_eval and brute force."""

import math

import numpy as np
import pytest

from pyannote.audio.core.errors import DataError
from pyannote.audio.metrics.segment_based import SegmentCounts, activity, count, segment_scores

RESOLUTIONS = [1.0, 0.1, 0.3, 0.5, 2.0, 1 / 3]


def counts_of(reference, estimate, labels, resolution=1.0, segments=None):
    return count(*(activity(events, labels, resolution, segments) for events in (reference, estimate)))


@pytest.mark.parametrize("lists", [300, pytest.param(10_000, marks=pytest.mark.slow)])
def test_equals_sed_eval_on_random_event_lists(
    lists, labels, random_events, oracle, differences, pooled_by, promise
):
    rng = np.random.default_rng(1)
    pairs = [(random_events(rng), random_events(rng)) for _ in range(lists)]
    assert any(not reference and not estimate for reference, estimate in pairs)
    resolutions, lengths = rng.choice(RESOLUTIONS, lists), rng.choice([0, 3.0, 6.0, 30.0], lists)
    alone, pooled = [], []
    for pair, resolution, length in zip(pairs, resolutions.tolist(), lengths.tolist(), strict=True):
        # events that pass the end of a file are cut there
        segments = math.ceil(length / resolution) if length else None
        counts = counts_of(*pair, labels, resolution, segments)
        results = oracle("SegmentBasedMetrics", [pair], length=length or None, time_resolution=resolution)
        alone += differences(counts, results)
        if not length:
            pooled.append((resolution, pair, counts))
    for resolution, own, counts in pooled_by(pooled):
        alone += differences(counts, oracle("SegmentBasedMetrics", own, time_resolution=resolution))
    assert alone == []
    promise(
        "Segment-based figures are those of sed_eval.",
        "Random pairs of event lists with overlapping and cut events or none, six lengths of segments; each "
        "pair alone and pooled, every figure that sed_eval gives.",
        f"{lists} pairs, {len(alone)} figures differ",
    )


@pytest.mark.parametrize(
    ("event", "active"),
    [
        ((0.0, 1.0), [0]),
        ((0.999, 1.001), [0, 1]),
        ((1.0, 1.0), []),
        ((1.5, 1.5), [1]),
        ((2.0, 3.0000000001), [2, 3]),
        ((9.0, 9.5), []),
    ],
)
def test_an_event_is_active_in_every_segment_it_touches(event, active):
    roll = activity([(*event, "car")], ["bird", "car"], segments=5)
    assert roll.shape == (5, 2)
    assert np.flatnonzero(roll[:, 1]).tolist() == active
    assert not roll[:, 0].any()


def test_hand_worked_counts():
    reference = np.array([[1, 1, 0], [1, 0, 0], [0, 0, 0], [1, 0, 0]], dtype=bool)
    estimate = np.array([[1, 0, 1], [0, 0, 0], [0, 1, 1]], dtype=bool)
    counts = count(reference, estimate)
    assert counts.tp.tolist() == [1, 0, 0]
    assert counts.fn.tolist() == [2, 1, 0]
    assert counts.fp.tolist() == [0, 1, 2]
    assert (counts.substitutions, counts.deletions, counts.insertions) == (1, 2, 2)
    assert counts.overall.error_rate == pytest.approx(5 / 4)
    assert counts.overall.f_measure == pytest.approx(2 / (4 + 4))
    assert counts.class_wise.error_rate[0] == pytest.approx(2 / 3)


def test_pooling_refuses_other_classes():
    with pytest.raises(DataError, match="pooled"):
        count(np.ones((2, 2), bool), np.ones((2, 2), bool)) + count(
            np.ones((2, 3), bool), np.ones((2, 3), bool)
        )


def test_pooling_keeps_the_kind(labels):
    counts = counts_of([], [], labels)
    assert type(counts + counts) is SegmentCounts


@pytest.mark.parametrize(
    ("events", "labels", "words"),
    [
        ([(0.0, 1.0, "dog")], ["car"], "'dog' is not one of: car"),
        ([(2.0, 1.0, "car")], ["car"], "onset 2.0 s and the offset 1.0 s"),
        ([(-1.0, 1.0, "car")], ["car"], "onset -1.0 s"),
        ([(0.0, float("inf"), "car")], ["car"], "offset inf s"),
        ([(float("nan"), 1.0, "car")], ["car"], "onset nan s"),
        ([], ["car", "car"], "twice"),
    ],
)
def test_impossible_events(events, labels, words):
    with pytest.raises(DataError, match=words):
        activity(events, labels)


@pytest.mark.parametrize("resolution", [0.0, -1.0, float("nan")])
def test_impossible_resolution(resolution):
    with pytest.raises(DataError, match="length of segments is"):
        activity([], ["car"], resolution)


@pytest.mark.parametrize(
    ("reference", "estimate"),
    [
        (np.zeros((2, 2)), np.zeros((2, 2), bool)),
        (np.zeros((2, 2), bool), np.zeros((2, 3), bool)),
        (np.zeros(2, bool), np.zeros(2, bool)),
    ],
)
def test_incomparable_activities(reference, estimate):
    with pytest.raises(DataError, match="Cannot compare"):
        count(reference, estimate)


def written_events(active, starts, ends):
    """Runs of active frames, as text with three decimals and read back."""
    events, frames = [], len(active)
    for first in range(frames):
        if active[first] and (first == 0 or not active[first - 1]):
            last = first
            while last + 1 < frames and active[last + 1]:
                last += 1
            events.append((float(f"{starts[first]:.3f}"), float(f"{ends[last]:.3f}"), "car"))
    return events


@pytest.mark.parametrize("step", [0.01, 0.02, 0.09, 0.1, 0.27, 0.5, 512 * 9 / 44100, 1.0, 1.3, 2.6])
@pytest.mark.parametrize("accumulated", [False, True])
@pytest.mark.parametrize("resolution", [1.0, 0.5])
def test_segment_scores_decide_as_the_written_events_do(step, accumulated, resolution):
    rng = np.random.default_rng(round(step * 1000))
    frames = round(40 / step)
    borders = np.cumsum(np.full(frames + 1, step)) - step if accumulated else np.arange(frames + 1) * step
    starts, ends = np.maximum(borders[:-1], 0), borders[1:]
    scores = rng.random((frames, 1)).astype(np.float32)
    pooled = segment_scores(scores, starts, ends, resolution)
    for threshold in [0.5, *np.quantile(scores, [0.0, 0.2, 0.9, 0.99, 1.0])]:
        events = written_events(scores[:, 0] >= threshold, starts, ends)
        expected = activity(events, ["car"], resolution, segments=len(pooled))
        assert np.array_equal(pooled >= threshold, expected)


@pytest.mark.parametrize("noise", [-4e-10, 0.0, 4e-10])
def test_arithmetic_noise_opens_no_segment(noise):
    borders = np.array([0.0, 1.0, 3.0, 4.0]) + noise
    pooled = segment_scores(np.array([[0.1], [0.9], [0.2]]), np.maximum(borders[:-1], 0), borders[1:])
    assert pooled[:, 0].tolist() == [0.1, 0.9, 0.9, 0.2]


def test_segments_without_frames_are_never_active():
    pooled = segment_scores(np.ones((2, 3)), np.array([1.0, 1.5]), np.array([1.5, 2.0]), segments=4)
    assert pooled[:, 0].tolist() == [-np.inf, 1.0, -np.inf, -np.inf]
    assert segment_scores(np.ones((2, 3)), np.array([0.0, 5.0]), np.array([5.0, 9.0]), segments=2).shape == (
        2,
        3,
    )
    assert segment_scores(np.ones((0, 3)), np.zeros(0), np.zeros(0)).shape == (0, 3)


@pytest.mark.parametrize(("starts", "ends"), [([0.0], [1.0, 2.0]), ([1.0, 0.0], [2.0, 1.0])])
def test_frames_must_fit_and_be_in_order(starts, ends):
    with pytest.raises(DataError, match="of frames"):
        segment_scores(np.ones((2, 1)), np.array(starts), np.array(ends))


def test_a_class_that_is_never_detected_counts_as_zero_and_one_that_is_not_annotated_does_not_count():
    labels = ["bird", "car", "cat", "dog"]
    reference, estimate = [(0.0, 2.0, "car"), (4.0, 6.0, "bird")], [(0.0, 2.0, "car"), (8.0, 9.0, "dog")]
    counts = counts_of(reference, estimate, labels)
    assert counts.class_wise.f_measure.tolist()[:2] == [0.0, 1.0]
    assert (
        np.isnan(counts.class_wise.f_measure[2:]).all() and np.isnan(counts.class_wise.error_rate[2:]).all()
    )
    assert counts.class_wise_average.f_measure == counts.class_wise_average.error_rate == 0.5
