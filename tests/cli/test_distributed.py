"""Trainings that `torchrun` starts: two processes of the real command."""

import os
import re
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from processes import children, waits

# dropout is drawn by each process for its own rows
STILL = "   params: {dropout: 0.0}\nscheduler:"


def weights(folders, epoch):
    return torch.load(folders.weights(epoch), weights_only=True)


def close(one, other):
    return one.keys() == other.keys() and all(
        torch.allclose(value, other[name], atol=1e-5) for name, value in one.items()
    )


def test_two_processes_train_what_one_does_and_one_goes_on(
    here, torchrun, new_experiment, config_text, tmp_path
):
    text = config_text.replace("scheduler:", STILL)
    one, two = (new_experiment(tmp_path / name, text) for name in ("one", "two"))
    assert here("dcase", "train", "--cpu", "--to=3", one.root, one.protocol).code == 0
    process = torchrun("dcase", "train", "--cpu", "--validate", "--to=2", two.root, two.protocol)
    out, err = process.communicate(timeout=200)
    assert process.returncode == 0, err
    assert "cpu, 2 processes. Results go to" in out
    assert re.findall(r"^Epoch (\d)/2: loss", out, re.MULTILINE) == ["1", "2"]
    assert re.findall(r"^Epoch (\d): average_detection_fscore", out, re.MULTILINE) == ["1", "2"]
    assert len(list(two.train.glob("events.out.tfevents.*"))) == 1
    assert not list(two.root.rglob(".lock.*"))
    resumed = here("dcase", "train", "--cpu", "--from=last", "--to=3", two.root, two.protocol)
    assert resumed.code == 0 and "Resuming after epoch 2" in resumed.out, resumed.err
    assert all(close(weights(one, epoch), weights(two, epoch)) for epoch in (1, 2, 3))
    assert not close(weights(one, 2), weights(one, 3))


@pytest.mark.slow
def test_two_processes_train_embeddings_as_one_does(emb, torchrun, new_embedding, speakers, tmp_path):
    one, two = (new_embedding(tmp_path / name) for name in ("one", "two"))
    assert emb("train", "--cpu", "--to=2", one.root, one.protocol).code == 0
    process = torchrun("emb", "train", "--cpu", "--to=2", two.root, two.protocol)
    _, err = process.communicate(timeout=200)
    assert process.returncode == 0, err
    for (name, first), second in zip(
        weights(one, 2).items(), weights(two, 2).values(), strict=True
    ):  # layers may multiply in bfloat16
        assert torch.allclose(first, second, atol=2e-3), name


@pytest.mark.slow
def test_two_processes_leave_out_the_same_files(
    here, data, torchrun, new_experiment, config_text, tmp_path, monkeypatch
):
    """One file shows at its header, the other one when features are computed, which process 0 does."""
    shutil.copytree(data / "database", tmp_path / "database")
    shutil.copytree(data / "tut" / "audio", tmp_path / "audio")
    database = tmp_path / "database" / "database.yml"
    text = database.read_text().replace(f"{data}/tut/audio", f"{tmp_path}/audio")
    database.write_text(text.replace(f"{data}/database", f"{tmp_path}/database"))
    listed = (tmp_path / "database" / "lists" / "Fold1.train.lst").read_text().split()
    first, second = (tmp_path / "audio" / "street" / f"{uri}.wav" for uri in listed[:2])
    first.write_bytes(b"")
    samples, rate = soundfile.read(second)
    samples[rate] = np.nan
    soundfile.write(second, samples, rate, subtype="FLOAT")
    monkeypatch.setenv("PYANNOTE_DATABASE_CONFIG", str(database))
    text = config_text.replace("scheduler:", STILL)
    one, two = (new_experiment(tmp_path / name, text) for name in ("one", "two"))
    options = "dcase", "train", "--cpu", "--to=1", "--skip=0.9"
    result = here(*options, one.root, one.protocol, database=database)
    assert result.code == 0, result.err
    process = torchrun(*options, two.root, two.protocol)
    out, err = process.communicate(timeout=200)
    assert process.returncode == 0, err
    assert "(2 left out)" in out and all(err.count(str(path)) == 1 for path in (first, second))
    assert (one.train / "left_out.yml").read_bytes() == (two.train / "left_out.yml").read_bytes()
    assert close(weights(one, 1), weights(two, 1))


@pytest.mark.slow
@pytest.mark.parametrize("victim", [0, 1])
def test_a_process_that_is_killed_ends_the_training(victim, torchrun, experiment, here):
    process = torchrun("dcase", "train", "--cpu", "--to=100000", experiment.root, experiment.protocol)
    assert waits(experiment.weights(2).with_suffix(".json").exists), process.poll()
    both = children(process.pid)
    os.kill(both[victim], signal.SIGKILL)
    _, err = process.communicate(timeout=60)
    assert process.returncode != 0
    assert not [child for child in both if Path(f"/proc/{child}").exists()]
    last = max(int(path.stem) for path in (experiment.train / "weights").glob("*.json"))
    arguments = ("--cpu", "--from=last", f"--to={last + 1}", experiment.root, experiment.protocol)
    assert here("dcase", "train", *arguments).code == 0, err


@pytest.mark.slow
def test_what_is_wrong_is_said_once(torchrun, experiment):
    experiment.config.write_text(experiment.config.read_text().replace("n_mels", "mels"))
    process = torchrun("dcase", "train", "--cpu", experiment.root, experiment.protocol)
    _, err = process.communicate(timeout=100)
    assert process.returncode != 0
    assert len(re.findall("^Error: ", err, re.MULTILINE)) == 1
    assert not (experiment.root / "train").exists()


@pytest.mark.parametrize("command", ["validate", "apply"])
def test_other_commands_are_the_work_of_one_process(command, here, experiment, monkeypatch):
    for name, value in {"RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "x", "MASTER_PORT": "1"}.items():
        monkeypatch.setenv(name, value)
    result = here("dcase", command, experiment.root, experiment.protocol)
    assert result.code == 2
    assert f"`{command}` is the work of one process, and 2 were started." in result.err
