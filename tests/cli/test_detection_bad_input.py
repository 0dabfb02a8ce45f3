"""Bad input that only detectors meet: labels and their classes, thresholds, evaluations."""

import re
import shutil

import numpy as np
import pytest
import soundfile
import yaml
from outcomes import CHECKPOINT, CONFIG, DATA, STORAGE, USAGE, check, contents


@pytest.fixture
def block(tested_block):
    return tested_block("dcase")


# Recordings and labels


def label_that_only_the_data_has(broken):
    broken.change(broken.rttm, rf"^(SPEAKER {broken.uri} 1 .*) \S+ <NA> <NA>$", r"\1 siren <NA> <NA>")
    return ["'siren'", "labels_spec does not name", "Add it to `regular`"]


def labels_that_the_data_lacks(broken):
    broken.rttm.write_text(broken.rttm.read_text().replace(" car ", " cars "))
    return ["labels_spec names 'car'", "Did you mean 'cars'?"]


@pytest.mark.parametrize(
    "damage", [label_that_only_the_data_has, labels_that_the_data_lacks], ids=lambda damage: damage.__name__
)
def test_labels_that_do_not_fit_the_configuration(damage, block, broken, fresh):
    expected = damage(broken)
    check(block.train(fresh, "--to=1", recordings=broken), DATA, *expected)
    assert not list(fresh.root.rglob("*.pt")) and not (fresh.train / "specs.yml").exists()


@pytest.mark.parametrize("rate", [8000, pytest.param(16000, marks=pytest.mark.slow), 48000])
def test_recordings_of_any_rate_and_channels_are_fine(rate, block, broken, fresh):
    for uri in broken.listed("train"):
        noise = np.random.default_rng(0).normal(0, 0.1, (10 * rate, 1 if uri == broken.uri else 3))
        soundfile.write(broken.wav(uri), noise.clip(-1, 1), rate)
    result = block.train(fresh, "--to=1", recordings=broken)
    assert result.code == 0
    assert all(
        re.match(r"Warning: .* (is resampled|channels|sample_rate)", line) for line in result.err.splitlines()
    )


# The configuration


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("duration: 2.0", "duration: 0.01", ["Dcase takes 81 or more", "Set duration to 0.81"]),
        ("regular:", "regulr:", ["no key 'regulr'", "Did you mean 'regular'?"]),
        ("[brakes_squeaking, ", "[1, ", ["regular", "lists of labels"]),
        ("n_mels: 40", "n_mels: 0", ["n_mels"]),
    ],
)
def test_values_of_the_configuration_that_make_no_sense(old, new, expected, block, fresh):
    text = fresh.config.read_text()
    assert old in text
    fresh.config.write_text(text.replace(old, new))
    check(block.train(fresh), CONFIG, f"{fresh.config}, line ", *expected)
    assert list(fresh.root.iterdir()) == [fresh.config]


def test_mel_bands_too_narrow_for_the_window(block, fresh, tmp_path):
    text = fresh.config.read_text().replace("n_mels: 40", "n_mels: 400")
    fresh.config.write_text(text)
    result = block.train(fresh, cache=tmp_path / "cache")
    params = text[: text.index("      sample_rate")].count("\n")
    expected = ["mel bands are narrower", "Set a smaller n_mels"]
    check(result, CONFIG, f"{fresh.config}, line {params}:", *expected)
    assert not list(fresh.train.glob("weights/*")) and not list((tmp_path / "cache").rglob("*.npy"))


def test_another_architecture(block, trained_copy):
    before = contents(trained_copy.validate)
    text = trained_copy.config.read_text().replace("name: Dcase\nsch", "name: Crnn\nsch")
    trained_copy.config.write_text(text)
    shutil.rmtree(trained_copy.validate / "scores")
    # both read the configuration that the training has stored
    for command in ("validate", "apply"):
        assert block.command(command, trained_copy).code == 0
    params = trained_copy.validate / "params.yml"
    assert params.read_bytes() == before[params]
    for accepted in ([], ["--accept-changes"]):
        result = block.train(trained_copy, "--from=last", "--to=4", *accepted)
        expected = "architecture.name was 'Dcase' and is 'Crnn'"
        check(result, CONFIG, trained_copy.config, expected, "cannot be accepted")


def test_training_that_diverges(block, fresh):
    text = fresh.config.read_text()
    fresh.config.write_text(
        text.replace("learning_rate: 0.01", "learning_rate: 1.0e+30").replace("0.0005", "0.005")
    )
    check(block.train(fresh, "--to=5"), DATA, "diverged", "smaller learning_rate")


# Epochs and thresholds


def test_a_precision_does_not_help_where_no_epochs_are_left(block, trained_copy):
    result = block.validate(trained_copy, "--from=50", "--precision=0.5")
    check(result, CHECKPOINT, trained_copy.train, "--from")


@pytest.mark.parametrize(
    "damage",
    [
        lambda params: yaml.safe_dump({**params, "class_wise": {}}),
        lambda params: yaml.safe_dump({**params, "class_wise": None}),
        lambda params: yaml.safe_dump({**params, "class_wise": {name: {} for name in params["class_wise"]}}),
        lambda params: re.sub("onset: .*", "onset: high", yaml.safe_dump(params)),
        lambda params: re.sub("epoch: .*", "epoch: first", yaml.safe_dump(params)),
    ],
    ids=["no-classes", "none", "no-values", "words", "no-epochs-of-classes"],
)
def test_damaged_thresholds(damage, block, trained_copy):
    path = trained_copy.validate / "params.yml"
    path.write_text(damage(yaml.safe_load(path.read_text())))
    check(block.apply(trained_copy), CHECKPOINT, path, "alidate")
    assert not list(trained_copy.validate.rglob("*.rttm"))


# Evaluations


def test_a_folder_without_evaluation(block, trained_copy):
    check(block.run("evaluate", trained_copy.root), USAGE, trained_copy.root, "holds no evaluation", "apply")


def test_a_fold_that_is_named_twice(block, trained_copy):
    assert block.apply(trained_copy).code == 0
    result = block.run("evaluate", trained_copy.applied, trained_copy.applied)
    check(result, DATA, trained_copy.applied, "already evaluated", "Name each fold once")


def test_the_output_of_evaluate_cannot_be_written(block, trained_copy, tmp_path):
    assert block.apply(trained_copy).code == 0
    (tmp_path / "file").touch()
    output = tmp_path / "file" / "evaluation.json"
    check(block.run("evaluate", f"--output={output}", trained_copy.applied), STORAGE, output)
