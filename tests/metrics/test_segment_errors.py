"""Kinds of segment-based errors: against sed_eval, a search segment by segment, and a case by hand."""

import numpy as np
import pytest

from pyannote.audio.metrics.segment_based import activity, count
from pyannote.audio.metrics.segment_errors import Segments, ceilings, confusions, error_kinds

KINDS = ("missed", "invented", "confused", "boundary")


@pytest.fixture
def files(random_events):
    """Pairs of event lists of ten files."""

    def draw(seed):
        rng = np.random.default_rng(seed)
        return [(random_events(rng), random_events(rng)) for _ in range(10)]

    return draw


def segments_of(pairs, labels):
    return Segments.pooled(Segments.of(*(activity(events, labels) for events in pair)) for pair in pairs)


@pytest.mark.parametrize("seed", range(20))
def test_kinds_add_up_to_the_errors_of_sed_eval(files, labels, oracle, seed):
    pairs = files(seed)
    kinds = error_kinds(segments_of(pairs, labels))
    assert tuple(kinds) == KINDS
    expected = oracle("SegmentBasedMetrics", pairs, time_resolution=1.0)
    result, reference = (
        expected["overall"]["error_rate"],
        sum(one["count"]["Nref"] for one in expected["class_wise"].values()),
    )
    if not reference:
        pytest.skip("nothing is annotated")
    for name in ("substitution", "deletion", "insertion"):
        total = sum(getattr(errors, f"{name}s") for errors in kinds.values())
        assert total / reference == pytest.approx(result[f"{name}_rate"], abs=1e-12)
    assert sum(errors.total for errors in kinds.values()) / reference == pytest.approx(result["error_rate"])


def runs(column):
    """First and last segments of the runs of a class."""
    edges = np.flatnonzero(np.diff(np.r_[0, column, 0]))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def sets(reference, estimate):
    """Missed, short, invented and long (segment, class), run by run."""
    missed, short, invented, long = set(), set(), set(), set()
    for of, against, whole, part in (
        (reference, estimate, missed, short),
        (estimate, reference, invented, long),
    ):
        for column in range(of.shape[1]):
            for start, stop in runs(of[:, column]):
                wrong = {(k, column) for k in range(start, stop) if not against[k, column]}
                (whole if len(wrong) == stop - start else part).update(wrong)
    return missed, short, invented, long


@pytest.mark.parametrize("seed", range(20))
def test_kinds_equal_those_found_segment_by_segment(seed):
    rng = np.random.default_rng(seed)
    reference, estimate = (rng.random((40, 4)) < rng.uniform(0.1, 0.6) for _ in range(2))
    missed, short, invented, long = sets(reference, estimate)
    expected = {kind: [0, 0, 0] for kind in KINDS}
    for k in range(40):
        m, b, v, e = (sum(1 for segment, _ in own if segment == k) for own in (missed, short, invented, long))
        # errors are made one by one: confusions, then pairs with as many errors at boundaries as there are
        while m and v:
            expected["confused"][0] += 1
            m, v = m - 1, v - 1
        while (m or b) and (v or e):
            expected["boundary"][0] += 1
            m, b = (m, b - 1) if b else (m - 1, b)
            v, e = (v, e - 1) if e else (v - 1, e)
        expected["missed"][1] += m
        expected["boundary"][1] += b
        expected["invented"][2] += v
        expected["boundary"][2] += e
    found = error_kinds(Segments.of(reference, estimate))
    assert {kind: list(errors) for kind, errors in found.items()} == expected


def error_rate_and_f(reference, estimate):
    overall = count(reference, estimate).overall
    return overall.error_rate, overall.f_measure


@pytest.mark.parametrize("seed", range(10))
def test_ceilings_are_figures_of_corrected_detections(seed):
    """Each correction is made in the detections, which are then counted as any others."""
    rng = np.random.default_rng(seed)
    reference, estimate = (rng.random((60, 3)) < 0.35 for _ in range(2))
    missed, short, invented, long = sets(reference, estimate)
    corrected = {name: estimate.copy() for name in ("exact", "right", "missed", "invented")}
    for name, wrong, value in (
        ("exact", short, True),
        ("exact", long, False),
        ("missed", missed, True),
        ("invented", invented, False),
    ):
        for place in wrong:
            corrected[name][place] = value
    for k in range(60):
        lacking = [place for place in sorted(missed) if place[0] == k]
        extra = [place for place in sorted(invented) if place[0] == k]
        for one, other in zip(lacking, extra, strict=False):
            corrected["right"][one], corrected["right"][other] = True, False
    expected = [estimate, *(corrected[name] for name in ("exact", "right", "missed", "invented"))]
    found = ceilings(Segments.of(reference, estimate))
    assert list(found) == [
        "as it is",
        "exact boundaries",
        "right class",
        "nothing missed",
        "nothing invented",
    ]
    for measures, active in zip(found.values(), expected, strict=True):
        wanted = error_rate_and_f(reference, active)
        assert (measures.error_rate, measures.f_measure) == pytest.approx(wanted, abs=1e-12)


def test_a_case_worked_by_hand():
    """A car is heard late and too long, a dog for a bird, a bird where nothing is, and a dog not at all."""
    labels = ["bird", "car", "dog"]
    reference = activity([(0, 4, "car"), (10, 12, "bird"), (20, 21, "dog")], labels, segments=30)
    estimate = activity([(2, 6, "car"), (10, 12, "dog"), (25, 28, "bird")], labels, segments=30)
    segments = Segments.of(reference, estimate)
    kinds = {kind: tuple(errors) for kind, errors in error_kinds(segments).items()}
    assert kinds == {"missed": (0, 1, 0), "invented": (0, 0, 3), "confused": (2, 0, 0), "boundary": (0, 2, 2)}
    assert confusions(segments).tolist() == [[0, 0, 2], [0, 0, 0], [0, 0, 0]]
    rates = {name: round(7 * one.error_rate) for name, one in ceilings(segments).items()}
    # of 7 annotated segments, 10 errors: 4 at boundaries, 2 confused, 1 missed, 3 invented
    assert rates["as it is"] == 10 and rates["exact boundaries"] == 6 and rates["right class"] == 8
    # a bird that is found beside the dog is no substitution any more, and leaves an insertion
    assert rates["nothing missed"] == 9 and rates["nothing invented"] == 7


def test_nothing_annotated_and_nothing_detected():
    nothing = np.zeros((3, 2), bool)
    segments = Segments.of(nothing, nothing[:0])
    assert all(errors.total == 0 for errors in error_kinds(segments).values())
    assert all(np.isnan(measures.error_rate) for measures in ceilings(segments).values())
    everything = Segments.of(~nothing, ~nothing)
    assert all(measures.error_rate == 0 for measures in ceilings(everything).values())
