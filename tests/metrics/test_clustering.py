"""Clustering curves, compared with SciPy and with brute force."""

import time

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import cdist, squareform

from pyannote.audio.core.errors import DataError
from pyannote.audio.metrics.clustering import agglomerate, clustering_curve
from pyannote.audio.metrics.distances import distances
from pyannote.audio.metrics.purity import coverage, purity

METHODS = ("average", "complete", "single", "weighted")


def conversation(seed):
    """Turns of a few speakers; some files have equal embeddings, equal distances, or a single turn."""
    rng = np.random.default_rng(seed)
    turns = int(rng.integers(1, 25)) if seed % 4 else 1
    speakers = rng.integers(4, size=turns)
    embeddings = rng.normal(size=(4, 3))[speakers] + 0.6 * rng.normal(size=(turns, 3))
    if seed % 3 == 0:
        embeddings = embeddings.round()
    return embeddings, speakers, rng.uniform(0.2, 5, size=turns)


def clustered(file, threshold, metric, method):
    if len(file[0]) == 1:
        return np.array([1])
    return fcluster(linkage(distances(file[0], metric), method), threshold, "distance")


def pooled(files, threshold, metric, method):
    """Purity and coverage of one threshold, each file clustered by itself."""
    clusters = [clustered(file, threshold, metric, method) for file in files]
    labels = np.concatenate([[f"{n}-{label}" for label in found] for n, found in enumerate(clusters)])
    speakers = np.concatenate([[f"{n}-{who}" for who in file[1]] for n, file in enumerate(files)])
    durations = np.concatenate([file[2] for file in files])
    return purity(labels, speakers, durations), coverage(labels, speakers, durations)


@pytest.mark.parametrize("metric", ["cosine", "euclidean", "angular"])
@pytest.mark.parametrize("method", METHODS)
def test_every_threshold_equals_clustering_with_it(metric, method):
    files = [conversation(seed) for seed in range(6)]
    curve = clustering_curve([agglomerate(*file, metric, method) for file in files])
    assert curve.thresholds[0] == 0 and (np.diff(curve.thresholds) > 0).all()
    heights = [linkage(distances(file[0], metric), method)[:, 2] for file in files if len(file[0]) > 1]
    assert np.array_equal(curve.thresholds, np.unique(np.append(0.0, np.concatenate(heights))))
    for step, threshold in enumerate(curve.thresholds):
        expected = pooled(files, threshold, metric, method)
        assert (curve.purity[step], curve.coverage[step]) == pytest.approx(expected)
        found = curve.at(threshold)
        assert (found.purity, found.coverage) == pytest.approx(expected)


@pytest.mark.parametrize("wanted", [None, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("seed", range(5))
def test_no_threshold_is_better_than_the_best(seed, wanted):
    files = [conversation(5 * seed + number) for number in range(5)]
    best = clustering_curve([agglomerate(*file) for file in files]).best(wanted)
    assert (best.purity, best.coverage) == pytest.approx(pooled(files, best.threshold, "cosine", "average"))
    tried = [pooled(files, threshold, "cosine", "average") for threshold in np.linspace(0, 2, 150)]
    assert best.f_score == pytest.approx(2 / (1 / best.purity + 1 / best.coverage))
    if wanted is None:
        assert best.f_score >= max(2 / (1 / p + 1 / c) for p, c in tried) - 1e-9
    else:
        pure = [c for p, c in tried if p >= wanted - 1e-9]
        assert best.attained == bool(pure)
        assert best.coverage >= max(pure, default=0) - 1e-9
        assert not best.attained or best.purity >= wanted - 1e-9


def test_the_threshold_lies_half_way_to_the_next_merge():
    curve = clustering_curve([agglomerate([[0.0], [1.0], [5.0]], [0, 0, 1], [1, 1, 1], "euclidean")])
    assert curve.best().threshold == (1 + 4.5) / 2
    assert curve.best(0.5).threshold == curve.best(1.0).threshold == curve.best().threshold
    assert curve.at(0.99).coverage == pytest.approx(2 / 3)


def test_equal_embeddings_of_different_speakers_cannot_be_pure():
    curve = clustering_curve([agglomerate([[1.0, 1.0]] * 2, ["a", "b"], [1, 3])])
    best = curve.best(0.9)
    assert not best.attained and (best.purity, best.threshold) == (0.75, 0.0)


def test_one_turn():
    curve = clustering_curve([agglomerate([[1.0, 2.0]], ["a"], [3.0])])
    assert curve.best()[:4] == (0.0, 1.0, 1.0, 1.0)


@pytest.mark.parametrize("metric", ["cosine", "euclidean", "angular"])
def test_distances(metric):
    rng = np.random.default_rng(0)
    points = rng.normal(size=(7, 3))
    points[2] = points[1]
    cosine = 1 - cdist(points, points, "cosine")
    expected = {
        "cosine": 1 - cosine,
        "euclidean": cdist(points, points),
        "angular": np.arccos(cosine.clip(-1, 1)),
    }
    found = squareform(distances(points.astype(np.float64), metric))
    assert found == pytest.approx(expected[metric], abs=3e-8)
    assert found[1, 2] == 0 and (found >= 0).all()


@pytest.mark.parametrize(("metric", "far"), [("cosine", 1.0), ("angular", np.pi / 2)])
def test_a_vector_of_zeros_is_at_a_right_angle_to_all(metric, far):
    assert distances([[0, 0], [0, 0], [3, 4]], metric) == pytest.approx(np.full(3, far))


def test_two_thousand_turns():
    rng = np.random.default_rng(0)
    speakers = rng.integers(6, size=2000)
    embeddings = rng.normal(size=(6, 64))[speakers] + rng.normal(size=(2000, 64))
    start = time.process_time()
    best = clustering_curve([agglomerate(embeddings, speakers, rng.uniform(0.2, 5, 2000))]).best()
    assert best.f_score > 0.99
    assert time.process_time() - start < 3


@pytest.mark.parametrize(
    ("embeddings", "speakers", "durations", "metric", "words"),
    [
        ([[1.0], [np.nan], [np.inf]], [0, 0, 1], [1, 1, 1], "cosine", "2 of 3 embeddings .* turn 2"),
        ([[1.0], [2.0]], [0, 1], [1, 1], "manhattan", "Unknown metric 'manhattan'"),
        ([[1.0]], [0, 1], [1, 1], "cosine", "for 2 turns"),
        ([1.0, 2.0], [0, 1], [1, 1], "cosine", "shape"),
        (np.zeros((0, 3)), [], [], "cosine", "at least one turn"),
        ([[1.0], [2.0]], [0, 1], [1, -1], "cosine", "duration of a turn"),
    ],
)
def test_impossible_turns(embeddings, speakers, durations, metric, words):
    with pytest.raises(DataError, match=words):
        agglomerate(embeddings, speakers, durations, metric)


@pytest.mark.parametrize("wanted", [0.0, 1.5, 90, np.nan])
def test_impossible_purity(wanted):
    curve = clustering_curve([agglomerate([[1.0, 2.0]], ["a"], [3.0])])
    with pytest.raises(DataError, match="purity"):
        curve.best(wanted)


def test_no_file():
    with pytest.raises(DataError, match="no speech turns"):
        clustering_curve([])
