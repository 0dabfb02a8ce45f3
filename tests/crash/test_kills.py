"""A training that is killed at random moments, again and again, comes to what an undisturbed one comes to."""

import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from states import curves, saved

DRIVER = Path(__file__).with_name("killed.py")
# 8 batches of 8 chunks of 2 s an epoch; the rate falls twice
DCASE = """\
task:
   name: Dcase
   params:
      duration: 2.0
      batch_size: 8
      per_epoch: 0.0015
      labels_spec:
         regular: [brakes_squeaking, car, children, large_vehicle, people_speaking, people_walking]
feature_extraction:
   name: LibrosaMelSpectrogram
   params: {sample_rate: 44100, n_mels: 40}
architecture:
   name: Dcase
   params: {channels: 8, hidden: 8}
scheduler:
   name: DavisKing
   params: {learning_rate: 0.01, patience: 3}
optimizer:
   name: Adam
callbacks:
   name: WeightAveraging
   params: {decay: 0.9}
data_augmentation:
   - name: AddNoiseFromGaps
   - name: Mixup
   - name: TimeFrequencyMasking
"""

# a range test, then cycles; noise, drawn by a thread; a loss with centres of its own
EMBEDDING = """\
approach:
   name: CenterLoss
   params: {min_duration: 0.5, max_duration: 1.0, per_fold: 4, per_label: 3, per_epoch: 0.001, weight: 0.5}
feature_extraction:
   name: LibrosaMFCC
   params: {sample_rate: 16000}
architecture:
   name: TristouNet
   params: {recurrent: [8], linear: [8]}
scheduler:
   name: CyclicScheduler
   params: {epochs_per_cycle: 4}
callbacks:
   name: WeightAveraging
   params: {decay: 0.9}
data_augmentation:
   name: AddNoise
   params: {snr_min: 5, snr_max: 15}
"""


@pytest.fixture
def dcase(data, new_experiment, tmp_path):
    """Words of a command, and how an experiment on sounds is made."""
    return lambda name: new_experiment(tmp_path / name, DCASE)


@pytest.fixture
def emb(speakers, new_embedding, tmp_path):
    """The same, of speakers."""
    return lambda name: new_embedding(tmp_path / name, EMBEDDING)


def again(begun):
    """Most epochs that were done again after one kill, of those that were begun in this order."""
    return max((1 + before - after for before, after in pairwise(begun)), default=0)


@pytest.mark.parametrize(("kills", "epochs"), [(5, 3), pytest.param(50, 10, marks=pytest.mark.slow)])
@pytest.mark.parametrize("block", ["dcase", "emb"])
def test_a_training_that_is_killed_comes_to_the_same(block, kills, epochs, request, promise):
    make = request.getfixturevalue(block)
    whole = make("whole")
    command = [block, "train", "--cpu", "--from=last", f"--to={epochs}", "ROOT", whole.protocol]
    words = [DRIVER, whole.root, whole.root.with_name("killed"), kills, 2017, *command]
    done = subprocess.run(
        [sys.executable, *map(str, words)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr
    trainings = json.loads(done.stdout)
    expected, shown = {epoch: saved(whole, epoch) for epoch in range(1, epochs + 1)}, curves(whole.train)
    assert expected[epochs] != expected[epochs - 1]
    for number, begun in enumerate(trainings, start=1):
        found = whole._replace(root=whole.root.with_name(f"killed-{number}"))
        assert {epoch: saved(found, epoch) for epoch in range(1, epochs + 1)} == expected
        for name, curve in curves(found.train).items():
            assert [step for step, _ in curve] == [step for step, _ in shown[name]], name
            assert curve == shown[name] or name.endswith(("seconds", "samples_per_second")), name
        assert not list(found.root.rglob("*.part"))
        assert set(begun) == set(range(1, epochs + 1))
        assert again(begun) <= 1
    promise(
        f"A `{block} train` that is killed and goes on costs at most one epoch a kill, and learns the same.",
        f"kill -9 at random moments of {epochs} epochs, resumed each time; weights and states of all epochs, "
        "and curves, are compared with those of an undisturbed training.",
        f"{kills} kills of {len(trainings)} trainings, 0 bits differ, at most "
        f"{max(map(again, trainings))} epoch again a kill",
    )
