"""PLDA against joint normal distributions of scipy, simulated speakers, and loops."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn.metrics import roc_auc_score

from pyannote.audio.embedding.backends._speaker_statistics import speaker_statistics
from pyannote.audio.embedding.backends.base import unit
from pyannote.audio.embedding.backends.plda import PLDA
from pyannote.audio.embedding.backends.wccn import WCCN


def simulated(speakers=15, turns=6, dimension=4, seed=0):
    """Embeddings of a two-covariance model with unequal covariances, away from the origin."""
    random = np.random.default_rng(seed)
    mix = random.normal(size=(2, dimension, dimension))
    labels = np.repeat(np.arange(speakers), turns)
    persons, deviations = (
        random.normal(size=(speakers, dimension)),
        random.normal(size=(len(labels), dimension)),
    )
    return (2 + persons[labels] @ mix[0] + 0.3 * deviations @ mix[1]).astype(np.float32), labels


def shrunk(covariance, shrinkage):
    level = np.trace(covariance) / len(covariance)
    return (1 - shrinkage) * covariance + shrinkage * level * np.eye(len(covariance))


def by_scipy(embeddings, speakers, trials, shrinkage):
    """Log-likelihood ratio of all pairs of trials, step by step, with joint distributions."""

    def scaled(rows):
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def covariances(values):
        groups = [values[speakers == one] for one in np.unique(speakers)]
        within = sum((len(g) - 1) * np.cov(g.T) for g in groups) / (len(values) - len(groups))
        # equally many turns of each: the covariance of the means is B + W / n
        between = np.cov(np.array([g.mean(axis=0) for g in groups]).T) - within / len(groups[0])
        return within, between

    def normalised(rows):
        return scaled((scaled(rows.astype(np.float64)) - mean) @ white) * np.sqrt(rows.shape[1])

    points = scaled(embeddings.astype(np.float64))
    mean = points.mean(axis=0)
    variances, directions = np.linalg.eigh(shrunk(covariances(points - mean)[0], shrinkage))
    white = directions / np.sqrt(variances)
    learned = normalised(embeddings)
    within, between = covariances(learned)
    variances, directions = np.linalg.eigh(between)
    between = shrunk((directions * np.maximum(variances, 0)) @ directions.T, shrinkage)
    within, n = shrunk(within, shrinkage), learned.mean(axis=0)
    total = between + within
    one = multivariate_normal(np.tile(n, 2), np.block([[total, between], [between, total]]))
    alone = multivariate_normal(n, total)
    rows = normalised(trials)
    return np.array(
        [[one.logpdf(np.concatenate([x, y])) - alone.logpdf(x) - alone.logpdf(y) for y in rows] for x in rows]
    )


@pytest.mark.parametrize("shrinkage", [0.02, 0.3, 1.0])
def test_similarity_is_the_likelihood_ratio_of_joint_normal_distributions(shrinkage):
    embeddings, speakers = simulated()
    trials, _ = simulated(speakers=4, turns=2, seed=1)
    backend = PLDA(shrinkage, cohort=0, domains=1)
    backend.fit(embeddings, speakers)
    first, second = np.divmod(np.arange(64), 8)
    found = backend.similarity(backend.transform(trials), first, second).reshape(8, 8)
    expected = by_scipy(embeddings, speakers, trials, shrinkage)
    assert np.abs(expected).max() > 1
    assert found == pytest.approx(expected, rel=2e-4, abs=2e-4)


def test_covariances_of_a_known_model_are_found():
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(3000), random.integers(1, 6, size=3000))
    within, between = np.diag([1.0, 4.0]), np.array([[3.0, 1.0], [1.0, 2.0]])
    values = random.multivariate_normal([5, 5], between, size=3000)[labels]
    values = values + random.multivariate_normal([0, 0], within, size=len(labels))
    found = speaker_statistics(values, labels)
    assert found.within == pytest.approx(within, abs=0.15)
    assert found.between() == pytest.approx(between, abs=0.25)


def test_between_equals_the_analysis_of_variance_of_one_variable_by_hand():
    # groups (0, 2), (4,), (10, 12, 14): within = (2 + 0 + 8) / 3; n = (6 - 14 / 6) / 2 = 11 / 6
    values = np.array([0.0, 2, 4, 10, 12, 14])[:, None]
    found = speaker_statistics(values, np.array([0, 0, 1, 2, 2, 2]))
    scatter = (2 * (1 - 7) ** 2 + (4 - 7) ** 2 + 3 * (12 - 7) ** 2) / 2
    assert found.within[0, 0] == pytest.approx(10 / 3)
    assert found.between()[0, 0] == pytest.approx((scatter - 10 / 3) / (11 / 6))


@pytest.mark.parametrize("cohort", [1, 4, 100])
def test_normalised_scores_equal_a_loop(cohort):
    embeddings, speakers = simulated()
    plain, backend = PLDA(0.2, 0, 1), PLDA(0.2, cohort, 1)
    plain.fit(embeddings, speakers)
    backend.fit(embeddings, speakers)
    taught = plain.transform(embeddings)
    people = np.array([taught[speakers == one].mean(axis=0) for one in np.unique(speakers)])
    points = plain.transform(simulated(speakers=3, turns=2, seed=2)[0])

    def score(x, y):
        return plain.similarity(np.stack([x, y]).astype(np.float32), np.array([0]), np.array([1]))[0]

    common = [np.mean(sorted(score(x, one) for one in people)[-cohort:]) for x in points]
    first, second = np.triu_indices(len(points), 1)
    expected = [
        score(points[i], points[j]) - (common[i] + common[j]) / 2 for i, j in zip(first, second, strict=True)
    ]
    assert backend.similarity(points, first, second) == pytest.approx(expected, rel=1e-3, abs=1e-3)


def test_it_weighs_directions_by_how_much_speakers_differ_in_them():
    # speakers differ in the first two dimensions only; the cosine of whitened embeddings counts all alike
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(80), 5)
    points = random.normal(size=(400, 12))
    points[:, :2] += 2 * random.normal(size=(80, 2))[labels]
    points = (points + 10 * np.eye(12)[11]).astype(np.float32)
    first, second = np.triu_indices(200, 1)
    targets = labels[200:][first] == labels[200:][second]
    area = {}
    for make in (WCCN, PLDA):
        backend = make(0.1, 0, 1)
        backend.fit(points[:200], labels[:200])
        area[make] = roc_auc_score(
            targets, backend.similarity(backend.transform(points[200:]), first, second)
        )
    assert area[PLDA] > area[WCCN] + 0.05


def test_length_of_embeddings_does_not_matter():
    embeddings, speakers = simulated()
    lengths = np.random.default_rng(0).uniform(0.1, 10, size=(len(embeddings), 1)).astype(np.float32)
    one, other = PLDA(0.2, 3, 1), PLDA(0.2, 3, 1)
    one.fit(embeddings, speakers)
    other.fit(embeddings * lengths, speakers)
    assert unit(one.transform(embeddings)) == pytest.approx(unit(other.transform(embeddings)), abs=1e-3)
