import itertools

import numpy as np
import pytest

from pyannote.audio.core.errors import DataError
from pyannote.audio.validation.pairs import all_pairs


def turns(seed, count=40):
    rng = np.random.default_rng(seed)
    speakers = np.array(["ann", "bob", "cyd", "dee"])[rng.integers(4, size=count)]
    return speakers, rng.integers(7, size=count)


def brute(speakers, files):
    pairs = itertools.combinations(range(len(files)), 2)
    return {(i, j, speakers[i] == speakers[j]) for i, j in pairs if files[i] != files[j]}


def listed(pairs):
    return list(zip(*(array.tolist() for array in pairs), strict=True))


@pytest.mark.parametrize("seed", range(5))
def test_all_pairs_of_different_files(seed):
    found = listed(all_pairs(*turns(seed)))
    assert len(found) == len(set(found)) and set(found) == brute(*turns(seed))


@pytest.mark.parametrize(("limit", "targets"), [(100, 50), (101, 50), (2, 1)])
def test_a_limit_draws_half_of_each(limit, targets):
    found = listed(all_pairs(*turns(0), limit=limit))
    assert len(found) == len(set(found)) == limit
    assert set(found) <= brute(*turns(0)) and sum(same for *_, same in found) == targets
    assert found == listed(all_pairs(*turns(0), limit=limit))
    assert found != listed(all_pairs(*turns(0), limit=limit, seed=1))


@pytest.mark.parametrize(("speakers", "same", "different"), [("aabcdefgh", 1, 19), ("aaaaaaaab", 12, 8)])
def test_what_one_kind_lacks_the_other_gives(speakers, same, different):
    pairs = all_pairs(list(speakers), range(9), limit=20)
    assert (pairs.targets.sum(), (~pairs.targets).sum()) == (same, different)


def test_every_pair_is_as_likely():
    speakers, files = turns(3, count=12)
    everything = sorted(brute(speakers, files))
    drawn = [pair for seed in range(600) for pair in listed(all_pairs(speakers, files, 10, seed))]
    for kind in (True, False):
        counts = np.array([drawn.count(pair) for pair in everything if pair[2] == kind])
        assert counts.sum() == 3000
        assert ((counts - counts.mean()) ** 2 / counts.mean()).sum() < 2 * len(counts)


def test_one_kind_only():
    assert all_pairs(["a", "a"], [0, 1]).targets.tolist() == [True]
    assert all_pairs(["a", "b"], [0, 1]).targets.tolist() == [False]


@pytest.mark.parametrize(
    ("speakers", "files", "words"),
    [([], [], "0 turns are of one file"), (["a", "b"], [1, 1], "one file"), (["a"], [1, 2], "shape")],
)
def test_nothing_to_compare(speakers, files, words):
    with pytest.raises(DataError, match=words):
        all_pairs(speakers, files)
