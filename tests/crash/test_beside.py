"""Validations and a reader beside a training: they read nothing half-written, and miss nothing."""

import json
import signal
import time

import numpy as np
import pytest
import yaml

from pyannote.audio.inference.detection_params import load_params
from pyannote.audio.io.checkpoint import Checkpoints
from pyannote.audio.io.experiment_folders import load_specifications

SUBSETS = ("development", "test")


class Reader:
    """Reads all that a report is made of, as it is at the moment, and checks that it is whole."""

    def __init__(self, folders, validations):
        self.folders, self.validations = folders, validations
        self.checkpoints = Checkpoints(folders.train / "weights")
        self.generator = np.random.default_rng(0)
        self.seen = dict.fromkeys(["weights", "params", "scores", "curves"], 0)

    def poll(self, number):
        epochs = self.checkpoints.epochs()
        assert epochs == list(range(1, len(epochs) + 1))
        assert number % 10 or load_specifications(self.folders.train).classes
        # the newest one, which has just been written, or any
        epoch = epochs[-1] if number % 2 else int(self.generator.choice(epochs))
        assert self.checkpoints.load_weights(epoch)
        assert number % 5 or self.checkpoints.load_state(epoch)["optimizer"]
        self.seen["weights"] += 1
        self.read_validation(self.validations[number // 2 % len(self.validations)], number)
        if number % 200 == 50:
            for folder in (self.folders.train, *self.validations):
                self.read_curves(folder)

    def read_validation(self, folder, number):
        if number % 2 and (folder / "params.yml").exists():
            params = load_params(folder)
            for epoch, version in params["weights"].items():
                assert self.checkpoints.version(epoch) == version
            self.seen["params"] += 1
        if (folder / "scores" / "settings.json").exists():
            assert json.loads((folder / "scores" / "settings.json").read_text())["classes"]
        paths = sorted((folder / "scores").glob("*.npy"))
        for path in paths and {paths[-1], self.generator.choice(paths)}:
            assert np.isfinite(np.load(path)).all()
            self.seen["scores"] += 1

    def read_curves(self, folder):
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        curves = EventAccumulator(str(folder), size_guidance={"scalars": 0}).Reload()
        for tag in curves.Tags()["scalars"]:
            steps = [event.step for event in curves.Scalars(tag)]
            assert (
                steps == sorted(set(steps)) and np.isfinite([one.value for one in curves.Scalars(tag)]).all()
            )
            self.seen["curves"] += len(steps)


def chosen(folder):
    return yaml.safe_load((folder / "params.yml").read_text())


@pytest.mark.parametrize(
    ("polls", "subsets"), [(500, SUBSETS[:1]), pytest.param(5000, SUBSETS, marks=pytest.mark.slow)]
)
def test_validations_and_a_reader_beside_a_training(
    polls, subsets, experiment, start, here, tmp_path, promise
):
    experiment.config.write_text(experiment.config.read_text().replace("0.0005", "0.03"))
    training = start("dcase", "train", "--cpu", "--to=100000", experiment.root, experiment.protocol)
    folders = [experiment.validate.parent / f"{experiment.protocol}.{subset}" for subset in subsets]
    validations = [
        start("dcase", "validate", "--cpu", f"--subset={subset}", experiment.train, experiment.protocol)
        for subset in subsets
    ]
    reader = Reader(experiment, folders)
    deadline = time.monotonic() + 300
    while not all((folder / "params.yml").exists() for folder in folders):
        assert time.monotonic() < deadline and training.poll() is None
        time.sleep(0.1)
    for number in range(polls):
        reader.poll(number)
        assert training.poll() is None and all(validation.poll() is None for validation in validations)
    training.send_signal(signal.SIGTERM)
    training.communicate(timeout=120)
    assert training.returncode == 143
    for validation in validations:
        _, err = validation.communicate(timeout=300)
        assert (validation.returncode, err) == (0, "")
    assert min(reader.seen.values()) > 0
    epochs = Checkpoints(experiment.train / "weights").epochs()
    for subset, folder in zip(subsets, folders, strict=True):
        beside = chosen(folder)
        folder.rename(tmp_path / subset)
        arguments = ("--cpu", f"--subset={subset}", experiment.train, experiment.protocol)
        assert here("dcase", "validate", *arguments).code == 0
        assert chosen(folder) == beside
        assert len(list((folder / "scores").glob("*.npy"))) == len(epochs)
    promise(
        "A reader and validations beside a training see no half-written file, and choose what one `validate` "
        "chooses afterwards.",
        f"Read weights, states, params.yml, scores and curves {polls} times beside `train` and "
        f"{len(subsets)} `validate`.",
        "0 exceptions, 0 partial reads, same epochs and thresholds",
    )
