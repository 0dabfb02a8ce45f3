"""Pretraining without labels, a detector that begins with it, and a network in ONNX as front end."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from commands import CONFIG, PROTOCOL, changed, make_experiment
from onnx_files import convolution

from pyannote.audio.io.tensor_files import load_tensors

DETECTION = changed(
    CONFIG,
    ("      duration: 2.0\n", "      duration: 2.0\n      logavgmel: False\n"),
    ("   name: Dcase\nscheduler", "   name: Dcase\n   params: {channels: 8, hidden: 8}\nscheduler"),
)
PRETRAINING = re.sub(
    r"task:.*?feature_extraction",
    "task:\n   name: MaskedPrediction\n   params:\n      batch_size: 8\n      per_epoch: 0.0005\n"
    "feature_extraction",
    DETECTION,
    flags=re.DOTALL,
) + ("optimizer:\n   name: Adam\n")
BARE = "Bare.SpeakerDiarization.Sounds"
BOTH = "X.SpeakerDiarization.Everything"


@pytest.fixture(scope="module")
def bare(data, tmp_path_factory):
    """database.yml with lists of recordings alone, and a protocol that adds recordings with annotation."""
    folder = tmp_path_factory.mktemp("bare")
    audio = sorted((data / "tut" / "audio").rglob("*.wav"))
    content = yaml.safe_load((data / "database" / "database.yml").read_text())
    for value in content["Protocols"]["TUT2017"]["SpeakerDiarization"].values():
        for subset in ("train", "development", "test"):
            for key, path in value.get(subset, {}).items():
                value[subset][key] = str(data / "database" / path)
    (folder / "train.lst").write_text("".join(f"{path.stem}\n" for path in audio[:6]))
    (folder / "development.lst").write_text("".join(f"{path.stem}\n" for path in audio[6:]))
    content["Databases"]["Bare"] = str(audio[0].parent / "{uri}.wav")
    subsets = {name: {"uri": f"{name}.lst"} for name in ("train", "development")}
    content["Protocols"]["Bare"] = {"SpeakerDiarization": {"Sounds": subsets}}
    both = {BARE: ["train"], PROTOCOL: ["train"]}
    content["Protocols"]["X"] = {"SpeakerDiarization": {"Everything": {"train": both}}}
    (folder / "database.yml").write_text(yaml.safe_dump(content))
    return folder / "database.yml"


@pytest.fixture(scope="module")
def pretrained(here, bare, tmp_path_factory):
    """Pretraining of two epochs, with its validation."""
    folders = make_experiment(
        tmp_path_factory.mktemp("pretrained") / "experiment", PRETRAINING, BARE, "validate_masked_loss"
    )
    result = here("pretrain", "train", "--cpu", "--to=2", folders.root, BARE, database=bare)
    assert result.code == 0, result.err
    result = here("pretrain", "validate", "--cpu", "--batch=4", folders.train, BARE, database=bare)
    assert result.code == 0, result.err
    return folders, result.out


def test_check_accepts_recordings_without_annotation(here, bare, tmp_path):
    folders = make_experiment(tmp_path / "experiment", PRETRAINING, BARE)
    result = here("check", folders.root, BARE, database=bare)
    assert result.code == 0, result.out + result.err


def test_validation_names_the_weights_of_the_lowest_loss(pretrained):
    folders, out = pretrained
    params = yaml.safe_load((folders.validate / "params.yml").read_text())
    losses = [float(value) for value in re.findall(r"Epoch \d+: masked_loss (\S+)", out)]
    assert params["metric"] == "masked_loss" and params["value"] == pytest.approx(min(losses), abs=1e-4)
    assert params["epoch"] == 1 + losses.index(min(losses))
    assert f"For --pretrained: {folders.weights(params['epoch'])}" in out


def test_validation_in_two_parts_equals_one(pretrained, here, bare):
    """Records of a repeated validation are those of the first one, to the last bit."""
    folders, _ = pretrained
    before = (folders.validate / "params.yml").read_text()
    for path in (folders.validate / "scores").iterdir():
        path.unlink()
    result = here("pretrain", "validate", "--cpu", "--batch=4", folders.train, BARE, database=bare)
    assert result.code == 0 and (folders.validate / "params.yml").read_text() == before


def test_a_resumed_pretraining_equals_an_uninterrupted_one(pretrained, here, bare, tmp_path):
    folders = make_experiment(tmp_path / "experiment", PRETRAINING, BARE)
    for options in (["--to=1"], ["--from=last", "--to=2"]):
        result = here("pretrain", "train", "--cpu", *options, folders.root, BARE, database=bare)
        assert result.code == 0, result.err
    assert folders.weights(2).read_bytes() == pretrained[0].weights(2).read_bytes()


def test_validation_beside_the_training_chooses_the_same(pretrained, here, bare, tmp_path):
    folders = make_experiment(tmp_path / "experiment", PRETRAINING, BARE, "validate_masked_loss")
    result = here("pretrain", "train", "--validate", "--cpu", "--to=2", folders.root, BARE, database=bare)
    assert result.code == 0, result.err
    assert "masked_loss" in result.out
    assert folders.weights(2).read_bytes() == pretrained[0].weights(2).read_bytes()


def test_a_detector_begins_with_all_layers_but_the_last(pretrained, here, bare, tmp_path):
    """Checked on the first epoch of a training whose learning rate changes nothing."""
    weights = pretrained[0].weights(2)
    text = changed(DETECTION, ("learning_rate: 0.01", "learning_rate: 1.0e-12"))
    folders = make_experiment(tmp_path / "experiment", text)
    result = here(
        "dcase", "train", "--cpu", "--to=1", f"--pretrained={weights}", folders.root, PROTOCOL, database=bare
    )
    assert result.code == 0, result.err
    assert "all layers but the last one" in result.err and "band 1" not in result.err
    before, now = load_tensors(weights), load_tensors(folders.weights(1))
    assert before.keys() == now.keys()
    same = {
        name: torch.allclose(before[name], now[name]) for name in now if now[name].shape == before[name].shape
    }
    assert all(same.values())
    assert before.keys() - same.keys() == {"output.3.weight", "output.3.bias"}
    trained = here("dcase", "validate", "--cpu", folders.train, PROTOCOL, database=bare)
    assert trained.code == 0, trained.err


def test_recordings_of_several_databases_are_used_together(here, bare, tmp_path):
    folders = make_experiment(tmp_path / "experiment", PRETRAINING, BOTH)
    result = here("pretrain", "train", "--cpu", "--to=1", folders.root, BOTH, database=bare)
    assert result.code == 0, result.err


def test_other_blocks_and_tasks_are_refused(pretrained, here, bare, tmp_path):
    """Values of bands are no scores: a detection block must not threshold them."""
    folders, _ = pretrained
    for command in (["dcase", "validate", "--cpu", folders.train, PROTOCOL],):
        result = here(*command, database=bare)
        assert result.code == 3
        assert "MaskedPrediction is no task that this command trains" in result.err
        assert "Train it with pyannote-audio pretrain." in result.err
    result = here("mlt", "apply", "--cpu", folders.validate, PROTOCOL, database=bare)
    assert result.code not in (0, 1) and "Traceback" not in result.err
    detection = make_experiment(tmp_path / "experiment", DETECTION)
    result = here("pretrain", "train", "--cpu", "--to=1", detection.root, PROTOCOL, database=bare)
    assert result.code == 3 and "there are MaskedPrediction." in result.err
    assert here("pretrain", "apply", "--cpu", folders.validate, BARE, database=bare).code == 2


def test_features_that_would_change_are_refused(here, bare, tmp_path):
    text = PRETRAINING + "data_augmentation:\n   - name: Mixup\n"
    folders = make_experiment(tmp_path / "experiment", text, BARE)
    result = here("pretrain", "train", "--cpu", "--to=1", folders.root, BARE, database=bare)
    assert result.code == 3 and "predicts features, which Mixup would change" in result.err


def front_end_text(path):
    extraction = (
        f"feature_extraction:\n   name: Onnx\n   params:\n      file: {path}\n      sample_rate: 44100\n"
    )
    return re.sub(
        r"feature_extraction:.*?architecture", extraction + "architecture", DETECTION, flags=re.DOTALL
    )


def test_a_network_in_onnx_is_a_front_end(here, data, tmp_path):
    """Train, validate and apply; then the file is edited, and then it is gone."""
    weights = np.random.default_rng(0).normal(size=(6, 1, 882))
    path = convolution(tmp_path / "front end.onnx", weights, hop=441)
    folders = make_experiment(tmp_path / "experiment", front_end_text(path))
    for command, *arguments in (
        ("train", "--to=1", folders.root),
        ("validate", folders.train),
        ("apply", folders.validate),
    ):
        result = here("dcase", command, "--cpu", *arguments, PROTOCOL)
        assert result.code == 0, result.err
    stored = yaml.safe_load((folders.train / "config.yml").read_text())["feature_extraction"]["params"]
    assert stored["step"] == 0.01 and len(stored["sha256"]) == 64
    convolution(path, 2 * weights, hop=441)
    for arguments in (
        ("validate", folders.train),
        ("apply", folders.validate),
        ("train", "--from=last", "--to=2", folders.root),
    ):
        result = here("dcase", arguments[0], "--cpu", *arguments[1:], PROTOCOL)
        assert result.code != 0 and "Traceback" not in result.err
        assert "sha256" in result.err
    Path(path).unlink()
    result = here("dcase", "apply", "--cpu", folders.validate, PROTOCOL)
    assert result.code == 3 and "There is no such file" in result.err
