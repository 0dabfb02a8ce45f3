"""Bootstrap confidence intervals over speakers for error rates of trials."""

import numpy as np
import pytest

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
    assert len(calls) == 120


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
