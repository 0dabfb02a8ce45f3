"""Several processes train what one would: same samples, loss, weights; and none outlives the others."""

import json
import os
import runpy
import subprocess
import sys
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import torch

from pyannote.audio.core.ranks import Rank
from pyannote.audio.train.single_process import SingleProcess

WORKER = Path(__file__).with_name("together.py")
DISTURBED = ("killed", "stopped", "silent", "failing", "raising", "crowded", "slow", "small", "parted")
IN_TIME = 60
"""Seconds within which all must have ended when one has."""

KINDS = (
    "detection",
    "augmented",
    "averaged",
    "prefetched",
    "after range test",
    "TripletLoss",
    "Classification",
    "CenterLoss",
)


def together(folder, *works):
    """Do works as several processes each; how they ended."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, WORKER, folder, *map(str, works)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    return json.loads((folder / "ended.json").read_text())


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """Folder of what processes have found, and how they ended."""
    folder = tmp_path_factory.mktemp("together")
    disturbed = [part for work in DISTURBED for part in (work, 2)]
    return folder, together(folder, "learn", 2, "learn", 3, *disturbed)


@pytest.fixture(scope="module")
def found(ended):
    """What each of two and of three processes has found, by number of processes."""
    folder, how = ended
    for size in (2, 3):
        assert how[f"learn.{size}"]["codes"] == [0] * size, how[f"learn.{size}"]["errors"]
    return {size: [load(folder, size, rank) for rank in range(size)] for size in (2, 3)}


def load(folder, size, rank):
    return torch.load(folder / f"learn.{size}.{rank}.pt", weights_only=False)


@pytest.fixture(scope="module")
def alone():
    """The same in this process."""
    return runpy.run_path(str(WORKER))["learned"](SingleProcess())


def close(one, other, tolerance):
    """Whether two results differ by no more than a tolerance anywhere."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(close(one[key], other[key], tolerance) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(
            close(*pair, tolerance) for pair in zip(one, other, strict=True)
        )
    return np.allclose(np.asarray(one), np.asarray(other), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_several_processes_learn_what_one_learns(kind, size, alone, found):
    assert close(alone[kind], found[size][0][kind], 2e-6)
    assert alone[kind]["samples"] == found[size][0][kind]["samples"]


@pytest.mark.parametrize("size", [2, 3])
def test_all_processes_come_to_the_same(size, found):
    first, *others = found[size]
    for other in others:
        assert all(close(first[kind], other[kind], 0) for kind in (*KINDS, "range test", "normalized"))


@pytest.mark.parametrize("size", [2, 3])
def test_range_tests_see_the_same_losses_and_choose_alike(size, alone, found):
    assert close(alone["range test"], found[size][0]["range test"], 1e-5)


def test_trainings_would_differ_if_anything_mattered(alone):
    assert not close(alone["detection"]["weights"], alone["augmented"]["weights"], 1e-3)
    assert alone["TripletLoss"]["losses"][0] != alone["TripletLoss"]["losses"][1]


@pytest.mark.parametrize("size", [2, 3])
def test_rows_of_all_processes_are_those_of_one(size, found):
    (whole,) = [list(runpy.run_path(str(WORKER))["detection"]()[0].batches(1, 0))]
    parts = [one["rows"][0] for one in found[size]]
    for index, batch in enumerate(whole):
        for name in ("X", "long_term"):
            assert torch.equal(batch[name], torch.cat([part[index][name] for part in parts]))
            assert all(len(part[index][name]) in (7 // size, 7 // size + 1) for part in parts)
        assert all(torch.equal(batch["y"], part[index]["y"]) for part in parts)


@pytest.mark.parametrize("size", [2, 3])
def test_process_0_goes_first_and_its_answers_are_those_of_all(size, found):
    assert [one["turn"] for one in found[size]] == [(False, True)] + [(True, True)] * (size - 1)
    assert [one["from_main"] for one in found[size]] == [{"rank": 0}] * size
    assert [one["on_main"] == "nullcontext" for one in found[size]] == [False] + [True] * (size - 1)
    assert len({one["position"] for one in found[size]}) == size


def test_a_killed_process_ends_the_others(ended):
    how = ended[1]["killed.2"]
    assert how["codes"] == [9, -9]
    assert "Another process of this training has ended" in how["errors"][0]
    assert how["seconds"] < 30


def test_a_process_that_hangs_ends_the_others(ended):
    for work, codes in (("stopped", [9, -9]), ("silent", [-9, 9])):
        assert ended[1][f"{work}.2"]["codes"] == codes
        assert ended[1][f"{work}.2"]["seconds"] < 60
    assert "does not answer" in ended[1]["stopped.2"]["errors"][0]


def test_the_others_end_with_process_0_and_leave_the_word_to_it(ended):
    how = ended[1]["failing.2"]
    assert how["codes"] == [4, 9]
    assert how["errors"] == ["Error: There is nothing in here.\n", ""]


def test_an_error_that_nobody_foresaw_ends_the_others(ended, promise):
    how, crowded = ended[1]["raising.2"], ended[1]["crowded.2"]
    assert how["codes"] == [9, 1]
    assert how["errors"][1].startswith(
        "Error: batch 3 of epoch 1: An unexpected error occurred (ValueError)."
    )
    assert crowded["codes"] == [9, 7]
    assert crowded["errors"][1].startswith("Error: There is too little memory")
    disturbed = [ended[1][f"{work}.2"] for work in DISTURBED if work not in ("slow", "parted")]
    assert all(one["seconds"] < IN_TIME for one in disturbed)
    promise(
        "A process of a training that dies, hangs or fails is an error of the others, and no hang.",
        f"One of two processes is killed, stopped, or fails: {', '.join(DISTURBED)}.",
        f"all have ended in less than {IN_TIME} s",
    )


def test_long_work_of_process_0_is_waited_for(ended):
    assert ended[1]["slow.2"]["codes"] == [0, 0], ended[1]["slow.2"]["errors"]


def test_batches_that_cannot_be_shared_are_refused(ended):
    how = ended[1]["small.2"]
    # whichever comes first says so; the other may find nobody who could tell it
    assert sorted(how["codes"]) in ([2, 9], [2, 2])
    assert "A batch of 3 is too small for 2 processes" in "".join(how["errors"])


def test_a_process_that_is_told_to_end_takes_the_others_with_it(ended):
    assert ended[1]["parted.2"]["codes"] == [9, 143]


def test_shares_cover_each_row_once():
    for size in range(1, 6):
        for count in range(2 * size, 20):
            rows = [list(range(count))[Rank(rank, size).rows(count)] for rank in range(size)]
            assert [*chain(*rows)] == list(range(count))
            assert max(map(len, rows)) - min(map(len, rows)) <= 1


def test_half_an_environment_makes_no_share():
    assert Rank.of({"RANK": "1", "WORLD_SIZE": "2"}) == Rank(0, 1)
    whole = {"RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "localhost", "MASTER_PORT": "1234"}
    assert Rank.of(whole) == Rank(1, 2)
