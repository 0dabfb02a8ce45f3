"""Bootstrap confidence intervals over files."""

import numpy as np
import pytest

from pyannote.audio.core.errors import DataError
from pyannote.audio.metrics.confidence import bootstrap, paired_bootstrap
from pyannote.audio.metrics.segment_based import count


@pytest.fixture(scope="module")
def files():
    rng = np.random.default_rng(0)
    references = [rng.random((60, 3)) < 0.3 for _ in range(20)]
    return [count(reference, reference ^ (rng.random((60, 3)) < 0.1)) for reference in references]


def error_rate(counts):
    return counts.overall.error_rate


def looped(files, measure, n, seed):
    """The same resamples, pooled one file after the other."""
    values = []
    for drawn in np.random.default_rng(seed).multinomial(len(files), [1 / len(files)] * len(files), size=n):
        chosen = [counts for counts, times in zip(files, drawn, strict=True) for _ in range(times)]
        values.append(measure(sum(chosen[1:], chosen[0])))
    return values


@pytest.mark.parametrize(
    "measure",
    [
        error_rate,
        lambda counts: counts.overall.f_measure,
        lambda counts: counts.class_wise.recall[..., 1],
        lambda counts: counts.class_wise_average.error_rate,
    ],
)
def test_equals_pooling_one_by_one(files, measure):
    values = looped(files, measure, n=200, seed=7)
    assert bootstrap(files, measure, n=200, seed=7) == pytest.approx(np.quantile(values, [0.025, 0.975]))


def test_is_deterministic_and_contains_the_estimate(files):
    low, high = bootstrap(files, error_rate)
    assert (low, high) == bootstrap(files, error_rate)
    assert low < error_rate(sum(files[1:], files[0])) < high
    assert bootstrap(files, error_rate, seed=1) != (low, high)


def test_a_higher_level_is_wider(files):
    low, high = bootstrap(files, error_rate, level=0.5)
    lower, higher = bootstrap(files, error_rate, level=0.99)
    assert lower < low < high < higher


def test_one_file_has_no_interval(files):
    assert np.isnan(bootstrap(files[:1], error_rate)).all()


def test_equal_files_have_no_interval(files):
    assert 0 < error_rate(files[0]) < 1
    assert np.isnan(bootstrap(files[:1] * 20, error_rate)).all()


def f_measure(counts):
    return counts.overall.f_measure


def test_without_errors_the_interval_ends_at_3_of_the_files():
    right, wrong = np.ones((3, 1), bool), np.zeros((3, 1), bool)
    perfect, missed = [count(right, right)] * 20, [count(right, wrong)] * 20
    assert bootstrap(perfect, error_rate, bounded=False) == pytest.approx((0, 3 / 20))
    assert bootstrap(perfect, f_measure) == pytest.approx((1 - 3 / 20, 1))
    assert bootstrap(missed, lambda counts: counts.overall.recall) == pytest.approx((0, 3 / 20))
    # an error rate of 1 may be higher elsewhere
    assert np.isnan(bootstrap(missed, error_rate, bounded=False)).all()
    assert np.isnan(bootstrap(perfect[:3], error_rate)).all()
    assert bootstrap(perfect[:4], error_rate) == pytest.approx((0, 3 / 4))


def test_an_undefined_measure_has_no_interval():
    unannotated = count(np.zeros((3, 1), bool), np.ones((3, 1), bool))
    for measure in (error_rate, lambda counts: counts.overall.recall):
        assert np.isnan(bootstrap([unannotated, unannotated], measure)).all()


def test_resamples_without_any_annotation_are_left_out():
    nothing, one = np.zeros((3, 1), bool), np.ones((3, 1), bool)
    # one resample in four has the unannotated recording twice, and no error rate
    assert bootstrap([count(nothing, one), count(one, one)], error_rate, level=0.99) == (0.0, 1.0)


@pytest.mark.parametrize(("shapes", "words"), [([], "no files"), ([(2, 1), (2, 2)], "different classes")])
def test_impossible_input(shapes, words):
    files = [count(np.ones(shape, bool), np.ones(shape, bool)) for shape in shapes]
    with pytest.raises(DataError, match=words):
        bootstrap(files, error_rate)


@pytest.mark.parametrize("level", [0.0, 1.0, 95])
def test_impossible_level(files, level):
    with pytest.raises(DataError, match="level"):
        bootstrap(files, error_rate, level=level)


@pytest.fixture(scope="module")
def worse(files):
    """Counts of three trainings of another system on the same files."""
    rng = np.random.default_rng(1)
    return [
        [
            count(reference, reference ^ (rng.random((60, 3)) < 0.15))
            for reference in (rng.random((60, 3)) < 0.3 for _ in files)
        ]
        for _ in range(3)
    ]


def test_a_difference_equals_pooling_both_one_by_one(files, worse):
    found = paired_bootstrap(worse, [files, files[::-1]], error_rate, n=200, seed=4)
    others = [np.array(looped(one, error_rate, 200, 4)) for one in worse]
    own = [np.array(looped(one, error_rate, 200, 4)) for one in (files, files[::-1])]
    differences = np.mean(others, axis=0) - np.mean(own, axis=0)
    assert found.interval == pytest.approx(tuple(np.quantile(differences, [0.025, 0.975])))
    pooled = [error_rate(sum(one[1:], one[0])) for one in (*worse, files)]
    assert found.value == pytest.approx(np.mean(pooled[:3]) - pooled[3])
    assert found.interval[0] < found.value < found.interval[1]


def test_what_makes_files_hard_for_both_cancels(files, worse):
    """The paired interval of two similar systems is narrower than that of either of them."""
    rng = np.random.default_rng(3)
    # shares of wrong decisions that differ much between files, and little between systems
    shares = rng.random(20) / 2
    references = [rng.random((60, 3)) < 0.3 for _ in shares]
    first, second = (
        [
            count(reference, reference ^ (rng.random((60, 3)) < share + more))
            for reference, share in zip(references, shares, strict=True)
        ]
        for more in (0.0, 0.01)
    )
    low, high = paired_bootstrap([second], [first], error_rate).interval
    alone = bootstrap(first, error_rate, bounded=False)
    assert high - low < (alone[1] - alone[0]) / 2


def test_a_system_does_not_differ_from_itself(files):
    value, interval = paired_bootstrap([files], [files, files], error_rate)
    assert value == 0
    assert np.isnan(interval).all()


@pytest.mark.parametrize(
    "second, words", [([], "no files"), ([[]], "no files"), ("shorter", "different files")]
)
def test_systems_of_other_files_cannot_be_compared(files, second, words):
    with pytest.raises(DataError, match=words):
        paired_bootstrap([files], [files[1:]] if second == "shorter" else second, error_rate)
