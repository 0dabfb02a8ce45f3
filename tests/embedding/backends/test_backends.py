"""Back-ends against scipy, scikit-learn and loops."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.spatial import distance
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from pyannote.audio.core.errors import ConfigError, DataError
from pyannote.audio.embedding.backends import direct
from pyannote.audio.embedding.backends.base import unit
from pyannote.audio.embedding.backends.direct import Direct
from pyannote.audio.embedding.backends.plda import PLDA
from pyannote.audio.embedding.backends.wccn import WCCN

BY_HAND = {
    "cosine": lambda u, v: 1 - distance.cosine(u, v),
    "euclidean": lambda u, v: -distance.euclidean(u, v),
    "angular": lambda u, v: (
        -np.arctan2(
            np.linalg.norm(u / np.linalg.norm(u) - v / np.linalg.norm(v)) / 2,
            np.linalg.norm(u / np.linalg.norm(u) + v / np.linalg.norm(v)) / 2,
        )
        * 2
    ),
}


def random_pairs(count=50, dimension=7, pairs=200, seed=0):
    random = np.random.default_rng(seed)
    embeddings = random.normal(1, 1, size=(count, dimension)).astype(np.float32)
    return embeddings, *random.integers(0, count, size=(2, pairs))


def training(speakers=12, turns=8, dimension=5, seed=0):
    """Embeddings that vary unequally in different directions; speakers have different numbers of turns."""
    random = np.random.default_rng(seed)
    labels = np.repeat(np.arange(speakers), 2 + np.arange(speakers) % turns)
    noise = random.normal(size=(len(labels), dimension)) @ random.normal(size=(dimension, dimension))
    return (3 * random.normal(size=(speakers, dimension))[labels] + noise).astype(np.float32), labels


def scaled(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


class TestDirect:
    @pytest.mark.parametrize("metric", BY_HAND)
    def test_equals_scipy(self, metric):
        embeddings, first, second = random_pairs()
        expected = [
            BY_HAND[metric](*embeddings[[i, j]].astype(np.float64))
            for i, j in zip(first, second, strict=True)
        ]
        found = Direct(metric).similarity(embeddings, first, second)
        assert found.dtype == np.float32
        assert found == pytest.approx(expected, abs=1e-6)

    @pytest.mark.parametrize("metric", BY_HAND)
    @pytest.mark.parametrize("scale", [1e-25, 1e-3, 1e25])
    def test_scale_matters_to_euclidean_distance_alone(self, metric, scale):
        embeddings, first, second = random_pairs(seed=1)
        small = (embeddings * scale).astype(np.float32)
        expected = Direct(metric).similarity(embeddings, first, second)
        expected, slack = (expected * scale, 1e-32) if metric == "euclidean" else (expected, 1e-6)
        assert Direct(metric).similarity(small, first, second) == pytest.approx(expected, rel=1e-5, abs=slack)

    @pytest.mark.parametrize(("metric", "best"), [("cosine", 1.0), ("euclidean", 0.0), ("angular", 0.0)])
    def test_nothing_is_more_alike_than_the_same(self, metric, best):
        embeddings, *_ = random_pairs()
        same = np.arange(len(embeddings))
        assert Direct(metric).similarity(embeddings, same, same) == pytest.approx(best, abs=1e-6)

    @pytest.mark.parametrize(
        ("metric", "one_zero", "both_zero"),
        [("cosine", 0.0, 0.0), ("euclidean", -5.0, 0.0), ("angular", -np.pi / 2, -np.pi / 2)],
    )
    def test_zeros_are_at_a_right_angle_to_all(self, metric, one_zero, both_zero):
        embeddings = np.array([[3, 4], [0, 0]], dtype=np.float32)
        found = Direct(metric).similarity(embeddings, np.array([0, 1]), np.array([1, 1]))
        assert found == pytest.approx([one_zero, both_zero])

    def test_opposite_embeddings(self):
        embeddings = np.array([[3, 4], [-6, -8]], dtype=np.float32)
        found = [Direct(metric).similarity(embeddings, np.array([0]), np.array([1]))[0] for metric in BY_HAND]
        assert found == pytest.approx([-1.0, -15.0, -np.pi])

    @pytest.mark.parametrize("metric", BY_HAND)
    def test_blocks_do_not_matter(self, metric, monkeypatch):
        embeddings, first, second = random_pairs(pairs=101)
        whole = Direct(metric).similarity(embeddings, first, second)
        monkeypatch.setattr(direct, "BLOCK", 10)
        assert np.array_equal(Direct(metric).similarity(embeddings, first, second), whole)

    def test_embeddings_are_compared_as_they_are(self):
        embeddings, *_ = random_pairs()
        assert Direct().transform(embeddings) is embeddings and not Direct().needs_training


def test_cosine_stays_within_its_range():
    rows = np.full((1000, 3), 0.1, dtype=np.float32) * np.arange(1, 1001, dtype=np.float32)[:, None]
    rows = np.concatenate([rows, -rows])
    first, second = np.random.default_rng(0).integers(0, len(rows), size=(2, 5000))
    for metric, furthest in (("cosine", 1), ("angular", np.pi)):
        found = Direct(metric).similarity(rows, first, second)
        assert np.isfinite(found).all() and np.abs(found).max() <= np.float32(furthest)


@given(hnp.arrays(np.float32, (3, 4), elements=st.floats(-(2.0**100), 2.0**100, width=32)))
def test_rows_are_scaled_to_length_one(rows):
    lengths = np.linalg.norm(unit(rows), axis=1)
    assert lengths == pytest.approx((rows != 0).any(axis=1).astype(float), abs=1e-6)


@pytest.mark.parametrize("shrinkage", [0.0, 0.5, 1.0])
@pytest.mark.parametrize(
    ("embeddings", "speakers"),
    [
        (np.random.default_rng(0).normal(size=(6, 40)), [0, 0, 1, 1, 2, 2]),
        (np.random.default_rng(0).normal(size=(6, 3)), [0] * 6),
        (np.repeat(np.random.default_rng(0).normal(size=(3, 4)), 2, axis=0), [0, 0, 1, 1, 2, 2]),
        (np.zeros((4, 3)), [0, 0, 1, 1]),
        (np.eye(4)[[0, 0, 1, 1]] * 1e-30, [0, 0, 1, 1]),
    ],
    ids=["more dimensions than embeddings", "one speaker", "no variation", "zeros", "tiny"],
)
@pytest.mark.parametrize(
    "make", [partial(WCCN, cohort=2), partial(PLDA, cohort=2, domains=1)], ids=["WCCN", "PLDA"]
)
def test_scores_are_finite(make, embeddings, speakers, shrinkage):
    backend = make(shrinkage)
    backend.fit(embeddings.astype(np.float32), np.array(speakers))
    points = np.random.default_rng(1).normal(size=(5, embeddings.shape[1]))
    trials = np.concatenate([embeddings, points, 0 * points]).astype(np.float32)
    first, second = np.triu_indices(len(trials), 1)
    assert np.isfinite(backend.similarity(backend.transform(trials), first, second)).all()


class TestWCCN:
    def test_covariance_within_speakers_is_the_identity_afterwards(self):
        embeddings, speakers = training()
        backend = WCCN(shrinkage=0.0, cohort=0)
        backend.fit(embeddings, speakers)
        state = backend.state()
        whitened = (scaled(embeddings) - state["center"]) @ state["projection"]
        scatter = sum(
            (len(own) - 1) * np.cov(own.T)
            for own in (whitened[speakers == speaker] for speaker in np.unique(speakers))
        )
        assert scatter / (len(speakers) - len(np.unique(speakers))) == pytest.approx(np.eye(5), abs=1e-3)
        # what is compared has the direction of these, and length 1
        assert backend.transform(embeddings) == pytest.approx(scaled(whitened), abs=1e-5)

    @pytest.mark.parametrize("shrinkage", [0.0, 0.3, 1.0])
    def test_cosine_is_that_of_the_inverse_covariance_of_scikit_learn(self, shrinkage):
        embeddings, speakers = training(seed=1)
        ours = WCCN(shrinkage, cohort=0)
        ours.fit(embeddings, speakers)
        points = scaled(embeddings.astype(np.float64))
        # scikit-learn divides by the number of samples, which is biased
        theirs = LinearDiscriminantAnalysis("eigen", store_covariance=True).fit(points, speakers).covariance_
        theirs = theirs * len(points) / (len(points) - len(np.unique(speakers)))
        theirs = (1 - shrinkage) * theirs + shrinkage * np.trace(theirs) / 5 * np.eye(5)
        centred = points - points.mean(axis=0)
        products = centred @ np.linalg.inv(theirs) @ centred.T
        expected = products / np.sqrt(np.outer(np.diag(products), np.diag(products)))
        first, second = np.triu_indices(len(points), 1)
        found = ours.similarity(ours.transform(embeddings), first, second)
        assert found == pytest.approx(expected[first, second], abs=1e-4)

    @pytest.mark.parametrize("cohort", [1, 3, 12, 1000])
    def test_normalised_scores_equal_a_loop(self, cohort):
        embeddings, speakers = training()
        backend, plain = WCCN(0.2, cohort), WCCN(0.2, cohort=0)
        backend.fit(embeddings, speakers)
        plain.fit(embeddings, speakers)
        taught = plain.transform(embeddings)
        directions = [taught[speakers == speaker].sum(axis=0) for speaker in np.unique(speakers)]
        trials, first, second = random_pairs(count=9, dimension=5, pairs=40)
        points = plain.transform(trials)
        expected = []
        for i, j in zip(first, second, strict=True):
            common = [
                np.mean(sorted(BY_HAND["cosine"](points[side], one) for one in directions)[-cohort:])
                for side in (i, j)
            ]
            expected.append(BY_HAND["cosine"](points[i], points[j]) - sum(common) / 2)
        assert backend.similarity(backend.transform(trials), first, second) == pytest.approx(
            expected, abs=1e-5
        )

    def test_tells_speakers_apart_where_the_cosine_does_not(self):
        random = np.random.default_rng(0)
        labels = np.repeat(np.arange(40), 6)
        # all that differs from turn to turn lies in one direction, and is large
        points = 10 + 0.5 * random.normal(size=(40, 4))[labels]
        points[:, 0] += 5 * random.normal(size=len(labels))
        points = points.astype(np.float32)
        backend = WCCN(shrinkage=0.0, cohort=0)
        backend.fit(points[:120], labels[:120])
        first, second = np.triu_indices(120, 1)
        targets = labels[120:][first] == labels[120:][second]
        split = {}
        for comparing in (Direct(), backend):
            scores = comparing.similarity(comparing.transform(points[120:]), first, second)
            # both rates of success at the best threshold
            split[type(comparing)] = max(
                (scores[targets] >= threshold).mean() + (scores[~targets] < threshold).mean()
                for threshold in scores
            )
        assert split[WCCN] > 1.7 and split[Direct] < 1.3

    def test_names_of_speakers_do_not_matter(self):
        embeddings, speakers = training()
        one, other = WCCN(), WCCN()
        one.fit(embeddings, speakers)
        other.fit(embeddings, 1000 - 7 * speakers)
        assert np.allclose(one.transform(embeddings), other.transform(embeddings), atol=1e-6)

    def test_length_of_embeddings_does_not_matter(self):
        embeddings, speakers = training()
        lengths = np.random.default_rng(0).uniform(0.1, 10, size=(len(embeddings), 1)).astype(np.float32)
        one, other = WCCN(), WCCN()
        one.fit(embeddings, speakers)
        other.fit(embeddings * lengths, speakers)
        assert one.transform(embeddings) == pytest.approx(other.transform(embeddings), abs=1e-4)

    def test_speakers_with_one_embedding_tell_nothing_of_the_covariance(self):
        embeddings, speakers = training()
        more = np.concatenate([embeddings, -embeddings[:3]])
        one, other = WCCN(0.2, 0, 1), WCCN(0.2, 0, 1)
        one.fit(embeddings, speakers)
        other.fit(more, np.concatenate([speakers, [100, 101, 102]]))
        assert np.abs(one.state()["projection"]) == pytest.approx(
            np.abs(other.state()["projection"]), rel=1e-3
        )
        assert len(other.state()["speakers"]) == len(one.state()["speakers"]) + 3

    def test_speakers_with_one_embedding_alone_are_refused(self):
        embeddings, _ = training()
        with pytest.raises(DataError, match="No training speaker has two turns"):
            WCCN().fit(embeddings, np.arange(len(embeddings)))

    @pytest.mark.parametrize("value", [np.nan, np.inf])
    def test_embeddings_that_are_not_finite_are_refused(self, value):
        embeddings, speakers = training()
        embeddings[3, 2] = value
        with pytest.raises(DataError, match="not finite"):
            WCCN().fit(embeddings, speakers)

    @pytest.mark.parametrize("given", [{"shrinkage": -0.1}, {"shrinkage": 1.1}, {"cohort": -1}])
    def test_senseless_parameters_are_refused(self, given):
        with pytest.raises(ConfigError, match="must be"):
            WCCN(**given)

    def test_without_variation_speakers_still_differ(self):
        embeddings = np.repeat(np.random.default_rng(0).normal(size=(3, 4)), 2, axis=0).astype(np.float32)
        backend = WCCN(cohort=0)
        backend.fit(embeddings, np.array([0, 0, 1, 1, 2, 2]))
        points = backend.transform(embeddings)
        same, other = backend.similarity(points, np.array([0, 0]), np.array([1, 2]))
        assert same == pytest.approx(1, abs=1e-5) and other < 0.5
