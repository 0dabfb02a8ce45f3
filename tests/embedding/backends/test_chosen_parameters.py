"""Parameters of back-ends chosen by cross-validation, domains, and parts of turns."""

import numpy as np
import pytest
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import roc_curve

from pyannote.audio.core.errors import ConfigError, DataError
from pyannote.audio.embedding.backends import PLDA, WCCN
from pyannote.audio.embedding.backends._domains import centred, domain_centers, domains_of
from pyannote.audio.embedding.backends._selection import (
    COHORTS,
    FALLBACK,
    FEWEST,
    FOLDS,
    SHRINKAGES,
    Teaching,
    choose,
)
from pyannote.audio.embedding.backends.base import unit

BACKENDS = [WCCN, PLDA]


def people(speakers=20, turns=5, dimension=6, seed=0, noise=0.6):
    random = np.random.default_rng(seed)
    labels = np.repeat(np.arange(speakers), turns)
    mix = np.diag(np.linspace(0.2, 2, dimension))
    points = random.normal(size=(speakers, dimension))[labels]
    points = points + noise * random.normal(size=(len(labels), dimension)) @ mix
    return points.astype(np.float32), labels


def in_two_domains(speakers=20, seed=0):
    """Every second speaker was recorded in another way, which moves embeddings in a direction of its own."""
    points, labels = people(speakers, seed=seed, noise=0.4)
    domains = labels % 2
    return points + 5 * np.eye(6, dtype=np.float32)[domains], labels, domains


def rate(scores, targets):
    """Equal error rate by scikit-learn, at the threshold where both rates are closest."""
    false_alarms, hits, _ = roc_curve(targets, scores, drop_intermediate=False)
    # between the two points around the crossing, the line is straight
    gap = (1 - hits) - false_alarms
    after = int(np.argmax(gap <= 0))
    share = gap[after - 1] / (gap[after - 1] - gap[after])
    return false_alarms[after - 1] + share * (false_alarms[after] - false_alarms[after - 1])


def by_hand(make, points, labels, cohort):
    """Mean over folds of the rates of all pairs and of those within a group."""
    groups = AgglomerativeClustering(2, linkage="ward").fit_predict(
        unit(np.array([unit(points)[labels == one].sum(axis=0) for one in np.unique(labels)]))
    )[labels]
    if np.bincount(groups[np.unique(labels, return_index=True)[1]]).min() < 5:
        groups = np.zeros_like(labels)
    rates = []
    for fold in range(FOLDS):
        left = labels % FOLDS == fold
        backend = make()
        backend.fit(points[~left], labels[~left], points[~left])
        first, second = np.triu_indices(left.sum(), 1)
        own, group = labels[left], groups[left]
        scores = backend.scores(backend.transform(points[left]), first, second, cohort)
        targets, alike = own[first] == own[second], group[first] == group[second]
        rates.append((rate(scores, targets) + rate(scores[alike], targets[alike])) / 2)
    return np.mean(rates)


@pytest.mark.parametrize("backend", BACKENDS)
class TestChoice:
    def test_equals_a_loop_over_folds_with_rates_of_scikit_learn(self, backend):
        points, labels = people(noise=1.2)
        found = choose(
            lambda shrinkage, domains: backend(shrinkage, 0, domains),
            Teaching(points, points, labels),
            domains=(1,),
        )
        # 16 of 20 speakers are taught: shares .05, .1, .2 and .4 are of 1, 2, 3 and 6 speakers
        sizes = dict(zip(COHORTS, (0, 1, 2, 3, 6), strict=True))
        rates = {
            (share, shrinkage): by_hand(lambda one=shrinkage: backend(one, 0, 1), points, labels, size)
            for share, size in sizes.items()
            for shrinkage in SHRINKAGES
        }
        assert found.value == pytest.approx(min(rates.values()), abs=0.01)
        share = min(sizes, key=lambda one: abs(one * 20 - found.cohort))
        assert rates[share, found.shrinkage] == pytest.approx(min(rates.values()), abs=0.01)
        assert max(rates.values()) > min(rates.values()) + 0.02

    def test_is_the_same_each_time_and_for_other_numbers_of_speakers(self, backend):
        points, labels = people()
        one, other = backend(), backend()
        one.fit(points, labels, points)
        other.fit(points, 7 * labels + 3, points)
        assert one.chosen() == other.chosen() and set(one.chosen()) == {"shrinkage", "cohort", "domains"}

    def test_parameters_that_are_given_are_kept(self, backend):
        points, labels = people()
        found = backend(shrinkage=0.33, cohort="auto", domains=1)
        found.fit(points, labels)
        assert list(found.chosen()) == ["cohort"]
        fixed = backend(0.33, found.chosen()["cohort"], 1)
        fixed.fit(points, labels)
        pairs = np.triu_indices(len(labels), 1)
        assert fixed.chosen() == {}
        assert np.array_equal(
            fixed.similarity(fixed.transform(points), *pairs),
            found.similarity(found.transform(points), *pairs),
        )

    def test_a_cohort_has_at_most_two_fifths_of_the_speakers(self, backend):
        # a fixed cohort of 20 would be all of them
        points, labels, _ = in_two_domains(speakers=18)
        found = backend(domains=1)
        found.fit(points, labels)
        assert found.chosen()["cohort"] <= 0.4 * 18

    @pytest.mark.parametrize("speakers", [1, 2, FEWEST - 1])
    def test_of_few_speakers_nothing_is_chosen(self, backend, speakers):
        points, labels = people(speakers)
        found = backend()
        found.fit(points, labels)
        assert found.chosen() == {"shrinkage": FALLBACK, "cohort": 0, "domains": 1}

    def test_speakers_with_one_turn_are_no_obstacle(self, backend):
        points, labels = people(speakers=30)
        kept = (labels < 12) | (np.arange(len(labels)) % 5 == 0)
        found = backend()
        found.fit(points[kept], labels[kept])
        assert np.isfinite(found.transform(points)).all()

    def test_parts_and_turns_are_learned_from(self, backend):
        points, labels = people()
        parts = people(noise=1.5)[0]
        found, together = backend(0.2, 2, 1), backend(0.2, 2, 1)
        found.fit(points, labels, parts)
        together.fit(np.concatenate([points, parts]), np.concatenate([labels, labels]))
        assert np.array_equal(found.transform(points), together.transform(points))

    @pytest.mark.parametrize("value", [np.nan, np.inf])
    def test_parts_that_are_not_finite_are_refused(self, backend, value):
        points, labels = people()
        parts = points.copy()
        parts[3, 2] = value
        with pytest.raises(DataError, match="not finite"):
            backend().fit(points, labels, parts)

    @pytest.mark.parametrize(
        "given", [{"domains": 0}, {"cohort": -1}, {"shrinkage": 2.0}, {"shrinkage": -1.0}]
    )
    def test_senseless_parameters_are_refused(self, backend, given):
        with pytest.raises(ConfigError, match=next(iter(given))):
            backend(**given)

    def test_states_without_chosen_parameters_are_read_if_the_cohort_is_given(self, backend):
        points, labels = people()
        one = backend(0.2, 3, 1)
        one.fit(points, labels)
        state = {name: value for name, value in one.state().items() if name != "chosen"}
        other = backend(0.2, 3)
        other.load(state)
        assert np.array_equal(one.transform(points), other.transform(points))
        with pytest.raises(KeyError):
            backend(0.2).load(state)


class TestDomains:
    def test_equal_scikit_learn(self):
        points, labels, _ = in_two_domains()
        values = unit(points)
        means = unit(np.array([values[labels == one].sum(axis=0) for one in range(20)]))
        found = domains_of(values, labels, 2)
        expected = AgglomerativeClustering(2, linkage="ward").fit_predict(means)[labels]
        assert len(np.unique(np.stack([found, expected]), axis=1).T) == 2

    def test_those_of_the_recordings_are_found(self):
        points, labels, domains = in_two_domains()
        found = domains_of(unit(points), labels, 2)
        assert np.array_equal(found, domains) or np.array_equal(found, 1 - domains)
        assert np.array_equal(
            domain_centers(unit(points), labels, 2),
            [unit(points)[found == one].mean(axis=0) for one in (0, 1)],
        )

    def test_one_that_few_speakers_are_in_is_none(self):
        points, labels = people(noise=0.4)
        points = points + 5 * np.eye(6, dtype=np.float32)[(labels < 4).astype(int)]
        assert domains_of(unit(points), labels, 2).max() == 0

    def test_the_nearest_centre_is_subtracted(self):
        random = np.random.default_rng(0)
        values, centers = random.normal(size=(30, 4)), random.normal(size=(3, 4))
        expected = [one - min(centers, key=lambda center: np.linalg.norm(one - center)) for one in values]
        assert centred(values, centers) == pytest.approx(np.array(expected))

    @pytest.mark.parametrize("backend", BACKENDS)
    def test_speakers_of_one_domain_are_told_apart_better(self, backend):
        points, labels, domains = in_two_domains(speakers=40, seed=3)
        taught = labels < 20
        first, second = np.triu_indices((~taught).sum(), 1)
        own, kind = labels[~taught], domains[~taught]
        alike = kind[first] == kind[second]
        rates = {}
        for count in (1, 2):
            made = backend(0.5, 0, count)
            made.fit(points[taught], labels[taught])
            scores = made.similarity(made.transform(points[~taught]), first, second)
            rates[count] = rate(scores[alike], (own[first] == own[second])[alike])
        assert rates[2] < rates[1] - 0.02
