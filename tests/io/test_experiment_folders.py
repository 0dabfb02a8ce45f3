"""Folders of trainings and validations, and what is read from them."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from pyannote.audio.core.errors import CheckpointError, UsageError
from pyannote.audio.io.experiment_folders import TrainFolder, ValidateFolder, check_version

TABLE = {"b": ["1", "2"], "a/x": ["3", "4"]}


@pytest.fixture
def train(tmp_path):
    folder = TrainFolder(tmp_path / "root" / "train" / "P.train")
    folder.path.mkdir(parents=True)
    return folder


def test_each_file_has_its_place(train, tmp_path):
    assert train.root == tmp_path / "root"
    assert train.weights == train.path / "weights"
    assert train.config == train.path / "config.yml" and train.files == train.path / "files.json"


def test_a_folder_of_trainings_may_be_a_link(tmp_path):
    (tmp_path / "disk" / "P.train").mkdir(parents=True)
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "train").symlink_to(tmp_path / "disk")
    assert TrainFolder(tmp_path / "root" / "train" / "P.train").root == tmp_path / "root"


def test_relative_paths_and_the_root_of_the_disk_are_no_trap(train, monkeypatch):
    monkeypatch.chdir(train.path)
    assert TrainFolder(train.path / "weights" / "..").path == train.path
    assert TrainFolder(Path()).root == train.root and TrainFolder(Path("/")).root == Path("/")


@pytest.mark.parametrize("file", ["train/P.train/specs.yml", "config.yml"])
def test_a_training_has_specifications_or_a_configuration_of_an_earlier_version(file, train):
    with pytest.raises(UsageError, match=r"is no training folder: it holds no specs\.yml"):
        TrainFolder.existing(train.path)
    (train.root / file).touch()
    assert TrainFolder.existing(train.path).path == train.path


def test_the_table_of_training_files_comes_back(train):
    found = train.write_files(TABLE)
    assert train.trained_on(found) == {"b": ("1", "2"), "a/x": ("3", "4")}


@pytest.mark.parametrize(
    "content",
    [
        None, "", "{", "3", "[]", json.dumps({**TABLE, "b": ["1", "3"]}), json.dumps({"b": TABLE["b"]}),
        "[" * 10**5,
    ],
    ids=["missing", "empty", "cut", "number", "list", "changed", "shorter", "deep"],
)  # fmt: skip
def test_another_table_of_training_files_is_refused(content, train):
    expected = train.write_files(TABLE)
    train.files.unlink()
    if content is not None:
        train.files.write_text(content)
    with pytest.raises(CheckpointError, match="missing, damaged or that of another training") as caught:
        train.trained_on(expected)
    assert caught.value.file == train.files and "--accept-changes" in caught.value.fix


def test_files_that_were_left_out_come_back(train):
    assert train.left_out() == {}
    train.write_left_out({"P/a": "This is silent."})
    assert train.left_out() == {"P/a": "This is silent."}


@pytest.mark.parametrize("linked", ["train", "validation"])
def test_a_validation_knows_its_training(linked, train, tmp_path):
    (train.path / "specs.yml").touch()
    folder = train.path / "validate_x" / "P.development"
    folder.mkdir(parents=True)
    assert ValidateFolder(folder).train.path == train.path
    assert ValidateFolder(folder).params == folder / "params.yml"
    link = tmp_path / "link"
    if linked == "train":
        link.symlink_to(train.path)
        found = ValidateFolder(link / "validate_x" / "P.development")
        assert found.train.path == link
    else:
        link.symlink_to(folder)
        assert ValidateFolder(link).train.path == train.path


@pytest.mark.parametrize("weights", [None, [], {}, {2: "other"}, {"3": "v"}, {3: "v3"}])
def test_weights_that_a_validation_has_seen_or_does_not_name_are_used(weights, tmp_path):
    checkpoints = SimpleNamespace(version=lambda epoch: f"v{epoch}")
    check_version({"weights": weights}, 3, checkpoints, tmp_path)
    check_version({}, 3, checkpoints, tmp_path)


def test_weights_that_were_trained_again_are_refused(tmp_path):
    checkpoints = SimpleNamespace(version=lambda epoch: f"v{epoch}")
    with pytest.raises(CheckpointError, match="Epoch 3 has been trained again") as caught:
        check_version({"weights": {3: "v2"}}, 3, checkpoints, tmp_path)
    assert caught.value.file == tmp_path / "params.yml"
