"""Going on with embeddings: the command of 2019, other distances and purities, back-ends that learn."""

import re
import shutil
import signal
import time

import pytest
import yaml

from pyannote.audio.applications import train as training

VOXCELEB = "VoxCeleb.SpeakerVerification.VoxCeleb1"
AMI = "AMI.SpeakerDiarization.MixHeadset"


def params(folder):
    return yaml.safe_load((folder / "params.yml").read_text())


def waits(condition, process, seconds=60):
    """Whether a condition comes true in time, while a process runs."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [
        (signal.SIGTERM, 143, "Terminated"),
        pytest.param(signal.SIGINT, 130, "Interrupted", marks=pytest.mark.slow),
    ],
)
def test_a_signal_ends_the_command_of_2019(number, code, word, embedding, start, speakers, old):
    """`--to` is left out: the command of 2019 trains until somebody stops it."""
    process = start("train", "--cpu", embedding.root, VOXCELEB, program="speaker_embedding")
    assert waits(embedding.weights(2).with_suffix(".json").exists, process)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert err == f"{word}. What was finished is safe.\n"
    assert "Epoch 1: loss" in out
    assert not list(embedding.root.rglob("*.part"))
    last = max(int(path.stem) for path in embedding.weights(1).parent.glob("*.json"))
    result = old("train", "--cpu", "--from=last", f"--to={last + 1}", embedding.root, VOXCELEB)
    assert result.code == 0, result.err
    assert f"Resuming after epoch {last}" in result.out
    assert embedding.weights(last + 1).exists()


def test_the_last_epoch_of_both_commands(embedding, emb, old, monkeypatch):
    lasts = []
    monkeypatch.setattr(training, "train", lambda experiment, options: lasts.append(options.last))
    for command in (emb, old):
        assert command("train", embedding.root, VOXCELEB).code == 0
        assert command("train", "--to=7", embedding.root, VOXCELEB).code == 0
    assert lasts == [100, 7, None, 7]


@pytest.mark.parametrize("program", ["speaker_embedding", pytest.param("emb", marks=pytest.mark.slow)])
def test_validation_beside_a_training_is_that_after_it(program, embedding, start, speakers, emb, old):
    words = ["emb"] if program == "emb" else []
    module = "pyannote_audio" if program == "emb" else program
    process = start(*words, "train", "--cpu", "--to=3", embedding.root, VOXCELEB, program=module)
    assert waits(embedding.train.exists, process)
    command = emb if program == "emb" else old
    beside = command("validate", "--cpu", embedding.train, VOXCELEB)
    assert beside.code == 0, beside.err
    assert process.wait(timeout=60) == 0
    (path,) = embedding.train.glob("validate*")
    found = params(path / f"{VOXCELEB}.development")
    assert len(re.findall(r"^Epoch \d: equal_error_rate", beside.out, re.MULTILINE)) == 3
    shutil.rmtree(path)
    after = command("validate", "--cpu", embedding.train, VOXCELEB)
    assert after.code == 0, after.err
    assert params(path / f"{VOXCELEB}.development") == found
    order = [int(epoch) for epoch in re.findall(r"^Epoch (\d):", after.out, re.MULTILINE)]
    assert order == ([1, 2, 3] if program == "emb" else [3, 2, 1])


def test_chronological_and_evergreen(embedded, emb, old, tmp_path):
    for command, option, expected in ((old, "--chronological", "123"), (emb, "--evergreen", "321")):
        shutil.copytree(embedded.train, tmp_path / option / "train" / embedded.train.name)
        shutil.copy(embedded.config, tmp_path / option)
        folder = tmp_path / option / "train" / embedded.train.name
        result = command("validate", "--cpu", option, "--duration=0.7", folder, VOXCELEB)
        assert result.code == 0, result.err
        assert "".join(re.findall(r"^Epoch (\d):", result.out, re.MULTILINE)) == expected


@pytest.fixture
def without_weights(embedded_copy):
    """Leave the epochs, and take away what computing anything would need."""

    def remove():
        for path in embedded_copy.weights(1).parent.glob("*.pt"):
            path.write_bytes(b"")

    return remove


def test_another_purity_computes_nothing(embedded_copy, old, without_weights):
    first = old("validate", "--cpu", embedded_copy.train, AMI)
    assert first.code == 0, first.err
    folder = embedded_copy.train / "validate" / f"{AMI}.development"
    score = params(folder)
    assert score["metric"] == "diarization_fscore"
    without_weights()
    coverages = []
    for purity in (0.5, 0.9, 1.0):
        result = old("validate", "--cpu", f"--purity={purity}", embedded_copy.train, AMI)
        assert result.code == 0, result.err
        assert not re.search(r"^Epoch \d", result.out, re.MULTILINE)
        found = params(folder)
        assert found["params"]["purity"] >= purity and found["params"]["purity_attained"]
        assert found["value"] == found["params"]["coverage"]
        coverages.append(found["value"])
    assert coverages == sorted(coverages, reverse=True)
    assert old("validate", "--cpu", embedded_copy.train, AMI).code == 0
    assert params(folder) == score


def test_every_second_epoch(embedded_copy, emb):
    shutil.rmtree(embedded_copy.validate)
    result = emb("validate", "--cpu", "--every=2", embedded_copy.train, VOXCELEB)
    assert result.code == 0, result.err
    assert params(embedded_copy.validate)["epoch"] == 2
    result = emb("validate", "--cpu", embedded_copy.train, VOXCELEB)
    assert re.findall(r"^Epoch (\d):", result.out, re.MULTILINE) == ["1", "3"]


def test_what_changes_the_scores_is_computed_again(embedded_copy, emb):
    for options in (["--metric=euclidean"], ["--duration=0.6"], ["--step=1"], ["--subset=test"]):
        result = emb("validate", "--cpu", "--to=1", *options, embedded_copy.train, VOXCELEB)
        assert result.code == 0, result.err
        assert re.findall(r"^Epoch (\d):", result.out, re.MULTILINE) == ["1"], options


def test_epochs_that_were_trained_again_compare_nothing(embedded_copy, emb):
    for path in embedded_copy.weights(1).parent.iterdir():
        path.unlink()
    arguments = ("--cpu", "--seed=5", "--to=3", embedded_copy.root, VOXCELEB)
    assert emb("train", *arguments).code == 0
    for words in (["apply", embedded_copy.validate, AMI], ["compare", embedded_copy.validate, "a", "b"]):
        refused = emb(*words)
        assert refused.code == 8
        assert "has been trained again since this validation. Run `validate` again." in refused.err
    result = emb("validate", "--cpu", embedded_copy.train, VOXCELEB)
    assert result.code == 0, result.err
    assert re.findall(r"^Epoch (\d):", result.out, re.MULTILINE) == ["1", "2", "3"]
    assert emb("apply", "--cpu", embedded_copy.validate, AMI).code == 0


def test_a_backend_that_learns_is_kept_for_apply_and_compare(embedded_copy, emb, corpora):
    result = emb("validate", "--cpu", "--backend=WCCN", embedded_copy.train, VOXCELEB)
    assert result.code == 0, result.err
    assert len(re.findall(r"^Epoch (\d):", result.out, re.MULTILINE)) == 3
    epoch = params(embedded_copy.validate)["epoch"]
    assert list((embedded_copy.validate / "backend").glob(f"{epoch:04d}.*.npz"))
    assert emb("apply", "--cpu", embedded_copy.validate, AMI).code == 0
    first = corpora.wav("test", "id10270/first/00001")
    result = emb("compare", "--cpu", embedded_copy.validate, first, first)
    assert result.code == 0, result.err
    assert "same speaker" in result.out
    result = emb("validate", "--cpu", "--backend=WCCN", embedded_copy.train, VOXCELEB)
    assert not re.search(r"^Epoch \d:", result.out, re.MULTILINE)
