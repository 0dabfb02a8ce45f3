"""`validate` names an epoch that cannot be used, and goes on with the others."""

import shutil

import pytest
import torch
from states import checkpoints_of

CHECKPOINT = 8


def saved_anew(change):
    """Save an epoch whose weights are changed, and a manifest that fits, as earlier versions may have."""

    def act(checkpoints, epoch):
        weights, state = checkpoints.load_weights(epoch), checkpoints.load_state(epoch)
        checkpoints.save(epoch, change(weights), state)

    return act


def last(value):
    """Change the last weight."""
    return saved_anew(lambda weights: {**weights, list(weights)[-1]: value(weights[list(weights)[-1]])})


def huge(weights):
    """All that is learned is finite, and nothing that is computed with it."""
    learned = [name for name, value in weights.items() if value.is_floating_point() and "X_" not in name]
    return {**weights, **{name: torch.full_like(weights[name], 1e38) for name in learned}}


def emptied(part):
    return lambda checkpoints, epoch: getattr(checkpoints, part)(epoch).write_bytes(b"")


def made_a_folder(checkpoints, epoch):
    checkpoints.manifest(epoch).unlink()
    checkpoints.manifest(epoch).mkdir()


FAULTS = {
    "not finite": last(lambda value: value * float("nan")),
    "scores not finite": saved_anew(huge),
    "integer key": saved_anew(lambda weights: {**weights, 3: torch.zeros(1)}),
    "doubled": last(torch.Tensor.double),
    "expanded": last(lambda value: value[:1].expand(value.shape)),
    "another shape": last(lambda value: torch.zeros(len(value) + 1)),
    "missing": saved_anew(lambda weights: dict(list(weights.items())[1:])),
    "no tensor": last(lambda value: value.tolist()),
    "no file": lambda checkpoints, epoch: checkpoints.weights(epoch).unlink(),
    "empty file": emptied("weights"),
    "empty manifest": emptied("manifest"),
    "manifest is a folder": made_a_folder,
}


def without(folders, epoch, target):
    """A copy in which an epoch does not exist."""
    shutil.copytree(folders.root, target)
    copy = folders._replace(root=target)
    shutil.rmtree(copy.validate)
    for path in checkpoints_of(copy.train).files(epoch):
        path.unlink()
    return copy


@pytest.mark.parametrize("fault", FAULTS)
def test_a_bad_epoch_is_left_out(fault, copied, here, tmp_path):
    expected = without(copied, 2, tmp_path / "without")
    assert here("dcase", "validate", "--cpu", expected.train, copied.protocol).code == 0
    shutil.rmtree(copied.validate)
    checkpoints = checkpoints_of(copied.train)
    FAULTS[fault](checkpoints, 2)
    result = here("dcase", "validate", "--cpu", copied.train, copied.protocol)
    assert result.code == 0, result.err
    (line,) = result.err.splitlines()
    assert line.startswith(f"Warning: Epoch 2 is left out. {checkpoints.folder}/0002.")
    assert "Epoch 1: " in result.out and "Epoch 3: " in result.out and "Epoch 2: " not in result.out
    params = [(folders.validate / "params.yml").read_bytes() for folders in (copied, expected)]
    assert params[0] == params[1]


@pytest.mark.parametrize("fault", ["not finite", "scores not finite", "another shape", "empty manifest"])
@pytest.mark.parametrize("backend", ["", "backend:\n   name: WCCN\n"])
def test_a_bad_epoch_of_embeddings_is_left_out(fault, backend, embedded_copy, emb, tmp_path):
    copied = embedded_copy
    copied.config.write_text(copied.config.read_text() + backend)
    expected = without(copied, 2, tmp_path / "without")
    assert emb("validate", "--cpu", expected.train, copied.protocol).code == 0
    shutil.rmtree(copied.validate)
    FAULTS[fault](checkpoints_of(copied.train), 2)
    result = emb("validate", "--cpu", copied.train, copied.protocol)
    assert result.code == 0, result.err
    assert result.err.count("Warning: Epoch 2 is left out.") == len(result.err.splitlines()) == 1
    params = [(folders.validate / "params.yml").read_bytes() for folders in (copied, expected)]
    assert params[0] == params[1]


def test_what_was_validated_before_stays(copied, here):
    """Scores of an epoch are not used when its manifest, which tells its weights, has been damaged since."""
    emptied("manifest")(checkpoints_of(copied.train), 2)
    result = here("dcase", "validate", "--cpu", copied.train, copied.protocol)
    assert result.code == 0 and "Warning: Epoch 2 is left out." in result.err


def test_no_epoch_is_left(copied, here):
    shutil.rmtree(copied.validate)
    for epoch in (1, 2, 3):
        FAULTS["not finite"](checkpoints_of(copied.train), epoch)
    result = here("dcase", "validate", "--cpu", copied.train, copied.protocol)
    assert result.code == CHECKPOINT
    assert [line.split(":")[0] for line in result.err.splitlines()] == 3 * ["Warning"] + ["Error"]
    assert "weights: None of its epochs can be used" in result.err
    assert not (copied.validate / "params.yml").exists()


@pytest.mark.parametrize("command", ["apply", "train"])
def test_other_commands_refuse_it(command, copied, here):
    FAULTS["not finite"](checkpoints_of(copied.train), 3)
    folder, options = (
        (copied.validate, ()) if command == "apply" else (copied.root, ("--from=last", "--to=4"))
    )
    shutil.rmtree(copied.validate / "scores")
    (copied.validate / "params.yml").unlink()
    here("dcase", "validate", "--cpu", copied.train, copied.protocol)
    result = here("dcase", command, "--cpu", *options, folder, copied.protocol)
    if command == "train":
        assert result.code == CHECKPOINT and "(nan) is not a finite number" in result.err
        assert "0003.pt" in result.err
    else:
        assert result.code == 0, result.err
