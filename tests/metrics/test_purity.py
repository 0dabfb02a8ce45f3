"""Purity and coverage, compared with pyannote.metrics and brute force."""

import numpy as np
import pytest
from pyannote.core import Annotation, Segment

from pyannote.audio.core.errors import DataError
from pyannote.audio.metrics.purity import coverage, purity


def turns(seed, count=30):
    rng = np.random.default_rng(seed)
    return rng.integers(6, size=count), rng.integers(4, size=count), rng.uniform(0.1, 5, size=count)


def annotation(labels, durations):
    found, ends = Annotation(uri="file"), np.cumsum(durations)
    for label, end, duration in zip(labels, ends, durations, strict=True):
        found[Segment(end - duration, end)] = f"label {label}"
    return found


@pytest.mark.parametrize("seed", range(10))
def test_is_that_of_pyannote_metrics(seed):
    peer = pytest.importorskip("pyannote.metrics.diarization")
    clusters, speakers, durations = turns(seed)
    pair = annotation(speakers, durations), annotation(clusters, durations)
    assert purity(clusters, speakers, durations) == pytest.approx(peer.DiarizationPurity()(*pair))
    assert coverage(clusters, speakers, durations) == pytest.approx(peer.DiarizationCoverage()(*pair))


@pytest.mark.parametrize(
    ("clusters", "speakers", "pure", "covered"),
    [
        ([0, 1, 2], ["a", "a", "b"], 1.0, 0.8),
        ([0, 0, 0], ["a", "a", "b"], 0.6, 1.0),
        (["x", "x", "y"], ["a", "a", "b"], 1.0, 1.0),
        ([0, 1, 1], ["a", "a", "b"], 0.8, 0.8),
    ],
)
def test_by_hand(clusters, speakers, pure, covered):
    durations = [2, 1, 2]
    assert purity(clusters, speakers, durations) == pytest.approx(pure)
    assert coverage(clusters, speakers, durations) == pytest.approx(covered)


@pytest.mark.parametrize(
    ("clusters", "speakers", "durations", "words"),
    [
        ([], [], [], "at least one turn"),
        ([0], [0, 1], [1, 1], "shapes"),
        ([0, 1], [0, 1], [1, 0], "duration of a turn"),
        ([0, 1], [0, 1], [1, np.nan], "duration of a turn"),
    ],
)
def test_impossible_turns(clusters, speakers, durations, words):
    with pytest.raises(DataError, match=words):
        purity(clusters, speakers, durations)
