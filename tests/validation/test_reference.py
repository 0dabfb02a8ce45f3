"""Frames and segments of the annotation, against rasters of milliseconds."""

from pathlib import Path

import numpy as np
import pytest

from pyannote.audio.core.labels import Composition
from pyannote.audio.pipeline.binarize import Binarize
from pyannote.audio.validation.reference import Reference, frames_of, without_short

LABELS = Composition.of_labels(regular=["a"], union={"any": ["a", "b"]})


def recording(events, duration, regions=None):
    return {
        "uri": "x",
        "database": "D",
        "audio": Path("x.wav"),
        "duration": duration,
        "regions": regions or [(0.0, duration)],
        "events": events,
    }


def reference_of(files, step, outputs):
    return Reference(files, LABELS.classes, [LABELS.events(file["events"]) for file in files], step, outputs)


def random_recording(seed):
    random = np.random.default_rng(seed)
    duration = float(random.integers(2000, 9000)) / 1000
    times = np.sort(random.integers(0, int(duration * 1000), size=(5, 2)), axis=1) / 1000
    events = [
        (float(onset), float(offset) + 0.001, str(random.choice(["a", "b"]))) for onset, offset in times
    ]
    return recording([(on, min(off, duration), label) for on, off, label in events], duration)


def raster(file):
    """Activity of both classes in each millisecond."""
    active = np.zeros((round(file["duration"] * 1000), 2), dtype=bool)
    for onset, offset, label in file["events"]:
        span = slice(round(onset * 1000), round(offset * 1000))
        active[span, 1] = True
        if label == "a":
            active[span, 0] = True
    return active


@pytest.mark.parametrize("step", [0.1, 0.09, 0.54])
@pytest.mark.parametrize("seed", range(4))
def test_segments_are_active_where_anything_is(seed, step):
    file = random_recording(seed)
    outputs = int(np.ceil(file["duration"] / step))
    scores = np.random.default_rng(seed).random((outputs, 2)).astype(np.float32)
    items = reference_of([file], step, [outputs]).items([scores], "segments")
    active = raster(file)
    expected = [active[start : start + 1000].any(axis=0) for start in range(0, len(active), 1000)]
    assert np.array_equal(items.target, expected)
    assert items.scores.shape == items.target.shape


@pytest.mark.parametrize("step", [0.1, 0.09, 0.54, 1.3])
@pytest.mark.parametrize("seed", range(4))
def test_a_threshold_finds_the_segments_that_its_events_touch(seed, step):
    file = random_recording(seed)
    outputs = int(np.ceil(file["duration"] / step))
    scores = np.random.default_rng(seed).random((outputs, 2)).astype(np.float32)
    items = reference_of([file], step, [outputs]).items([scores], "segments")
    for threshold in (0.2, 0.5, 0.8, 0.95):
        for column in range(2):
            touched = np.zeros(len(items.target), dtype=bool)
            for onset, offset in Binarize(threshold, threshold)(scores[:, column], step, file["duration"]):
                touched[int(np.floor(onset)) : int(np.ceil(round(offset, 3)))] = True
            assert np.array_equal(items.scores[:, column] >= threshold, touched)


def test_frames_are_active_where_their_middle_is():
    file = recording([(0.5, 1.04, "a"), (2.0, 3.0, "b")], 4.0)
    items = reference_of([file], 0.1, [40]).items([np.zeros((40, 2), np.float32)], "frames")
    assert np.flatnonzero(items.target[:, 0]).tolist() == [5, 6, 7, 8, 9]
    assert np.flatnonzero(items.target[:, 1]).tolist() == [5, 6, 7, 8, 9, *range(20, 30)]


def test_frames_outside_annotated_regions_do_not_count():
    file = recording([(0.5, 3.0, "a")], 4.0, regions=[(0.0, 1.0), (2.0, 4.0)])
    scores = np.arange(80, dtype=np.float32).reshape(40, 2) / 80
    items = reference_of([file], 0.1, [40]).items([scores], "frames")
    inside = [*range(10), *range(20, 40)]
    assert np.array_equal(items.scores, scores[inside])
    assert items.target[:, 0].tolist() == [5 <= frame < 30 for frame in inside]


def test_segments_outside_annotated_regions_are_never_accepted():
    file = recording([(0.5, 1.0, "a")], 4.0, regions=[(0.0, 1.0), (3.0, 4.0)])
    items = reference_of([file], 0.1, [40]).items([np.ones((40, 2), np.float32)], "segments")
    assert items.scores[:, 0].tolist() == [1, -np.inf, -np.inf, 1]


def test_the_last_frame_may_reach_beyond_the_end():
    file = recording([(3.6, 4.0, "a")], 4.0)
    scores = np.zeros((8, 2), np.float32)
    scores[-1] = 0.9  # from 3.78 to 4.32 s
    reference = reference_of([file], 0.54, [8])
    items = reference.items([scores], "segments")
    assert items.scores.shape == (4, 2) and items.scores[3, 0] == np.float32(0.9)
    assert reference.items([scores], "frames").scores.shape == (8, 2)


def test_files_follow_each_other():
    files = [random_recording(seed) for seed in range(3)]
    outputs = [int(np.ceil(file["duration"] / 0.1)) for file in files]
    scores = [np.full((count, 2), index, np.float32) for index, count in enumerate(outputs)]
    together = reference_of(files, 0.1, outputs)
    for unit in ("frames", "segments"):
        alone = [
            reference_of([file], 0.1, [count]).items([score], unit)
            for file, count, score in zip(files, outputs, scores, strict=True)
        ]
        items = together.items(scores, unit)
        assert np.array_equal(items.scores, np.concatenate([one.scores for one in alone]))
        assert np.array_equal(items.target, np.concatenate([one.target for one in alone]))
    assert together.classes == ("a", "any")


@pytest.mark.parametrize("shortest", [0.0, 0.2, 0.5, 0.9])
@pytest.mark.parametrize("step", [0.08, 0.27])
def test_durations_of_events_are_filtered_alike_in_scores_and_in_events(step, shortest):
    random = np.random.default_rng(0)
    frames = frames_of(shortest, step)
    for _ in range(50):
        scores = random.random((60, 1)).astype(np.float32)
        threshold = float(random.choice(scores[:, 0]))
        minimum = max(0.0, frames - 0.5) * step
        events = Binarize(threshold, threshold, minimum, minimum)(scores[:, 0], step, duration=60 * step)
        edges = np.round(np.array(events).reshape(-1, 2) / step).astype(int)
        expected = np.zeros(60, dtype=bool)
        for first, last in edges:
            expected[first:last] = True
        assert (without_short([scores], frames)[0] >= threshold).tolist() == expected.tolist()
