"""Exact thresholds, compared with a search over all thresholds."""

from functools import partial

import numpy as np
import pytest

from pyannote.audio.core.errors import DataError
from pyannote.audio.metrics.thresholds import (
    best_balance,
    best_error_count,
    best_f_score,
    best_recall,
)

CASES = range(40)


def problem(seed, classes=None):
    """Scores that know something of the target, often tied, of single or double precision."""
    rng = np.random.default_rng(seed)
    shape = (int(rng.integers(1, 40)),) if classes is None else (int(rng.integers(5, 40)), classes)
    target = rng.random(shape) < rng.choice([0.0, 0.1, 0.5, 1.0], p=[0.1, 0.4, 0.4, 0.1])
    scores = 1 / (1 + np.exp(-rng.normal(target, 1)))
    if seed % 3 == 0:
        scores = np.round(scores, 1)
    return scores.astype(np.float32 if seed % 2 else np.float64), target


def every_decision(scores):
    """Each distinct score as threshold, and one above all."""
    return [scores >= threshold for threshold in [2.0, *np.unique(scores)[::-1]]]


def f_score(active, target, weights=1):
    tp, size = np.sum((active & target) * weights), np.sum(active * weights) + np.sum(target * weights)
    return 2 * tp / size if size else 0.0


def errors(active, target):
    return int(np.sum(active != target))


@pytest.mark.parametrize("seed", CASES)
def test_f_score_is_that_of_the_best_decision(seed):
    scores, target = problem(seed)
    best = best_f_score(scores, target)
    values = [f_score(active, target) for active in every_decision(scores)]
    assert best.value == max(values)
    active = scores >= best.threshold
    assert np.array_equal(active, every_decision(scores)[values.index(max(values))])
    assert f_score(active, target) == best.value
    assert best.positives == target.sum()
    assert best.precision == ((active & target).sum() / active.sum() if active.any() else 0.0)
    assert best.recall == ((active & target).sum() / target.sum() if target.any() else 0.0)


@pytest.mark.parametrize("seed", CASES)
def test_weighted_f_score(seed):
    scores, target = problem(seed)
    weights = np.random.default_rng(seed).random(len(scores))
    best = best_f_score(scores, target, weights)
    values = [f_score(active, target, weights) for active in every_decision(scores)]
    assert best.value == pytest.approx(max(values), abs=1e-12)
    assert f_score(scores >= best.threshold, target, weights) == pytest.approx(best.value, abs=1e-12)


@pytest.mark.parametrize("seed", CASES)
def test_fewest_errors(seed):
    scores, target = problem(seed)
    best = best_error_count(scores, target)
    assert best.value == min(errors(active, target) for active in every_decision(scores))
    assert errors(scores >= best.threshold, target) == best.value


@pytest.mark.parametrize("seed", CASES)
@pytest.mark.parametrize("precision", [0.0, 0.5, 0.9, 1.0])
def test_recall_at_a_precision(seed, precision):
    scores, target = problem(seed)
    best = best_recall(scores, target, precision)
    found = [
        ((active & target).sum() / active.sum(), (active & target).sum() / target.sum())
        for active in every_decision(scores)
        if active.any() and (active & target).any()
    ]
    attainable = [recall for value, recall in found if value >= precision]
    assert best.attained == bool(attainable)
    if attainable:
        assert best.value == best.recall == max(attainable)
        assert best.precision >= precision
    elif found:
        assert best.precision == max(value for value, _ in found)


GRID = 10_000


def hard_problem(seed):
    """Scores of a network, tied ones, constant ones, with one positive or none among 1 to 3,000 items."""
    rng = np.random.default_rng(seed)
    count = int(rng.choice([1, 2, 10, 300, 3000]))
    target = rng.random(count) < rng.choice([0.0, 0.03, 0.3, 0.9])
    if seed % 5 == 0:
        target = np.arange(count) == rng.integers(count)
    scores = 1 / (1 + np.exp(-rng.normal(2 * target - 1, 1)))
    if seed % 4 == 1:
        scores = scores.round(1)
    if seed % 7 == 3:
        scores = np.full(count, rng.choice([0.0, 0.3, 1.0]))
    return scores.astype(np.float32 if seed % 2 else np.float64), target


def on_a_grid(scores, target):
    """Number of true positives and of all items that each threshold from 0 to 1 accepts."""
    thresholds = np.linspace(0, 1, GRID).astype(scores.dtype)
    return tuple(
        len(values) - np.searchsorted(np.sort(values), thresholds) for values in (scores[target], scores)
    )


def f_scores(tp, accepted, positives):
    return np.divide(2 * tp, accepted + positives, out=np.zeros(GRID), where=accepted + positives > 0)


def error_counts(tp, accepted, positives):
    return positives + accepted - 2 * tp


def balances(tp, accepted, positives):
    rates = error_counts(tp, accepted, positives) / max(1, positives)
    return f_scores(tp, accepted, positives) - rates


def recalls(least):
    def at_precision(tp, accepted, positives):
        precise = tp >= least * accepted - 1e-12
        return np.where(precise & (tp > 0), tp / max(1, positives), 0.0)

    return at_precision


CRITERIA = {
    "F-score": (best_f_score, f_scores, 1),
    "number of errors": (best_error_count, error_counts, -1),
    "F-score minus error rate": (best_balance, balances, 1),
    "recall at a precision of 0.8": (partial(best_recall, precision=0.8), recalls(0.8), 1),
}


@pytest.mark.parametrize("criterion", CRITERIA)
def test_no_threshold_of_a_fine_grid_is_better(criterion, promise):
    search, measure, sign = CRITERIA[criterion]
    problems, worse = 1000, 0
    for seed in range(problems):
        scores, target = hard_problem(seed)
        best, values = search(scores, target), measure(*on_a_grid(scores, target), target.sum())
        found = best.value if best.attained else 0.0
        worse += bool((sign * values > sign * found + 1e-12).any())
        # and the threshold does what it says
        accepted = scores >= best.threshold
        tp = np.full(GRID, np.count_nonzero(accepted & target))
        achieved = measure(tp, np.full(GRID, np.count_nonzero(accepted)), target.sum())[0]
        assert not best.attained or achieved == pytest.approx(best.value, abs=1e-12)
    assert worse == 0
    promise(
        f"The threshold with the best {criterion} is never below a grid of {GRID:,} points.",
        "Random, tied and constant scores, one positive or none, 1 to 3,000 items; thresholds are applied.",
        f"{problems:,} problems, {worse} below the grid",
    )


@pytest.mark.parametrize("search", [best_f_score, best_error_count, lambda s, t: best_recall(s, t, 0.5)])
@pytest.mark.parametrize("highest", [0.3, 1.0, 7.0])
def test_a_class_without_positives_is_never_accepted(search, highest):
    best = search(np.array([0.1, highest]), np.zeros(2, bool))
    assert best.positives == 0
    assert (best.value, best.precision, best.recall) == (0, 0, 0)
    assert max(1.0, highest) < best.threshold < max(1.0, highest) + 1e-6


def test_no_items():
    best = best_f_score(np.zeros(0), np.zeros(0, bool))
    assert (best.value, best.positives) == (0.0, 0)
    assert best.threshold > 1


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_neighbouring_numbers_are_told_apart(dtype):
    low = dtype(0.3)
    high = np.nextafter(low, dtype(1))
    scores = np.array([low, high, low])
    best = best_f_score(scores, [False, True, False])
    assert best.value == 1
    assert (scores >= best.threshold).tolist() == [False, True, False]


def test_threshold_lies_half_way():
    assert best_f_score([0.8, 0.2, 0.4], [True, False, False]).threshold == pytest.approx(0.6)
    assert best_f_score([0.8, 0.2, 0.4], [True, True, True]).threshold == 0.2


def test_scores_of_minus_infinity_are_never_accepted():
    best = best_f_score([0.5, -np.inf, 0.4], [True, True, True])
    assert best.threshold == 0.4
    assert best.recall == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("scores", "target", "weights", "words"),
    [
        ([0.5, np.nan], [True, False], None, "NaN or infinite"),
        ([0.5, np.inf], [True, False], None, "NaN or infinite"),
        ([0.5, 0.1], [True], None, "shape"),
        ([0.5, 0.1], [1, 0], None, "int64"),
        ([[0.5], [0.1]], [[True], [False]], None, "shape"),
        ([0.5, 0.1], [True, False], [1.0], "weights"),
    ],
)
def test_impossible_input(scores, target, weights, words):
    with pytest.raises(DataError, match=words):
        best_f_score(scores, target, weights)
