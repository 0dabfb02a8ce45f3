import numpy as np
import pytest

from pyannote.audio.core.errors import DataError
from pyannote.audio.metrics.event_based import count

LENIENT = {"t_collar": 0.5, "percentage_of_length": 0.5, "event_matching_type": "optimal"}


def perturbed(events, labels, rng):
    """A system's view of the events: moved, relabelled, lost, doubled."""
    seen = []
    for onset, offset, label in events:
        for _ in range(rng.integers(0, 3)):
            start = max(0.0, onset + rng.choice([0.0, -0.5, 0.5, rng.normal(0, 0.4)]))
            stop = max(start, offset + rng.choice([0.0, 0.5, rng.normal(0, 0.6)]))
            seen.append((start, stop, label if rng.random() < 0.7 else labels[rng.integers(len(labels))]))
    return [seen[i] for i in rng.permutation(len(seen))]


@pytest.mark.parametrize("evaluate_offset", [False, True])
def test_equals_sed_eval_on_1000_random_event_lists(
    evaluate_offset, labels, random_events, oracle, differences
):
    rng = np.random.default_rng(3)
    references = [random_events(rng) for _ in range(1000)]
    pairs = [
        (events, random_events(rng) if rng.random() < 0.3 else perturbed(events, labels, rng))
        for events in references
    ]
    pooled = None
    for pair in pairs:
        counts = count(*pair, labels, evaluate_offset=evaluate_offset)
        results = oracle("EventBasedMetrics", [pair], evaluate_offset=evaluate_offset, **LENIENT)
        assert differences(counts, results) == [], pair
        pooled = counts if pooled is None else pooled + counts
    results = oracle("EventBasedMetrics", pairs, evaluate_offset=evaluate_offset, **LENIENT)
    assert differences(pooled, results) == []
    assert pooled.substitutions > 0


@pytest.mark.parametrize("seed", range(20))
def test_equals_sed_eval_on_crowded_lists(seed, labels, oracle, differences):
    rng = np.random.default_rng(seed)
    pair = [
        [(on, on + 1, labels[rng.integers(3)]) for on in np.round(rng.uniform(0, 4, 25), 1)] for _ in range(2)
    ]
    for evaluate_offset in (False, True):
        results = oracle("EventBasedMetrics", [pair], evaluate_offset=evaluate_offset, **LENIENT)
        assert differences(count(*pair, labels, evaluate_offset=evaluate_offset), results) == []


@pytest.mark.parametrize(
    ("estimate", "evaluate_offset", "found"),
    [
        ((2.5, 9.0), False, True),
        ((2.501, 6.0), False, False),
        ((2.5, 8.0), True, True),
        ((2.5, 8.001), True, False),
    ],
)
def test_collars_of_an_event_of_four_seconds(estimate, evaluate_offset, found):
    counts = count([(2.0, 6.0, "car")], [(*estimate, "car")], ["car"], evaluate_offset)
    assert counts.tp.tolist() == [int(found)]
    assert counts.overall.error_rate == pytest.approx(0 if found else 2)


def test_as_many_events_as_possible_are_paired():
    reference = [(0.0, 1.0, "car"), (0.8, 1.8, "car")]
    estimate = [(0.4, 1.4, "car"), (0.1, 1.1, "car")]
    assert count(reference, estimate, ["car"]).tp.tolist() == [2]


def test_unknown_label():
    with pytest.raises(DataError, match="'dog'"):
        count([], [(0.0, 1.0, "dog")], ["car"])
