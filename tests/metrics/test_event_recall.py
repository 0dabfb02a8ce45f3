"""Events that are found, by duration, overlap and level: against grids, and cases worked by hand."""

import numpy as np
import pytest
import soundfile

from pyannote.audio.database.event_levels import STEP, levels, powers_of
from pyannote.audio.io.waveform import info
from pyannote.audio.metrics.event_recall import DURATIONS, ComparedEvents, compared, groups, overlap
from pyannote.audio.metrics.segment_based import activity

LABELS = ("bird", "car")


@pytest.mark.parametrize("seed", range(10))
def test_overlap_equals_a_count_on_a_grid(seed):
    rng = np.random.default_rng(seed)
    starts, lengths = rng.integers(0, 80, 12), rng.integers(1, 30, 12)
    events = [
        (start / 10, (start + length) / 10, "abc"[rng.integers(3)])
        for start, length in zip(starts.tolist(), lengths.tolist(), strict=True)
    ]
    for onset, offset, label in events:
        cells = np.arange(round(10 * onset), round(10 * offset)) / 10 + 0.05
        other = [any(on < cell < off and name != label for on, off, name in events) for cell in cells]
        assert overlap((onset, offset, label), events) == pytest.approx(np.mean(other))


def test_events_are_found_if_a_segment_of_theirs_is():
    reference = [(0.2, 0.6, "bird"), (1.0, 4.0, "car"), (6.5, 7.5, "car"), (9.0, 9.0, "bird")]
    estimate = [(0.9, 1.2, "bird"), (3.5, 3.6, "car"), (8.0, 9.0, "car")]
    found = compared(reference, activity(estimate, LABELS, segments=10), LABELS, reference)
    # the last event has no duration and touches no segment
    assert found.segments.tolist() == [1, 3, 2] and found.agreeing.tolist() == [1, 1, 0]
    by_duration = [
        (one.low, one.events, one.found, one.share) for one in groups(found, found.durations, DURATIONS)
    ]
    assert by_duration == [
        (0.0, 1, 1, 1.0),
        (0.5, 0, 0, None),
        (1.0, 1, 0, 0.0),
        (3.0, 1, 1, 1.0),
        (10.0, 0, 0, None),
    ]
    right = compared(estimate, activity(reference, LABELS, segments=10), LABELS, reference)
    assert right.agreeing.tolist() == [1, 1, 0]


def test_groups_count_every_event_once():
    rng = np.random.default_rng(0)
    durations = rng.exponential(2, 100)
    onsets = rng.uniform(0, 50, 100)
    events = [
        (float(a), float(a + d), LABELS[i % 2])
        for i, (a, d) in enumerate(zip(onsets, durations, strict=True))
    ]
    active = rng.random((80, 2)) < 0.3
    halves = [compared(own, active, LABELS, own) for own in (events[:50], events[50:])]
    pooled = ComparedEvents.pooled(halves)
    found = groups(pooled, pooled.durations, DURATIONS)
    assert sum(one.events for one in found) == 100
    assert [one.events for one in found] == np.histogram(durations, DURATIONS)[0].tolist()


def test_levels_are_those_that_were_mixed(tmp_path):
    """Noise with events of a known gain: their power over that of the noise, in decibels."""
    rng, rate = np.random.default_rng(0), 8000
    samples = rng.normal(0, 0.01, 20 * rate)
    gains = {2.0: 0.0, 6.0: 6.0, 12.0: 20.0}
    for onset, gain in gains.items():
        samples[round(onset * rate) : round((onset + 2) * rate)] *= 10 ** (gain / 20)
    soundfile.write(tmp_path / "a.wav", np.stack([samples, samples], 1), rate, subtype="FLOAT")
    events = [(onset, onset + 2, "car") for onset in gains]
    powers = powers_of(info(tmp_path / "a.wav"))
    assert len(powers) == round(20 / STEP)
    found = levels(powers, events, events, [(0.0, 20.0)])
    assert found == pytest.approx(list(gains.values()), abs=0.3)
    # what is not annotated is no background, though it is loud
    loud = powers.copy()
    loud[round(15 / STEP) :] = 1.0
    assert levels(loud, events, events, [(0.0, 15.0)]) == pytest.approx(found, abs=0.3)


def test_levels_without_background_are_unknown():
    car = (0.0, 1.0, "car")
    assert np.isnan(levels(np.ones(20), [car], [car], [(0.0, 1.0)])).all()
    assert np.isnan(levels(np.zeros(40), [car], [car], [(0.0, 2.0)])).all()
    assert np.isnan(levels(np.ones(40), [(5.0, 6.0, "car")], [], [(0.0, 2.0)])).all()
    assert levels(np.ones(40), [], [], [(0.0, 2.0)]).shape == (0,)
