"""Event lists from the tests of sed_eval: figures of sed_eval, and of the definition in plain loops."""

import math
from itertools import product
from pathlib import Path

import pytest

from pyannote.audio.metrics import event_based, segment_based
from pyannote.audio.metrics.official import evaluate

FOLDER = Path(__file__).parent / "sed_eval_data"
GROUPS = [["office_snr0_med_v2", "office_snr0_high_v2"], ["mini_a"], ["mini_b"]]
MATCHING = {"percentage_of_length": 0.5, "event_matching_type": "optimal"}


def read(name, side):
    rows = [line.split("\t") for line in (FOLDER / f"{name}.{side}.tsv").read_text().splitlines()]
    return [(float(onset), float(offset), label) for onset, offset, label in rows]


@pytest.fixture(params=GROUPS, ids=lambda names: names[0])
def published(request):
    """Pairs of lists that are pooled, and all labels."""
    pairs = [(read(name, "reference"), read(name, "estimate")) for name in request.param]
    return pairs, sorted({label for pair in pairs for events in pair for *_, label in events})


def looped(pairs, labels):
    """Hits, active, found and substituted segments of 1 s, and errors: one segment and class at a time."""
    hits = n_reference = n_system = substitutions = errors = 0
    for pair in pairs:
        for segment in range(math.ceil(max(offset for events in pair for _, offset, _ in events))):
            misses = alarms = 0
            for label in labels:
                true, found = (
                    any(on < segment + 1 and off > segment for on, off, own in events if own == label)
                    for events in pair
                )
                n_reference, n_system, hits = n_reference + true, n_system + found, hits + (true and found)
                misses, alarms = misses + (true and not found), alarms + (found and not true)
            substitutions, errors = substitutions + min(misses, alarms), errors + max(misses, alarms)
    return hits, n_reference, n_system, substitutions, errors


def test_segments(published, oracle, differences_of, promise):
    pairs, labels = published
    counts = [
        segment_based.count(*(segment_based.activity(events, labels) for events in pair)) for pair in pairs
    ]
    pooled = sum(counts[1:], counts[0])
    found = pooled.tp.sum(), pooled.n_reference.sum(), pooled.n_system.sum(), pooled.substitutions
    assert found == looped(pairs, labels)[:4]
    differ = differences_of(labels)(pooled, oracle("SegmentBasedMetrics", pairs, labels, time_resolution=1.0))
    assert differ == []
    measures = pooled.overall
    promise(
        "Segment-based figures of sed_eval's own published lists are those of sed_eval.",
        "1 s segments, every figure; hits and substitutions also in plain loops over segments and classes.",
        f"{sum(map(len, pairs))} lists, {len(differ)} figures differ "
        f"(ER {measures.error_rate:.4f}, F1 {measures.f_measure:.4f})",
    )


def test_events(published, oracle, differences_of, promise):
    pairs, labels = published
    kinds = list(product([0.2, 0.5], [False, True]))
    for collar, evaluate_offset in kinds:
        counts = [event_based.count(*pair, labels, evaluate_offset, collar) for pair in pairs]
        options = {"t_collar": collar, "evaluate_offset": evaluate_offset, **MATCHING}
        pooled = sum(counts[1:], counts[0])
        theirs = oracle("EventBasedMetrics", pairs, labels, **options)
        assert differences_of(labels)(pooled, theirs) == []
    promise(
        "Event-based figures of sed_eval's own published lists are those of sed_eval.",
        "Collars of 0.2 and 0.5 s, with and without offsets, every figure.",
        f"{sum(map(len, pairs))} lists in {len(kinds)} ways, 0 figures differ",
    )


def test_the_official_figures_are_the_same(published):
    pairs, labels = published
    lists = {str(index): pair for index, pair in enumerate(pairs)}
    results = evaluate(
        {name: reference for name, (reference, _) in lists.items()},
        {name: estimate for name, (_, estimate) in lists.items()},
        labels,
    )
    hits, n_reference, n_system, substitutions, errors = looped(pairs, labels)
    overall = results["segment_based"]["overall"]
    assert overall["f_measure"]["precision"] == pytest.approx(hits / n_system)
    assert overall["error_rate"]["error_rate"] == pytest.approx(errors / n_reference)
    assert overall["error_rate"]["substitution_rate"] == pytest.approx(substitutions / n_reference)
