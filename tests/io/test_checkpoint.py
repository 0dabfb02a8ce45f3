"""Checkpoints: atomic writing, refusal of damaged files, and no execution of code."""

import json
import os
import pickle
import zipfile

import pytest
import torch

from pyannote.audio.core.errors import CheckpointError, StorageError
from pyannote.audio.io.checkpoint import Checkpoints, Origin
from pyannote.audio.io.tensor_files import load_tensors


def weights_of(epoch):
    return {"layer.weight": torch.full((3, 4), float(epoch)), "layer.bias": torch.arange(3) + epoch}


def state_of(epoch):
    return {
        "optimizer": {
            "state": {0: {"step": torch.tensor(epoch)}},
            "param_groups": [{"lr": 0.1, "params": [0]}],
        }
    }


@pytest.fixture
def checkpoints(tmp_path):
    found = Checkpoints(tmp_path / "weights")
    for epoch in (1, 2, 3):
        found.save(epoch, weights_of(epoch), state_of(epoch))
    return found


def test_saved_checkpoints_can_be_loaded(checkpoints):
    assert checkpoints.epochs() == [1, 2, 3]
    loaded = checkpoints.load_weights(2)
    assert all(torch.equal(loaded[name], value) for name, value in weights_of(2).items())
    assert checkpoints.load_state(2)["optimizer"]["param_groups"] == [{"lr": 0.1, "params": [0]}]


def test_file_names_are_the_documented_ones(checkpoints):
    names = {path.name for path in checkpoints.folder.iterdir()}
    assert names == {f"000{epoch}{end}" for epoch in (1, 2, 3) for end in (".pt", ".state.pt", ".json")}
    assert Checkpoints(checkpoints.folder).weights(12345).name == "12345.pt"


def test_epochs_count_as_numbers(tmp_path):
    found = Checkpoints(tmp_path)
    for epoch in (10000, 9999, 2):
        found.manifest(epoch).write_text("{}")
    (tmp_path / "settings.json").write_text("{}")
    (tmp_path / "12.json").write_text("{}")
    assert found.epochs() == [2, 9999, 10000]


def test_without_a_manifest_an_epoch_does_not_exist(checkpoints):
    checkpoints.manifest(2).unlink()
    assert checkpoints.epochs() == [1, 3]
    with pytest.raises(CheckpointError, match=r"no epoch 2 here; there are 1, 3"):
        checkpoints.load_weights(2)


@pytest.mark.parametrize(
    ("epochs", "words"), [([], "there are none"), ([4], "there are 4"), ([2, 3, 4], "there are 2 to 4")]
)
def test_a_missing_epoch_is_told_with_those_that_exist(tmp_path, epochs, words):
    found = Checkpoints(tmp_path)
    for epoch in epochs:
        found.manifest(epoch).write_text("{}")
    with pytest.raises(CheckpointError, match=words):
        found.load_state(1)


@pytest.mark.parametrize("part", ["weights", "state"])
@pytest.mark.parametrize("damage", ["flip", "truncate", "empty", "append"])
def test_a_changed_file_is_refused_by_name(checkpoints, part, damage):
    path = getattr(checkpoints, part)(2)
    content = bytearray(path.read_bytes())
    if damage == "flip":
        content[len(content) // 2] ^= 1
    elif damage == "append":
        content += b"\0"
    else:
        content = content[: 0 if damage == "empty" else len(content) // 2]
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="has changed since it was saved") as caught:
        getattr(checkpoints, f"load_{part}")(2)
    assert caught.value.file == path
    assert getattr(checkpoints, f"load_{part}")(3)


def test_every_single_bit_counts(checkpoints):
    path = checkpoints.weights(1)
    content = path.read_bytes()
    for position in range(0, len(content), 97):
        changed = bytearray(content)
        changed[position] ^= 1 << (position % 8)
        path.write_bytes(changed)
        with pytest.raises(CheckpointError):
            checkpoints.load_weights(1)


@pytest.mark.parametrize("part", ["weights", "state"])
def test_a_missing_file_is_refused_by_name(checkpoints, part):
    getattr(checkpoints, part)(2).unlink()
    with pytest.raises(CheckpointError, match="is missing") as caught:
        getattr(checkpoints, f"load_{part}")(2)
    assert caught.value.file == getattr(checkpoints, part)(2)


def test_swapped_files_are_refused(checkpoints):
    one, other = checkpoints.weights(1).read_bytes(), checkpoints.weights(2).read_bytes()
    checkpoints.weights(1).write_bytes(other)
    checkpoints.weights(2).write_bytes(one)
    for epoch in (1, 2):
        with pytest.raises(CheckpointError, match="has changed"):
            checkpoints.load_weights(epoch)
    assert checkpoints.load_weights(3)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"{}", b'{"sha256": 3}', b'{"sha256": {}}', b"\xff\xfe", b"null"]
)
def test_a_damaged_manifest_is_refused_by_name(checkpoints, content):
    checkpoints.manifest(2).write_bytes(content)
    with pytest.raises(CheckpointError, match="manifest is damaged") as caught:
        checkpoints.load_weights(2)
    assert caught.value.file == checkpoints.manifest(2)


class Evil:
    """Makes a file when it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


def evil_pickle(path, mark):
    path.write_bytes(pickle.dumps({"weights": Evil(mark)}, protocol=2))


def evil_torch(path, mark):
    torch.save({"weights": Evil(mark)}, path)


def evil_legacy(path, mark):
    torch.save({"weights": Evil(mark)}, path, _use_new_zipfile_serialization=False)


def evil_zip(path, mark):
    torch.save({"weights": torch.zeros(1)}, path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(
                name, pickle.dumps(Evil(mark), protocol=2) if name.endswith("data.pkl") else content
            )


@pytest.mark.parametrize("attack", [evil_pickle, evil_torch, evil_legacy, evil_zip])
def test_nothing_in_a_file_is_executed(checkpoints, tmp_path, attack):
    mark, path = tmp_path / "executed", checkpoints.weights(2)
    attack(path, mark)
    # whoever can write the weights can write the manifest, too
    manifest = json.loads(checkpoints.manifest(2).read_text())
    from pyannote.audio.io.storage import digest

    manifest["sha256"][path.name] = digest(path)
    checkpoints.manifest(2).write_text(json.dumps(manifest))
    with pytest.raises(CheckpointError, match="cannot be read") as caught:
        checkpoints.load_weights(2)
    assert caught.value.file == path and not mark.exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no weights", b"\x80\x02N."])
def test_other_files_are_no_weights(tmp_path, content):
    path = tmp_path / "model.pt"
    path.write_bytes(content)
    with pytest.raises(CheckpointError) as caught:
        load_tensors(path)
    assert caught.value.file == path and caught.value.fix


def test_a_list_is_no_weights(tmp_path):
    torch.save([torch.zeros(1)], tmp_path / "model.pt")
    with pytest.raises(CheckpointError, match="contains no weights"):
        load_tensors(tmp_path / "model.pt")


def test_a_missing_file_and_a_folder_are_sentences(tmp_path):
    with pytest.raises(CheckpointError, match="There is no such file"):
        load_tensors(tmp_path / "model.pt")
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_tensors(tmp_path)


def test_epochs_of_another_training_are_refused(tmp_path):
    first = Checkpoints(tmp_path, Origin("m", "t1"))
    first.save(1, weights_of(1), state_of(1))
    first.save(2, weights_of(2), state_of(2))
    # a change was accepted after epoch 1: epoch 2 of before no longer belongs to this training
    changed = Checkpoints(tmp_path, Origin("m", "t2", earlier=((1, "t1"),)))
    assert changed.load_weights(1).keys() == weights_of(1).keys()
    for other in (changed, Checkpoints(tmp_path, Origin("m", "t2"))):
        with pytest.raises(CheckpointError, match="another training") as caught:
            other.load_weights(2)
        assert caught.value.file == other.manifest(2)
    assert first.load_weights(2).keys() == weights_of(2).keys()


def test_epochs_without_a_training_are_refused_beside_one_that_has_a_name(tmp_path):
    Checkpoints(tmp_path, Origin("m")).save(1, weights_of(1), state_of(1))
    with pytest.raises(CheckpointError, match="another training"):
        Checkpoints(tmp_path, Origin("m", "t")).load_weights(1)
    Checkpoints(tmp_path, Origin("m", "t", earlier=((1, None),))).load_weights(1)


def test_later_epochs_can_be_dropped(checkpoints):
    checkpoints.drop_after(1)
    assert {path.name for path in checkpoints.folder.iterdir()} == {"0001.json", "0001.pt", "0001.state.pt"}
    checkpoints.drop_after(0)
    assert checkpoints.epochs() == []


def test_an_epoch_that_cannot_be_written_leaves_the_others(tmp_path):
    found = Checkpoints(tmp_path / "weights")
    found.save(1, weights_of(1), state_of(1))
    found.state(2).mkdir()
    with pytest.raises(StorageError):
        found.save(2, weights_of(2), state_of(2))
    assert found.epochs() == [1] and found.load_weights(1)


def test_saving_an_epoch_anew_replaces_it(checkpoints):
    checkpoints.save(2, weights_of(7), state_of(7))
    assert torch.equal(checkpoints.load_weights(2)["layer.bias"], weights_of(7)["layer.bias"])
