import numpy as np
import pytest

from pyannote.audio.core.errors import DataError
from pyannote.audio.metrics.verification import equal_error_rate, min_dcf
from pyannote.audio.validation.trials import evaluate, known_speakers


def trials(seed=0, count=600, speakers=15):
    rng = np.random.default_rng(seed)
    groups = rng.integers(speakers, size=(count, 2))
    groups[: count // 2, 1] = groups[: count // 2, 0]
    targets = groups[:, 0] == groups[:, 1]
    return rng.normal(size=count) + 2 * targets, targets, groups


def test_the_result_of_trials():
    scores, targets, groups = trials()
    result = evaluate(scores, targets, groups, n=100)
    assert (result.equal_error_rate, result.threshold) == equal_error_rate(scores, targets)
    assert result.min_dcf == {prior: min_dcf(scores, targets, prior) for prior in (0.01, 0.05)}
    assert (result.trials, result.targets) == (600, targets.sum())
    assert list(result.intervals) == ["equal_error_rate", "min_dcf_0.01", "min_dcf_0.05"]
    low, high = result.intervals["equal_error_rate"]
    assert low < result.equal_error_rate < high
    assert result == evaluate(scores, targets, groups, n=100)


def test_without_groups():
    scores, targets, _ = trials()
    low, high = evaluate(scores, targets, n=50).intervals["min_dcf_0.05"]
    assert 0 < low < high <= 1


def test_impossible_trials():
    with pytest.raises(DataError, match="different speakers"):
        evaluate([0.1, 0.2], [False, False])


def test_target_trials_tell_who_is_who():
    rng = np.random.default_rng(0)
    speakers = np.repeat(np.arange(8), 6)
    names = np.array([f"{number}.wav" for number in rng.permutation(len(speakers))])
    first, second = np.triu_indices(len(speakers), 1)
    targets = speakers[first] == speakers[second]
    found = known_speakers(names[first], names[second], targets)
    assert np.array_equal(found[:, 0] == found[:, 1], targets)
    assert len(np.unique(found)) == 8


def test_files_without_target_trials_are_speakers_of_their_own():
    found = known_speakers([1, 2, 5, 7], [2, 3, 6, 1], [True, True, False, False])
    assert found[0].tolist() == found[1].tolist() == [found[0, 0]] * 2
    assert len({*found[0], *found[2], found[3, 0]}) == 4
