"""The validator: records of epochs on disk, and the order of what it writes."""

from types import SimpleNamespace

import numpy as np
import pytest
import yaml

from pyannote.audio.validation.validator import Validator

NAME = "Data.Task.Protocol.development"


class Constant:
    """A measure that gives the number of the epoch."""

    name = "constant"

    def __init__(self, settings=None):
        self._settings = settings or {"unit": "frames"}
        self.scored, self.added, self.calls = [], {}, []

    def settings(self):
        return self._settings

    def score(self, epoch):
        self.scored.append(epoch)
        return np.full((3, 2), epoch, dtype=np.float32)

    def add(self, epoch, record):
        self.calls.append("add")
        self.added[epoch] = record

    def chosen(self):
        best = max(self.added)
        return {
            "params": {"onset": 0.5}, "epoch": best, "value": 0.25, "epochs": {best, min(self.added)},
            "provenance": {"reference": "abc"}, "class_wise": {"car": {"epoch": best}},
        }  # fmt: skip

    def write_files(self, folder):
        assert not (folder / "params.yml").exists() or self.calls.count("files")
        self.calls.append("files")

    def sentence(self, epoch):
        return f"constant is {epoch}"

    def log(self, writer, prefix, epoch, record):
        self.calls.append(f"log {prefix} {epoch}")


class Writer:
    flushed = 0

    def flush(self):
        self.flushed += 1


@pytest.fixture
def validator(tmp_path):
    def make(measure=None, digest="m1", weights="w", folder=None):
        bundle = SimpleNamespace(
            folder=SimpleNamespace(path=tmp_path),
            checkpoints=SimpleNamespace(version=lambda epoch: f"{weights}{epoch}"),
            digest=digest,
            code={"Own": "c1"},
        )
        return Validator(bundle, measure or Constant(), NAME, folder)

    return make


def stored(validator, *epochs):
    return [validator.store(epoch, validator.measure.score(epoch), Writer()) for epoch in epochs]


def test_the_folder_is_named_after_the_measure_or_as_asked_for(validator, tmp_path):
    assert validator().folder == tmp_path / "validate_constant" / NAME
    assert validator(folder="validate").folder == tmp_path / "validate" / NAME


def test_what_is_kept_is_recalled_without_the_network(validator):
    first = validator()
    assert stored(first, 2, 10) == ["Epoch 2: constant is 2", "Epoch 10: constant is 10"]
    again = validator()
    assert again.restore([1, 2, 3, 10]) == {2, 10}
    assert again.measure.scored == [] and sorted(again.measure.added) == [2, 10]
    for epoch, record in again.measure.added.items():
        assert np.array_equal(record, first.measure.added[epoch])


@pytest.mark.parametrize(
    "changed",
    [{"digest": "m2"}, {"weights": "v"}, {"measure": Constant({"unit": "segments"})}],
    ids=["model", "weights", "settings"],
)
def test_records_of_anything_else_are_not_recalled(changed, validator):
    stored(validator(), 1, 2)
    other = validator(**changed)
    assert other.restore([1, 2]) == set() and other.measure.added == {}


def test_a_damaged_record_is_not_recalled(validator):
    first = validator()
    stored(first, 1, 2)
    (path,) = (first.folder / "scores").glob("0002.*.npy")
    path.write_bytes(path.read_bytes()[:-1] + b"\1")
    assert validator().restore([1, 2]) == {1}


def test_params_begin_with_single_values_and_name_the_weights_of_their_epochs(validator):
    first = validator()
    stored(first, 3, 1)
    text = (first.folder / "params.yml").read_text()
    content = yaml.safe_load(text)
    assert list(content) == ["epoch", "value", "provenance", "weights", "params", "class_wise"]
    assert content["provenance"] == {"model": "m1", "code": {"Own": "c1"}, "reference": "abc"}
    assert list(content["weights"].items()) == [(1, "w1"), (3, "w3")]
    assert "epochs" not in content and content["class_wise"] == {"car": {"epoch": 3}}


def test_an_epoch_is_recorded_evaluated_written_and_logged_in_that_order(validator):
    first, writer = validator(), Writer()
    first.store(7, first.measure.score(7), writer)
    assert first.measure.calls == ["add", "files", f"log validate/{NAME} 7"] and writer.flushed == 1
    assert first.records.stored([7]) == [7]
