"""Polyphonic sound detection scores, against cases worked by hand; tests/oracle has a published program."""

import numpy as np
import pytest

from pyannote.audio.metrics.intersection_based import Criteria, Scored
from pyannote.audio.metrics.psds import SCENARIOS, Scenario, psds


def recording(scores, events):
    """Frames of one second."""
    edges = np.arange(len(scores) + 1.0)
    return Scored(np.array(scores, dtype=np.float32), edges[:-1], edges[1:], events)


def of(scenario, scored, labels, seconds):
    return psds(scored, labels, seconds, {"it": scenario})["it"]


def test_one_class_worked_by_hand():
    # a hit at 0.9, a false detection at 0.8, another hit at 0.7, two more false ones at 0.6
    scores = [0.9, 0, 0.8, 0, 0.7, 0, 0.6, 0, 0.6, 0]
    events = [(0.0, 1.0, "car"), (4.0, 5.0, "car")]
    found = of(SCENARIOS["scenario_1"], [recording(np.c_[scores], events)], ["car"], seconds=180.0)
    # in 180 s, one false detection is 20 an hour: the true positive rate is 1/2 up to 20, and 1 from there
    assert found.value == pytest.approx((0.5 * 20 + 1.0 * 80) / 100)
    assert found.class_wise == {"car": found.value} and found.classes == 1


def test_two_classes_are_averaged_minus_their_deviation():
    # the first class is found without error, the second after a false detection, at 36 an hour
    scores = np.array([[0.9, 0.0], [0.0, 0.9], [0.0, 0.0], [0.0, 0.8], [0.0, 0.0]])
    scored = [recording(scores, [(0.0, 1.0, "car"), (3.0, 4.0, "bird")])]
    plain = of(Scenario(Criteria(0.7, 0.7), alpha_st=0.0), scored, ["car", "bird"], 100.0)
    assert plain.class_wise == pytest.approx({"car": 1.0, "bird": 0.64})
    assert plain.value == pytest.approx(0.82)
    # up to 36, rates 1 and 0 have mean 1/2 and standard deviation 1/2
    strict = of(SCENARIOS["scenario_1"], scored, ["car", "bird"], 100.0)
    assert strict.value == pytest.approx(0.64)


def test_cross_triggers_worsen_the_rate_of_false_positives():
    # a false detection of `car` within 2 s of `bird`, then a hit
    scores = np.zeros((20, 2))
    scores[0, 0], scores[3, 0] = 0.9, 0.8
    scored = [recording(scores, [(0.0, 2.0, "bird"), (3.0, 4.0, "car")])]
    found = of(SCENARIOS["scenario_2"], scored, ["car", "bird"], seconds=360.0)
    # 10 an hour, and 0.5 times one cross trigger by 2 s of `bird`, which are 1800 an hour: 910 are too many
    assert found.class_wise["car"] == 0.0
    lenient = Scenario(Criteria(0.1, 0.1, 0.3), alpha_ct=0.01, alpha_st=0.0)
    # 10 + 0.01 * 1800 = 28 an hour
    assert of(lenient, scored, ["car", "bird"], 360.0).class_wise["car"] == pytest.approx(0.72)


def test_a_class_without_events_has_no_score_and_is_left_out_of_the_average():
    scored = [recording([[0.9, 0.9], [0.0, 0.0]], [(0.0, 1.0, "car")])]
    for found in psds(scored, ["car", "bird"], 100.0).values():
        assert found.class_wise == {"car": 1.0, "bird": None}
        assert (found.value, found.classes) == (1.0, 1)
    for nothing in psds([recording([[0.9, 0.9]], [])], ["car", "bird"], 100.0).values():
        assert (nothing.value, nothing.classes) == (None, 0)


def test_a_class_that_is_never_detected_counts_as_zero():
    scored = [recording([[0.9, 0.0], [0.0, 0.0]], [(0.0, 1.0, "car"), (0.0, 1.0, "bird")])]
    found = of(Scenario(Criteria(0.7, 0.7), alpha_st=0.0), scored, ["car", "bird"], 3600.0)
    # the threshold 0 detects one event of 2 s, half of which is `bird`
    assert found.class_wise == {"car": 1.0, "bird": 0.0}
    assert found.value == 0.5


def test_recordings_are_pooled_at_each_threshold():
    first = recording(np.c_[[0.9, 0.0, 0.0]], [(0.0, 1.0, "car")])
    second = recording(np.c_[[0.95, 0.0, 0.8]], [(2.0, 3.0, "car")])
    found = of(SCENARIOS["scenario_1"], [first, second], ["car"], seconds=180.0)
    # a false detection (20 an hour) of the second recording precedes both hits
    assert found.value == pytest.approx(0.8)
