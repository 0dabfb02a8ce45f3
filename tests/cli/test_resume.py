"""Stopping and going on, with any block: --from=last, validation beside and within a training, signals."""

import re
import signal
import subprocess

import pytest
import torch
import yaml
from processes import waits
from states import bits, saved
from tested_blocks import ENTRIES, FIRST_QUICK, marked

VARIANTS = [marked(name, variant) for name, entry in ENTRIES.items() for variant in entry.rich]


def weights(folders, epoch):
    return torch.load(folders.weights(epoch), weights_only=True)


def same(first, second):
    assert first.keys() == second.keys()
    return first == second


def params(folders):
    return yaml.safe_load((folders.validate / "params.yml").read_text())


def scored(result):
    """Epochs that a validation has computed."""
    assert result.code == 0, result.err
    return re.findall(r"^Epoch (\d+): (?!loss)", result.out, re.MULTILINE)


def train_again(block, folders):
    """Train the same epochs anew, from another seed."""
    for path in (folders.train / "weights").iterdir():
        path.unlink()
    assert block.train(folders, "--seed=5", "--to=3").code == 0


def last_of(folders):
    return max(int(path.stem) for path in (folders.train / "weights").glob("*.json"))


@pytest.mark.parametrize(("block", "variant"), VARIANTS, indirect=["block"])
def test_resuming_gives_what_going_on_gives(variant, block, tmp_path):
    text = block.text
    for pattern, new in block.entry.rich[variant]:
        text, count = re.subn(pattern, new, text, count=1)
        assert count
    whole, parts = (block.new(tmp_path / name, text) for name in ("whole", "parts"))
    result = block.train(whole, "--to=4")
    assert result.code == 0, result.err
    assert block.train(parts, "--to=2").code == 0
    torch.manual_seed(99)  # whatever else has drawn random numbers in between must not matter
    resumed = block.train(parts, "--from=last", "--to=4")
    assert resumed.code == 0, resumed.err
    assert "Resuming after epoch 2" in resumed.out
    # the rate that a range test has found is kept
    assert "range test" not in resumed.out
    assert ("range test" in result.out) == ("CyclicScheduler" in text and "learning_rate" not in text)
    for epoch in range(1, 5):
        assert same(saved(whole, epoch), saved(parts, epoch))
    assert any("head" in name for name in saved(whole, 4)) == (
        variant in ("noisy_margin", "averaged_centers")
    )
    assert not same(saved(whole, 3), saved(whole, 4))
    later = weights(parts, 4).values()
    assert any(not torch.equal(a, b) for a, b in zip(weights(whole, 3).values(), later, strict=True))


def test_going_back_to_an_earlier_epoch_replaces_the_later_ones(block, trained_copy):
    before = weights(trained_copy, 2)
    result = block.train(trained_copy, "--from=1", "--to=2")
    assert result.code == 0, result.err
    assert all(torch.equal(before[name], value) for name, value in weights(trained_copy, 2).items())
    assert not trained_copy.weights(3).exists()


def test_another_seed_gives_other_weights(block, trained, fresh):
    assert block.train(fresh, "--seed=1", "--to=1").code == 0
    first, second = (
        {name: bits(value) for name, value in weights(one, 1).items()} for one in (trained, fresh)
    )
    assert not same(first, second)


def test_pretrained_weights_are_where_training_starts(block, trained, fresh):
    fresh.config.write_text(fresh.config.read_text().replace("learning_rate: 0.01", "learning_rate: 1.0e-12"))
    result = block.train(fresh, f"--pretrained={trained.weights(3)}", "--to=1")
    assert result.code == 0, result.err
    start, end = weights(trained, 3), weights(fresh, 1)
    assert all(torch.allclose(start[name], end[name], atol=1e-6) for name in start if "running" not in name)


def test_training_again_is_refused_with_both_ways_out(block, trained_copy):
    before = trained_copy.weights(3).read_bytes()
    result = block.train(trained_copy, "--to=5")
    assert result.code == 2
    assert "already holds 3 epochs" in result.err
    assert "--from=last" in result.err and "another folder" in result.err
    assert trained_copy.weights(3).read_bytes() == before and not trained_copy.weights(4).exists()


def test_a_changed_configuration_is_refused(block, trained_copy):
    text = trained_copy.config.read_text()
    trained_copy.config.write_text(re.sub(r"duration: [\d.]+", "duration: 0.9", text, count=1))
    result = block.train(trained_copy, "--from=last", "--to=5")
    assert result.code == 3
    name, before = re.search(r"(\w*duration): ([\d.]+)", text).groups()
    assert f"{block.shelf}.{name} was {before} and is 0.9" in result.err
    assert str(trained_copy.config) in result.err


def test_resuming_a_finished_training_does_nothing(block, trained_copy):
    before = trained_copy.weights(3).read_bytes()
    result = block.train(trained_copy, "--from=last", "--to=3")
    assert result.code == 0, result.err
    assert trained_copy.weights(3).read_bytes() == before


def test_validation_within_training_is_that_of_a_second_process(block, trained, fresh):
    result = block.train(fresh, "--validate", "--to=3")
    assert scored(result) == ["1", "2", "3"]
    assert params(fresh) == params(trained)


@pytest.mark.parametrize("options", [[], ["--every=2"]], ids=["all", "every-second"])
def test_validating_again_computes_nothing_and_says_the_same(options, block, trained_copy):
    before = (trained_copy.validate / "params.yml").read_bytes()
    first = block.validate(trained_copy)
    for path in trained_copy.train.glob("weights/*.pt"):
        path.write_bytes(b"")
    again = block.validate(trained_copy, *options)
    assert (first.code, again.code) == (0, 0), again.err
    assert again.out == first.out
    assert (trained_copy.validate / "params.yml").read_bytes() == before


def test_validating_goes_on_where_it_stopped(block, trained_copy):
    assert block.train(trained_copy, "--from=last", "--to=4").code == 0
    assert scored(block.validate(trained_copy)) == ["4"]
    assert len(list((trained_copy.validate / "scores").glob("*.npy"))) == 4


def test_epochs_that_were_trained_again_are_not_applied_until_they_are_validated(block, trained_copy):
    """Scores and thresholds of weights that are gone must not be taken for those of the new ones."""
    train_again(block, trained_copy)
    refused = block.apply(trained_copy)
    assert refused.code == 8
    assert "has been trained again since this validation. Run `validate` again." in refused.err
    assert scored(block.validate(trained_copy)) == ["1", "2", "3"]
    assert block.apply(trained_copy).code == 0


def test_training_stops_when_nothing_improves(block, fresh):
    still = fresh.config.read_text().replace("learning_rate: 0.01", "learning_rate: 1.0e-30")
    fresh.config.write_text(still + "callbacks:\n   name: EarlyStopping\n   params: {patience: 2}\n")
    result = block.train(fresh, "--validate", "--to=20")
    assert result.code == 0, result.err
    assert "Nothing has improved for 2 validations: training stops." in result.out
    assert len(list((fresh.train / "weights").glob("*.json"))) < 20


@pytest.mark.parametrize("block", FIRST_QUICK, indirect=True)
@pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGTERM, 143, "Terminated"), (signal.SIGINT, 130, "Interrupted")]
)
def test_a_signal_leaves_whole_epochs_to_go_on_from(number, code, word, block, fresh, start):
    process = start(block.name, "train", "--cpu", "--to=100000", fresh.root, block.protocol)
    assert waits(fresh.weights(2).with_suffix(".json").exists), process.poll()
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert err == f"{word}. What was finished is safe.\n"
    assert not [path for path in fresh.root.rglob("*") if path.suffix == ".part"]
    last = last_of(fresh)
    result = block.train(fresh, "--from=last", f"--to={last + 1}")
    assert result.code == 0, result.err
    assert f"Resuming after epoch {last}" in result.out


@pytest.mark.parametrize("block", FIRST_QUICK, indirect=True)
def test_a_training_that_is_killed_leaves_whole_epochs(block, fresh, start):
    process = start(block.name, "train", "--cpu", "--to=100000", fresh.root, block.protocol)
    assert waits(fresh.weights(2).with_suffix(".json").exists), process.poll()
    process.kill()
    process.communicate()
    # the killed process holds no lock, and what it has half written does not count
    result = block.validate(fresh, "--to=2")
    assert result.code == 0, result.err
    assert block.train(fresh, "--from=last", f"--to={last_of(fresh) + 1}").code == 0


@pytest.mark.parametrize("block", FIRST_QUICK, indirect=True)
def test_output_that_nobody_reads_is_no_error(block, trained, start):
    process = start(block.name, "validate", "--cpu", trained.train, block.protocol, stdout=subprocess.PIPE)
    process.stdout.close()
    process.stdout = None
    _, err = process.communicate(timeout=60)
    assert "Traceback" not in err and "Exception" not in err
