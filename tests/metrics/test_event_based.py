"""Event-based counts, compared with sed_eval."""

import sys
import time

import numpy as np
import pytest

from pyannote.audio.core.errors import DataError
from pyannote.audio.metrics.event_based import count


def options_of(collar=0.5, share=0.5):
    return {"t_collar": collar, "percentage_of_length": share, "event_matching_type": "optimal"}


def perturbed(events, labels, rng):
    """A system's view of the events: moved, relabelled, lost, doubled."""
    seen = []
    for onset, offset, label in events:
        for _ in range(rng.integers(0, 3)):
            start = max(0.0, onset + rng.choice([0.0, -0.5, 0.5, rng.normal(0, 0.4)]))
            stop = max(start, offset + rng.choice([0.0, 0.5, rng.normal(0, 0.6)]))
            seen.append((start, stop, label if rng.random() < 0.7 else labels[rng.integers(len(labels))]))
    return [seen[i] for i in rng.permutation(len(seen))]


@pytest.mark.parametrize("lists", [300, pytest.param(10_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("evaluate_offset", [False, True])
def test_equals_sed_eval_on_random_event_lists(
    evaluate_offset, lists, labels, random_events, oracle, differences, pooled_by, promise
):
    rng = np.random.default_rng(3)
    references = [random_events(rng) for _ in range(lists)]
    pairs = [
        (events, random_events(rng) if rng.random() < 0.3 else perturbed(events, labels, rng))
        for events in references
    ]
    collars = rng.choice([0.5, 0.2, 0.1, 1.0], lists).tolist()
    alone, pooled = [], []
    for pair, collar in zip(pairs, collars, strict=True):
        share = 0.2 if collar == 0.2 else 0.5
        counts = count(*pair, labels, evaluate_offset, collar, share)
        results = oracle(
            "EventBasedMetrics", [pair], evaluate_offset=evaluate_offset, **options_of(collar, share)
        )
        alone += differences(counts, results)
        if collar == 0.5:
            pooled.append((collar, pair, counts))
    for collar, own, counts in pooled_by(pooled):
        results = oracle("EventBasedMetrics", own, evaluate_offset=evaluate_offset, **options_of(collar))
        alone += differences(counts, results)
        assert counts.substitutions > 0
    assert alone == []
    promise(
        f"Event-based figures ({'onset and offset' if evaluate_offset else 'onset'}) are those of sed_eval.",
        "Random pairs of event lists with overlapping, moved, doubled and lost events or none, four collars; "
        "each pair alone and pooled, every figure that sed_eval gives.",
        f"{lists} pairs, {len(alone)} figures differ",
    )


@pytest.mark.parametrize("seed", range(20))
def test_equals_sed_eval_on_crowded_lists(seed, labels, oracle, differences):
    rng = np.random.default_rng(seed)
    pair = [
        [(on, on + 1, labels[rng.integers(3)]) for on in np.round(rng.uniform(0, 4, 25), 1)] for _ in range(2)
    ]
    for evaluate_offset in (False, True):
        results = oracle("EventBasedMetrics", [pair], evaluate_offset=evaluate_offset, **options_of())
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


@pytest.mark.parametrize("evaluate_offset", [False, True])
def test_a_hundred_thousand_events_of_a_file(evaluate_offset):
    """A table of all pairs would take 10 GB; the second list is the first one, in another order."""
    rng = np.random.default_rng(0)
    onsets = rng.uniform(0, 24 * 3600, 100_000).round(3)
    events = [(onset, onset + 1, "ab"[index % 2]) for index, onset in enumerate(onsets.tolist())]
    shuffled = [events[index] for index in rng.permutation(len(events))]
    start = time.process_time()
    counts = count(events, shuffled, ["a", "b"], evaluate_offset)
    assert time.process_time() - start < 10
    assert counts.tp.tolist() == [50_000, 50_000]


def test_events_that_compete_in_a_long_chain_are_all_paired(promise):
    """Each event could be paired with two others; the last one decides about all of them."""
    length = 3000
    reference = [(0.9 * index, 0.9 * index + 1, "car") for index in range(length + 1)]
    estimate = [(onset + 0.45, offset + 0.45, "car") for onset, offset, _ in reference[:-1]]
    counts = count(reference, [*estimate, reference[0]], ["car"], evaluate_offset=False)
    assert counts.tp.tolist() == [length + 1]
    assert sys.getrecursionlimit() < length
    promise(
        "Many events of one file are compared without a table of all pairs and without an error.",
        "A chain of events each of which fits two others: sed_eval's matching calls itself once an event.",
        f"{length + 1} of {length + 1} events paired",
    )
