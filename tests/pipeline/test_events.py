"""Events of a recording within its annotated regions, against sets of milliseconds."""

import numpy as np
import pytest

from pyannote.audio.inference.detection_params import PARAMETERS
from pyannote.audio.pipeline.events import events_of

LABELS = ("car", "children", "bird")
STEP = 0.02


def parameters(threshold):
    return dict.fromkeys(PARAMETERS, 0.0) | {"onset": threshold, "offset": threshold}


def active(scores, threshold, regions, duration):
    """Milliseconds in which a class is active, one after the other."""
    inside = {ms for start, end in regions for ms in range(round(1000 * start), round(1000 * end))}
    width = round(1000 * STEP)
    return {
        ms
        for frame, score in enumerate(scores)
        if score >= threshold
        for ms in range(frame * width, (frame + 1) * width)
        if ms in inside and ms < round(1000 * duration)
    }


@pytest.mark.parametrize("seed", range(30))
def test_events_cover_what_is_active_within_the_regions(seed):
    random = np.random.default_rng(seed)
    frames = int(random.integers(1, 80))
    scores = random.choice([0.1, 0.4, 0.6, 0.9], size=(frames, 3)).astype(np.float32)
    duration = round(frames * STEP - random.choice([0.0, 0.005]), 3)
    cuts = np.sort(random.choice(round(1000 * duration), size=4, replace=False)) if duration > 0.01 else []
    regions = [(float(a) / 1000, float(b) / 1000) for a, b in zip(cuts[::2], cuts[1::2], strict=True)]
    thresholds = dict(zip(LABELS, (0.3, 0.5, 0.95), strict=True))
    chosen = {label: parameters(threshold) for label, threshold in thresholds.items()}
    found = events_of(scores, STEP, chosen, duration, regions)
    assert found == sorted(found)
    for column, (label, threshold) in enumerate(thresholds.items()):
        mine = [(onset, offset) for onset, offset, name in found if name == label]
        covered = [ms for on, off in mine for ms in range(round(1000 * on), round(1000 * off))]
        assert len(covered) == len(set(covered))
        assert set(covered) == active(scores[:, column], threshold, regions, duration)
        assert all(
            (1000 * time) == pytest.approx(round(1000 * time), abs=1e-9) for one in mine for time in one
        )
    assert not [event for event in found if event[2] == "bird"]


def test_columns_follow_the_order_of_the_parameters():
    scores = np.array([[0.9, 0.1], [0.9, 0.1]], dtype=np.float32)
    for labels in (("a", "b"), ("b", "a")):
        chosen = {label: parameters(0.5) for label in labels}
        assert events_of(scores, 0.5, chosen, 1.0, [(0.0, 1.0)]) == [(0.0, 1.0, labels[0])]


@pytest.mark.parametrize("regions", [[], [(0.0, 0.0)], [(5.0, 6.0)]])
def test_nothing_is_detected_where_nothing_is_annotated(regions):
    assert events_of(np.ones((4, 1), np.float32), 0.5, {"a": parameters(0.5)}, 2.0, regions) == []


def test_an_event_over_a_gap_of_the_annotation_is_two():
    found = events_of(np.ones((4, 1), np.float32), 0.5, {"a": parameters(0.5)}, 2.0, [(0, 0.5), (1.25, 9)])
    assert found == [(0.0, 0.5, "a"), (1.25, 2.0, "a")]
