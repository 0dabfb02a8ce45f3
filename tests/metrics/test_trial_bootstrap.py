"""Bootstrap confidence intervals over speakers for error rates of trials."""

import numpy as np
import pytest
from scipy.stats import binomtest

from pyannote.audio.core.errors import DataError
from pyannote.audio.metrics import trial_bootstrap
from pyannote.audio.metrics.trial_bootstrap import trial_intervals
from pyannote.audio.metrics.verification import equal_error_rate, min_dcf

RATE = {"rate": lambda curve: curve.equal_error_rate().value}
MEASURES = {**RATE, "cost": lambda curve: curve.min_dcf(0.05).value}


def world(seed, speakers=12, files=4):
    """All pairs of recordings of speakers, some of whom vary more than others."""
    rng = np.random.default_rng(seed)
    spread = 0.9 * np.exp(0.3 * rng.normal(size=(speakers, 1, 1)))
    voices = rng.normal(size=(speakers, 1, 8)) + spread * rng.normal(size=(speakers, files, 8))
    voices = voices.reshape(-1, 8) / np.linalg.norm(voices.reshape(-1, 8), axis=1, keepdims=True)
    first, second = np.triu_indices(len(voices), 1)
    groups = np.column_stack([first, second]) // files
    return (voices[first] * voices[second]).sum(1), groups[:, 0] == groups[:, 1], groups


def copied(scores, targets, groups, n, seed):
    """The same resamples, where each speaker who is drawn again is written out as another speaker."""
    rng, size = np.random.default_rng(seed), int(groups.max()) + 1
    rates, costs = [], []
    for _ in range(n):
        drawn = rng.integers(size, size=size)
        kept = []
        for trial, (left, right) in enumerate(groups):
            copies = [(a, b) for a in np.flatnonzero(drawn == left) for b in np.flatnonzero(drawn == right)]
            kept += [trial for a, b in copies if left != right or a == b]
        if targets[kept].any() and not targets[kept].all():
            rates.append(equal_error_rate(scores[kept], targets[kept])[0])
            costs.append(min_dcf(scores[kept], targets[kept], 0.05))
    return [np.quantile(values, [0.025, 0.975]) for values in (rates, costs)]


def test_equals_writing_out_the_speakers_who_are_drawn():
    scores, targets, groups = world(0, speakers=6, files=3)
    found = trial_intervals(scores, targets, MEASURES, groups, n=40, seed=3)
    rates, costs = copied(scores, targets, groups, n=40, seed=3)
    assert found["rate"] == pytest.approx(tuple(rates))
    assert found["cost"] == pytest.approx(tuple(costs))


def test_without_groups_trials_are_drawn():
    scores, targets, _ = world(0)
    rng, size, rates = np.random.default_rng(5), len(scores), []
    for _ in range(30):
        drawn = rng.integers(size, size=size)
        rates.append(equal_error_rate(scores[drawn], targets[drawn])[0])
    found = trial_intervals(scores, targets, RATE, n=30, seed=5)
    assert found["rate"] == pytest.approx(tuple(np.quantile(rates, [0.025, 0.975])))


def test_holds_the_truth_as_often_as_it_says():
    """Speakers come out near 95 %, trials far below."""
    truth = np.mean([equal_error_rate(*world(10_000 + seed, speakers=40)[:2])[0] for seed in range(60)])
    held = {"speakers": 0, "trials": 0}
    for seed in range(60):
        scores, targets, groups = world(seed)
        for name, given in (("speakers", groups), ("trials", None)):
            low, high = trial_intervals(scores, targets, RATE, given, n=100)["rate"]
            held[name] += low <= truth <= high
    assert held["speakers"] >= 52 and held["trials"] <= held["speakers"] - 8


def test_names_are_as_good_as_numbers_and_the_seed_decides():
    scores, targets, groups = world(1)
    names = np.array(["a", "k", "c", "d", "b", "f", "g", "h", "i", "j", "e", "l"])
    by_number = trial_intervals(scores, targets, MEASURES, groups, n=50)
    assert by_number == trial_intervals(scores, targets, MEASURES, groups, n=50)
    assert by_number != trial_intervals(scores, targets, MEASURES, groups, n=50, seed=1)
    renamed = trial_intervals(scores, targets, MEASURES, np.sort(names)[groups], n=50)
    assert renamed == by_number


def test_a_higher_level_is_wider():
    scores, targets, groups = world(2)
    low, high = trial_intervals(scores, targets, RATE, groups, n=200, level=0.5)["rate"]
    lower, higher = trial_intervals(scores, targets, RATE, groups, n=200, level=0.99)["rate"]
    assert lower < low < equal_error_rate(scores, targets)[0] < high < higher


def test_fewer_resamples_of_many_trials(monkeypatch):
    scores, targets, groups = world(3)
    calls = []
    monkeypatch.setattr(trial_bootstrap, "MAX_WORK", 120 * len(scores))
    trial_intervals(scores, targets, {"": lambda curve: calls.append(curve) or 0.0}, groups)
    drawn = [curve for curve in calls if len(curve.thresholds) == len(scores) + 1]
    assert len(drawn) == 120


def separated(speakers, files=2):
    """All pairs of recordings, with a higher score for each pair of one speaker than for any other."""
    first, second = np.triu_indices(speakers * files, 1)
    groups = np.column_stack([first, second]) // files
    targets = groups[:, 0] == groups[:, 1]
    return np.where(targets, 0.9, 0.1), targets, groups


@pytest.mark.parametrize(("speakers", "upper"), [(4, 0.75), (10, 0.3), (40, 0.075), (60, 0.05)])
def test_an_error_rate_of_0_ends_at_3_of_the_speakers(speakers, upper):
    scores, targets, groups = separated(speakers)
    assert equal_error_rate(scores, targets)[0] == 0
    assert trial_intervals(scores, targets, RATE, groups, n=50)["rate"] == pytest.approx((0, upper))
    # that all are rejected and accepted in the wrong way is as certain
    assert trial_intervals(-scores, targets, RATE, groups, n=50)["rate"] == pytest.approx((1 - upper, 1))


def test_the_limit_is_that_of_the_binomial_distribution():
    for speakers in (30, 100):
        scores, targets, groups = separated(speakers, files=2)
        upper = trial_intervals(scores, targets, RATE, groups, n=10)["rate"][1]
        exact = binomtest(0, speakers, alternative="less").proportion_ci(0.95).high
        assert exact < upper < 1.06 * exact


def test_a_detection_cost_of_0_ends_at_that_of_both_limits():
    scores, targets, groups = separated(300)
    costs = {f"{prior}": lambda curve, prior=prior: curve.min_dcf(prior).value for prior in (0.05, 0.5)}
    found = trial_intervals(scores, targets, costs, groups, n=10)
    # misses and false alarms of 3 / 300: 0.01 + (0.95 / 0.05) 0.01, and 0.01 + 0.01
    assert found["0.05"] == pytest.approx((0, 0.2)) and found["0.5"] == pytest.approx((0, 0.02))


def test_of_unknown_speakers_trials_of_each_kind_count():
    scores, targets, _ = separated(10)
    assert (targets.sum(), (~targets).sum()) == (10, 180)
    low, high = trial_intervals(scores, targets, RATE, n=50)["rate"]
    # the curve from (3 / 180, 3 / 10) to (1, 0) has equal rates here
    alarm, miss = 3 / 180, 3 / 10
    assert (low, high) == pytest.approx((0, (miss + alarm * miss / (1 - alarm)) / (1 + miss / (1 - alarm))))


def test_of_three_speakers_with_targets_an_error_rate_of_0_says_nothing():
    scores, targets, groups = separated(20)
    kept = ~targets | (groups[:, 0] < 3)
    found = trial_intervals(scores[kept], targets[kept], RATE, groups[kept], n=50)["rate"]
    assert np.isnan(found).all()


def test_equal_scores_have_no_interval():
    _, targets, groups = separated(20)
    found = trial_intervals(np.zeros(len(targets)), targets, MEASURES, groups, n=50)
    assert np.isnan(found["rate"]).all()
    # the cost of accepting nothing is the largest there is
    assert found["cost"] == pytest.approx((1 - 3 / 20, 1))


@pytest.mark.parametrize(("group", "n"), [(0, 50), (1, 0)])
def test_one_group_or_no_resample_says_nothing(group, n):
    low, high = trial_intervals([0.1, 0.2], [True, False], RATE, [[0, 0], [0, group]], n=n)["rate"]
    assert np.isnan([low, high]).all()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"groups": [0, 1]}, "groups of shape"),
        ({"groups": [[0, 1]]}, "groups of shape"),
        ({"level": 95}, "level"),
        ({"targets": [True, True]}, "the same speaker"),
    ],
)
def test_impossible_input(changes, words):
    with pytest.raises(DataError, match=words):
        trial_intervals(**{"scores": [0.1, 0.2], "targets": [True, False], "measures": RATE, **changes})
