"""Weights of an earlier training go to classes of the same name: tested by scores, column by column."""

from dataclasses import replace
from itertools import permutations

import pytest
import torch
import yaml

from pyannote.audio.core.errors import CheckpointError
from pyannote.audio.core.outputs import Output
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.inference.transfer import class_axes, transfer
from pyannote.audio.io.tensor_files import load_tensors
from pyannote.audio.models.crnn import Crnn
from pyannote.audio.models.dcase import Dcase
from pyannote.audio.models.tristou_net import TristouNet

OLD = Specifications("Dcase", {"X": 16, "long_term": 16}, ("car", "man", "dog"), 1.0, 0.01, 16000)
MAKE = {
    "dcase": lambda specs: Dcase(specs, channels=4, hidden=5, pooling=(3, 2, 1, 1)),
    # all sizes are equal to the number of classes somewhere: only rows of classes may be moved
    "crnn": lambda specs: Crnn(specs, channels=(3, 3, 4), recurrent=3, hidden=3),
}
BATCH = {"X": torch.randn(4, 100, 16), "long_term": torch.randn(4, 16)}


def scores(model):
    with torch.inference_mode():
        return model.eval()(BATCH)


@pytest.fixture
def trained(tmp_path):
    """Weights of a network of the old classes, with their specs.yml; and the network."""

    def make(kind, specs=OLD, known=True):
        torch.manual_seed(0)
        model = MAKE[kind](specs)
        path = tmp_path / "train" / "weights" / "0003.pt"
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(model.state_dict(), path)
        if known:
            (tmp_path / "train" / "specs.yml").write_text(yaml.safe_dump(specs.of_model(1).dump()))
        return path, model

    return make


def moved(path, kind, specs):
    torch.manual_seed(1)
    model = MAKE[kind](specs)
    fresh = {name: value.clone() for name, value in model.state_dict().items()}
    return model, fresh, transfer(model, load_tensors(path), path, MAKE[kind])


@pytest.mark.parametrize("kind", MAKE)
@pytest.mark.parametrize("classes", list(permutations(OLD.classes)))
def test_columns_follow_their_names(kind, classes, trained):
    path, old = trained(kind)
    model, _, remarks = moved(path, kind, replace(OLD, classes=classes))
    before, after = scores(old), scores(model)
    for column, name in enumerate(classes):
        assert torch.equal(after[..., column], before[..., OLD.classes.index(name)])
    assert remarks == []


@pytest.mark.parametrize("kind", MAKE)
@pytest.mark.parametrize(
    "classes", [("bird", "dog", "car", "cat"), ("bird", "man"), ("bird", "cat", "cow"), ("dog",)]
)
def test_new_classes_start_afresh_and_are_named(kind, classes, trained):
    path, old = trained(kind)
    model, fresh, remarks = moved(path, kind, replace(OLD, classes=classes))
    before, after = scores(old), scores(model)
    axes = class_axes(MAKE[kind], model.specifications)
    for column, name in enumerate(classes):
        if name in OLD.classes:
            assert torch.equal(after[..., column], before[..., OLD.classes.index(name)])
        else:
            state = model.state_dict()
            assert all(torch.equal(state[one][column], fresh[one][column]) for one in axes)
    new, gone = set(classes) - set(OLD.classes), set(OLD.classes) - set(classes)
    told = " ".join(remarks)
    assert all(f"{name!r}" in told for name in new | gone) and len(remarks) == bool(new) + bool(gone)
    assert not any(f"{name!r}" in told for name in set(classes) & set(OLD.classes))


def test_without_specifications_the_order_cannot_be_checked(trained):
    path, old = trained("crnn", known=False)
    model, _, remarks = moved(path, "crnn", OLD)
    assert torch.equal(scores(model), scores(old))
    assert len(remarks) == 1 and "specs.yml" in remarks[0] and "order" in remarks[0]
    with pytest.raises(CheckpointError, match="do not fit"):
        moved(path, "crnn", replace(OLD, classes=("car",)))


@pytest.mark.parametrize(
    ("specs", "words"),
    [
        (replace(OLD, inputs={"X": 20, "long_term": 20}), "X of dimension 16.*X of dimension 20"),
        (
            replace(OLD, inputs={"X": 16}),
            "long_term of dimension 16; this training has X of dimension 16\\.",
        ),
        (
            replace(OLD, output=Output("chunk")),
            "outputs of these weights are frames; this training has chunk",
        ),
    ],
)
def test_other_inputs_and_outputs_are_refused(specs, words, trained):
    path, _ = trained("crnn")
    with pytest.raises(CheckpointError, match=words) as caught:
        moved(path, "crnn", specs)
    assert caught.value.file == path


def test_features_of_other_rates_are_told(trained):
    path, _ = trained("crnn")
    _, _, remarks = moved(path, "crnn", replace(OLD, sample_rate=8000, step=0.02))
    assert len(remarks) == 2 and "16000 Hz" in remarks[0] and "step of 0.01 s" in remarks[1]


def test_another_architecture_is_refused(trained):
    path, _ = trained("crnn")
    model = Crnn(OLD, channels=(3, 3, 5), recurrent=3, hidden=3)
    with pytest.raises(CheckpointError, match="do not fit"):
        transfer(model, load_tensors(path), path, lambda specs: Crnn(specs, channels=(3, 3, 5)))


def test_embeddings_have_no_rows_of_classes(tmp_path):
    specs = Specifications("TripletLoss", {"X": 16}, ("ann", "bob"), 1.0, 0.01, 16000, Output("vector"))
    old, new = TristouNet(specs, recurrent=[4], linear=[4]), TristouNet(specs, recurrent=[4], linear=[4])
    assert transfer(new, old.state_dict(), tmp_path / "weights.pt", TristouNet) == []
    assert all(torch.equal(old.state_dict()[name], value) for name, value in new.state_dict().items())


def test_what_is_drawn_later_does_not_change(trained):
    path, _ = trained("crnn")
    moved(path, "crnn", OLD)
    after = torch.rand(1)
    torch.manual_seed(1)
    MAKE["crnn"](OLD)
    assert torch.equal(after, torch.rand(1))
