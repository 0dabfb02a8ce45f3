"""Stopping and going on: by --from=last, by validation beside or within the training, by signals."""

import re
import shutil
import signal
import subprocess
import time

import pytest
import torch
import yaml
from commands import forget_configuration

from pyannote.audio.core.errors import CheckpointError, ConfigError
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.io.yaml_files import write_yaml
from pyannote.audio.models.dcase import Dcase

RICH = """\
optimizer:
   name: Adam
callbacks:
   name: WeightAveraging
   params: {decay: 0.9}
data_augmentation:
   - name: Mixup
   - name: TimeFrequencyMasking
"""
CYCLES = "   name: CyclicScheduler\n   params:\n      learning_rate: 0.01\n      epochs_per_cycle: 4\n"


def weights(folders, epoch):
    return torch.load(folders.weights(epoch), weights_only=True)


def params(folders):
    return yaml.safe_load((folders.validate / "params.yml").read_text())


def waits(condition, seconds=60):
    """Whether a condition comes true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("extra", ["", RICH, "cycles"], ids=["plain", "rich", "cycles"])
def test_resuming_gives_the_weights_of_going_on(extra, here, new_experiment, config_text, tmp_path):
    if extra == "cycles":
        text = re.sub(r"   name: ConstantScheduler(.|\n)*", CYCLES, config_text)
    else:
        text = config_text + extra
    whole, parts = (new_experiment(tmp_path / name, text) for name in ("whole", "parts"))
    protocol = whole.protocol
    assert here("dcase", "train", "--cpu", "--to=4", whole.root, protocol).code == 0
    assert here("dcase", "train", "--cpu", "--to=2", parts.root, protocol).code == 0
    torch.manual_seed(99)  # whatever else has drawn random numbers in between must not matter
    result = here("dcase", "train", "--cpu", "--from=last", "--to=4", parts.root, protocol)
    assert result.code == 0, result.err
    assert "Resuming after epoch 2" in result.out
    for epoch in range(1, 5):
        expected, found = weights(whole, epoch), weights(parts, epoch)
        assert expected.keys() == found.keys()
        assert all(torch.equal(expected[name], found[name]) for name in expected)
    assert any(not torch.equal(a, b) for a, b in zip(weights(whole, 3).values(), found.values(), strict=True))


def test_going_back_to_an_earlier_epoch_replaces_the_later_ones(copied, here):
    before = weights(copied, 2)
    result = here("dcase", "train", "--cpu", "--from=1", "--to=2", copied.root, copied.protocol)
    assert result.code == 0, result.err
    assert all(torch.equal(before[name], value) for name, value in weights(copied, 2).items())
    assert not copied.weights(3).exists()


def test_another_seed_gives_other_weights(finished, here, experiment):
    arguments = ("--cpu", "--seed=1", "--to=1", experiment.root, experiment.protocol)
    assert here("dcase", "train", *arguments).code == 0
    first, second = (list(weights(one, 1).values()) for one in (finished, experiment))
    assert not torch.equal(first[-1], second[-1])


def test_pretrained_weights_are_where_training_starts(finished, here, experiment):
    text = experiment.config.read_text().replace("learning_rate: 0.01", "learning_rate: 1.0e-12")
    experiment.config.write_text(text)
    pretrained = f"--pretrained={finished.weights(3)}"
    result = here("dcase", "train", "--cpu", pretrained, "--to=1", experiment.root, experiment.protocol)
    assert result.code == 0, result.err
    start, end = weights(finished, 3), weights(experiment, 1)
    assert all(torch.allclose(start[name], end[name], atol=1e-6) for name in start if "running" not in name)


def test_pretrained_weights_go_to_the_classes_of_their_names(finished, here, experiment):
    text = experiment.config.read_text().replace("learning_rate: 0.01", "learning_rate: 1.0e-12")
    union = "union: {talk: [children, people_speaking]}"
    others = f"[people_walking, brakes_squeaking, car, large_vehicle]\n         {union}"
    experiment.config.write_text(re.sub(r"\[brakes.*\]", others, text))
    pretrained = f"--pretrained={finished.weights(3)}"
    result = here("dcase", "train", "--cpu", pretrained, "--to=1", experiment.root, experiment.protocol)
    assert result.code == 0, result.err
    assert result.err.splitlines() == [
        "Warning: Classes that these weights do not contain, which start from random values: 'talk'.",
        "Warning: Classes of these weights that this training does not use: 'children', 'people_speaking'.",
    ]
    before, after = Specifications.load(_yaml(finished)), Specifications.load(_yaml(experiment))
    models = [Dcase(before), Dcase(after)]
    batch = {"X": torch.randn(2, 200, 40), "long_term": torch.randn(2, 40)}
    for model, folders, epoch in zip(models, (finished, experiment), (3, 1), strict=True):
        model.load_state_dict(weights(folders, epoch))
    with torch.inference_mode():
        old, new = (model.eval()(batch) for model in models)
    for column, name in enumerate(after.classes[:4]):
        assert torch.allclose(new[..., column], old[..., before.classes.index(name)], atol=1e-4)


def _yaml(folders):
    return yaml.safe_load((folders.train / "specs.yml").read_text())


def test_folders_of_earlier_versions_are_read_and_completed(copied, here):
    """Their specs.yml holds names only, and they have no configuration of their own."""
    forget_configuration(copied.train)
    specs = copied.train / "specs.yml"
    content = yaml.safe_load(specs.read_text())
    complete = {key: content.pop(key) for key in ("output",)} | {"made_of": content["y"].pop("made_of")}
    write_yaml(specs, content)
    shutil.rmtree(copied.validate)
    before = params_of(here("dcase", "validate", "--cpu", copied.train, copied.protocol), copied)
    result = here("dcase", "train", "--cpu", "--from=last", "--to=4", copied.root, copied.protocol)
    assert result.code == 0 and "earlier version" in result.err
    content = yaml.safe_load(specs.read_text())
    assert (content["output"], content["y"]["made_of"]) == (complete["output"], complete["made_of"])
    after = here("dcase", "validate", "--cpu", "--to=3", copied.train, copied.protocol)
    assert params_of(after, copied)["class_wise"] == before["class_wise"]


def params_of(result, folders):
    assert result.code == 0, result.err
    return params(folders)


def test_another_resolution_of_the_same_weights_is_refused(copied, here):
    """A smaller pooling has weights of the same shapes, and other scores."""
    # as if it was trained before trainings stored their configuration
    forget_configuration(copied.train)
    text = copied.config.read_text()
    pooling = "name: Dcase\n   params: {pooling: [3, 3, 1, 1]}\nscheduler"
    copied.config.write_text(text.replace("name: Dcase\nscheduler", pooling))
    shutil.rmtree(copied.validate / "scores")
    for command, folder in (("validate", copied.train), ("apply", copied.validate), ("train", copied.root)):
        options = ("--from=last", "--to=4") if command == "train" else ()
        result = here("dcase", command, "--cpu", *options, folder, copied.protocol)
        expected, words = {
            "validate": (CheckpointError, f"{copied.train / 'specs.yml'}: output.step is 0.81 s"),
            "apply": (CheckpointError, "another architecture"),
            "train": (ConfigError, "has changed since this training began (output)"),
        }[command]
        assert (result.code, "Traceback" in result.err) == (expected.code, False), result.err
        assert words in result.err


def test_training_again_is_refused_with_both_ways_out(copied, here):
    before = copied.weights(3).read_bytes()
    result = here("dcase", "train", "--cpu", "--to=5", copied.root, copied.protocol)
    assert result.code == 2
    assert "already holds 3 epochs" in result.err
    assert "--from=last" in result.err and "another folder" in result.err
    assert copied.weights(3).read_bytes() == before and not copied.weights(4).exists()


def test_a_changed_configuration_is_refused(copied, here):
    copied.config.write_text(copied.config.read_text().replace("duration: 2.0", "duration: 1.0"))
    result = here("dcase", "train", "--cpu", "--from=last", "--to=5", copied.root, copied.protocol)
    assert result.code == 3
    assert "task.duration was 2.0 and is 1.0" in result.err and str(copied.config) in result.err


def test_resuming_a_finished_training_does_nothing(copied, here):
    before = copied.weights(3).read_bytes()
    result = here("dcase", "train", "--cpu", "--from=last", "--to=3", copied.root, copied.protocol)
    assert result.code == 0, result.err
    assert copied.weights(3).read_bytes() == before


def test_validation_within_training_is_that_of_a_second_process(finished, here, experiment):
    result = here("dcase", "train", "--cpu", "--validate", "--to=3", experiment.root, experiment.protocol)
    assert result.code == 0, result.err
    assert params(experiment) == params(finished)
    assert len(re.findall(r"^Epoch \d+: average_detection_fscore", result.out, re.MULTILINE)) == 3


def test_validating_again_computes_nothing_and_says_the_same(copied, here):
    before = (copied.validate / "params.yml").read_bytes()
    first = here("dcase", "validate", "--cpu", copied.train, copied.protocol)
    for path in copied.train.glob("weights/*.pt"):
        path.write_bytes(b"")
    again = here("dcase", "validate", "--cpu", copied.train, copied.protocol)
    assert (first.code, again.code) == (0, 0), again.err
    assert again.out == first.out
    assert (copied.validate / "params.yml").read_bytes() == before


def test_validating_goes_on_where_it_stopped(copied, here):
    assert here("dcase", "train", "--cpu", "--from=last", "--to=4", copied.root, copied.protocol).code == 0
    result = here("dcase", "validate", "--cpu", copied.train, copied.protocol)
    assert result.code == 0, result.err
    assert re.findall(r"^Epoch (\d+): average", result.out, re.MULTILINE) == ["4"]
    assert len(list((copied.validate / "scores").glob("*.npy"))) == 4


def test_epochs_that_were_trained_again_are_validated_again(copied, here):
    """Scores of weights that are gone must not be taken for those of the new ones."""
    for path in (copied.train / "weights").iterdir():
        path.unlink()
    arguments = ("--cpu", "--seed=5", "--to=3", copied.root, copied.protocol)
    assert here("dcase", "train", *arguments).code == 0
    result = here("dcase", "validate", "--cpu", copied.train, copied.protocol)
    assert result.code == 0, result.err
    assert re.findall(r"^Epoch (\d+): average", result.out, re.MULTILINE) == ["1", "2", "3"]


def test_epochs_that_were_trained_again_are_not_applied_with_old_thresholds(copied, here):
    for path in (copied.train / "weights").iterdir():
        path.unlink()
    arguments = ("--cpu", "--seed=5", "--to=3", copied.root, copied.protocol)
    assert here("dcase", "train", *arguments).code == 0
    refused = here("dcase", "apply", "--cpu", copied.validate, copied.protocol)
    assert refused.code == 8
    assert "has been trained again since this validation. Run `validate` again." in refused.err
    assert here("dcase", "validate", "--cpu", copied.train, copied.protocol).code == 0
    assert here("dcase", "apply", "--cpu", copied.validate, copied.protocol).code == 0


def test_training_stops_when_no_class_improves(experiment, here):
    still = experiment.config.read_text().replace("learning_rate: 0.01", "learning_rate: 1.0e-30")
    experiment.config.write_text(still + "callbacks:\n   name: EarlyStopping\n   params: {patience: 2}\n")
    arguments = ("--cpu", "--validate", "--to=20", experiment.root, experiment.protocol)
    result = here("dcase", "train", *arguments)
    assert result.code == 0, result.err
    assert "Nothing has improved for 2 validations: training stops." in result.out
    assert len(list((experiment.train / "weights").glob("*.json"))) < 20


@pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGTERM, 143, "Terminated"), (signal.SIGINT, 130, "Interrupted")]
)
def test_a_signal_leaves_whole_epochs_to_go_on_from(number, code, word, experiment, start, here):
    process = start("dcase", "train", "--cpu", "--to=100000", experiment.root, experiment.protocol)
    assert waits(experiment.weights(2).with_suffix(".json").exists), process.poll()
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert err == f"{word}. What was finished is safe.\n"
    assert not [path for path in experiment.root.rglob("*") if path.suffix == ".part"]
    last = max(int(path.stem) for path in (experiment.train / "weights").glob("*.json"))
    arguments = ("--cpu", "--from=last", f"--to={last + 1}", experiment.root, experiment.protocol)
    result = here("dcase", "train", *arguments)
    assert result.code == 0, result.err
    assert f"Resuming after epoch {last}" in result.out


def test_a_training_that_is_killed_leaves_whole_epochs(experiment, start, here):
    process = start("dcase", "train", "--cpu", "--to=100000", experiment.root, experiment.protocol)
    assert waits(experiment.weights(2).with_suffix(".json").exists), process.poll()
    process.kill()
    process.communicate()
    # the killed process holds no lock, and what it has half written does not count
    result = here("dcase", "validate", "--cpu", "--to=2", experiment.train, experiment.protocol)
    assert result.code == 0, result.err
    last = max(int(path.stem) for path in (experiment.train / "weights").glob("*.json"))
    arguments = ("--cpu", "--from=last", f"--to={last + 1}", experiment.root, experiment.protocol)
    assert here("dcase", "train", *arguments).code == 0


def test_output_that_nobody_reads_is_no_error(finished, start):
    process = start("dcase", "validate", "--cpu", finished.train, finished.protocol, stdout=subprocess.PIPE)
    process.stdout.close()
    process.stdout = None
    _, err = process.communicate(timeout=60)
    assert "Traceback" not in err and "Exception" not in err
