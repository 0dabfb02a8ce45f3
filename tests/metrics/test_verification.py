"""DET curves, compared with scikit-learn and brute force."""

import time

import numpy as np
import pytest
from pyannote.metrics.binary_classification import det_curve as pyannote_det_curve
from scipy.interpolate import interp1d
from scipy.optimize import brentq
from sklearn.metrics import det_curve as skl_det_curve
from sklearn.metrics import roc_curve

from pyannote.audio.core.errors import DataError
from pyannote.audio.metrics.verification import det_curve, equal_error_rate, min_dcf


def trials(seed, dtype=np.float64):
    """Few or many trials, of few or many distinct scores, hard or easy."""
    rng = np.random.default_rng(seed)
    targets = rng.random(rng.integers(4, 200)) < rng.uniform(0.1, 0.9)
    targets[:2] = True, False
    scores = rng.normal(size=targets.size) + rng.uniform(0, 4) * targets
    if seed % 3:
        scores = scores.round(seed % 3 - 1)
    return scores.astype(dtype), targets


def brute_rates(scores, targets, threshold):
    accepted = scores >= threshold
    return accepted[~targets].mean(), 1 - accepted[targets].mean()


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("seed", range(12))
def test_rates_are_those_of_scikit_learn_and_of_the_thresholds(seed, dtype):
    scores, targets = trials(seed, dtype)
    false_alarm, miss, thresholds = det_curve(scores, targets)
    expected, hits, _ = roc_curve(targets, scores, drop_intermediate=False)
    assert false_alarm == pytest.approx(expected)
    assert miss == pytest.approx(1 - hits)
    assert np.isfinite(thresholds).all() and (np.diff(thresholds) < 0).all()
    found = [brute_rates(scores, targets, threshold) for threshold in thresholds]
    assert np.column_stack([false_alarm, miss]) == pytest.approx(np.array(found))


def odd_trials(seed):
    """A single target or non-target, one of 1,000, tied scores or a single one; or usual ones."""
    if seed % 2:
        return trials(seed)
    rng = np.random.default_rng(seed)
    targets = np.arange(int(rng.choice([2, 10, 5000]))) == 0
    if len(targets) > 1000:
        targets[: len(targets) // 1000] = True
    scores = rng.normal(2.0 * targets, 1)
    scores = scores if seed % 4 else scores.round(int(seed % 3))
    return (np.zeros_like(scores) if seed % 22 == 0 else scores), targets ^ bool(seed % 6 == 0)


def test_equal_error_rate_is_that_of_scikit_learn(promise):
    furthest, lists = 0.0, 500
    for seed in range(lists):
        scores, targets = odd_trials(seed)
        false_alarm, hits, _ = roc_curve(targets, scores, drop_intermediate=False)
        line = interp1d(false_alarm, hits)
        expected = brentq(lambda rate, line=line: 1 - rate - line(rate), 0, 1)
        rate, threshold = equal_error_rate(scores, targets)
        furthest = max(furthest, abs(rate - expected))
        assert np.isfinite(threshold)
        ours = det_curve(scores, targets)
        points = np.round(np.column_stack([ours.false_alarm, ours.miss]), 9)
        theirs = np.round(np.column_stack(skl_det_curve(targets, scores)[:2]), 9)
        assert {*map(tuple, theirs.tolist())} <= {*map(tuple, points.tolist())}
    assert furthest < 1e-9
    promise(
        "The equal error rate is that of scikit-learn.",
        "Where the line through `roc_curve` meets equal rates, on lists with ties, a single target or one of "
        "1,000; all points of its `det_curve` are points of ours.",
        f"{lists:,} lists, at most 1e-9 off",
    )


def test_equal_error_rate_is_that_of_pyannote_metrics_within_a_step(promise):
    """It takes the mean of all four rates of the decisions before and after: no crossing, but near to it."""
    lists, beyond, furthest = 1000, 0, 0.0
    for seed in range(lists):
        scores, targets = odd_trials(seed)
        false_alarm, miss, _, expected = pyannote_det_curve(targets, scores)
        after = int((false_alarm > miss).argmax())
        step = abs(np.diff(false_alarm)[after - 1]) + abs(np.diff(miss)[after - 1])
        difference = abs(equal_error_rate(scores, targets)[0] - expected)
        beyond += difference > step / 4 + 1e-12
        if min(targets.sum(), (~targets).sum()) >= 50 and len(np.unique(scores)) == len(scores):
            furthest = max(furthest, difference)
    assert beyond == 0
    assert furthest < 0.03
    promise(
        "The equal error rate is that of pyannote.metrics, which does not look for the crossing between two "
        "decisions: it differs by a quarter of the step from one to the next, at most.",
        "Lists with ties, a single target or one of 1,000.",
        f"{lists:,} lists, {beyond} beyond; at most {furthest:.3f} off with 50 untied trials of each kind",
    )


@pytest.mark.parametrize("seed", range(30))
def test_no_threshold_comes_nearer_to_equal_rates(seed):
    scores, targets = trials(seed)
    rate, threshold = equal_error_rate(scores, targets)
    false_alarm, miss = brute_rates(scores, targets, threshold)
    gaps = [np.diff(brute_rates(scores, targets, other))[0] for other in [*scores, np.inf]]
    assert abs(miss - false_alarm) == pytest.approx(np.abs(gaps).min())
    assert min(false_alarm, miss) - 1e-12 <= rate <= max(false_alarm, miss) + 1e-12


@pytest.mark.parametrize(
    ("same", "different", "rate"),
    [([2, 3], [0, 1], 0.0), ([0, 1], [2, 3], 1.0), ([1, 1], [1, 1, 1], 0.5), ([1, 2], [1, 2], 0.5)],
)
def test_by_hand(same, different, rate):
    scores = np.array([*same, *different])
    targets = np.arange(len(scores)) < len(same)
    assert equal_error_rate(scores, targets)[0] == pytest.approx(rate)


def test_the_threshold_lies_between_separated_kinds():
    assert equal_error_rate([-1.0, -2.0, -9.0], [True, True, False]) == (0.0, -5.5)


@pytest.mark.parametrize("costs", [(1.0, 1.0), (10.0, 1.0), (1.0, 3.0)])
@pytest.mark.parametrize("prior", [0.01, 0.05, 0.9])
@pytest.mark.parametrize("seed", range(5))
def test_detection_cost_equals_trying_all_thresholds(seed, prior, costs):
    scores, targets = trials(seed)
    tried = []
    for threshold in [*scores, np.inf]:
        false_alarm, miss = brute_rates(scores, targets, threshold)
        tried.append(costs[0] * prior * miss + costs[1] * (1 - prior) * false_alarm)
    expected = min(tried) / min(costs[0] * prior, costs[1] * (1 - prior))
    assert min_dcf(scores, targets, prior, *costs) == pytest.approx(expected)
    point = det_curve(scores, targets).min_dcf(prior, *costs)
    assert (point.false_alarm, point.miss) == pytest.approx(brute_rates(scores, targets, point.threshold))


def test_a_million_trials_take_less_than_two_seconds():
    rng = np.random.default_rng(0)
    targets = rng.random(10**6) < 0.1
    scores = rng.normal(size=10**6) + 2 * targets
    start = time.process_time()
    rate, _ = equal_error_rate(scores, targets)
    assert time.process_time() - start < 2
    assert rate == pytest.approx(0.1587, abs=0.002)


@pytest.mark.parametrize(
    ("scores", "targets", "words"),
    [
        ([0.1, 0.2], [True, True], "All 2 trials have the same"),
        ([0.1, 0.2], [False, False], "All 2 trials have different"),
        ([], np.zeros(0, bool), "no trials"),
        ([0.1, np.nan, np.inf], [True, False, False], "2 of 3 scores .* first that of trial 2"),
        ([0.1, -np.inf], [True, False], "NaN or infinite"),
        ([0.1, 0.2], [1, 0], "targets int64"),
        ([0.1, 0.2, 0.3], [True, False], "shape"),
        ([[0.1, 0.2]], [[True, False]], "shape"),
    ],
)
def test_impossible_trials(scores, targets, words):
    with pytest.raises(DataError, match=words):
        det_curve(scores, targets)


@pytest.mark.parametrize(("values", "words"), [((0.0,), "prior"), ((1,), "prior"), ((0.5, 0.0), "costs")])
def test_impossible_costs(values, words):
    with pytest.raises(DataError, match=words):
        min_dcf([0.1, 0.2], [True, False], *values)
