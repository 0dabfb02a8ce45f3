"""Parts that a configuration describes, and errors that name its line."""

from dataclasses import replace

import pytest
import torch
from commands import changed
from torch import nn

from pyannote.audio.config.recipe import Recipe, shelf_of
from pyannote.audio.config.schema import load_config
from pyannote.audio.core.errors import ConfigError, DataError, UsageError
from pyannote.audio.core.outputs import Output
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.train.callbacks.early_stopping import EarlyStopping
from pyannote.audio.train.callbacks.weight_averaging import WeightAveraging

SPECIFICATIONS = Specifications(
    "Dcase", {"X": 40, "long_term": 40}, ("car", "bird"), 2.0, 0.01, 44100, Output("frames")
)


@pytest.fixture
def recipe(tmp_path, config_text):
    def make(*changes, extra=""):
        (tmp_path / "config.yml").write_text(changed(config_text, *changes) + extra)
        return Recipe(load_config(tmp_path / "config.yml"))

    return make


def line_of(recipe, text):
    lines = recipe.config.document.file.read_text().splitlines()
    return 1 + next(place for place, line in enumerate(lines) if text in line)


def config(tmp_path, text):
    (tmp_path / "config.yml").write_text(text)
    return load_config(tmp_path / "config.yml")


@pytest.mark.parametrize(
    ("section", "name", "shelf"),
    [
        ("task", "Dcase", "task"),
        ("task", "MultilabelDetection", "task"),
        ("task", "pyannote.audio.labeling.tasks.dcase.Dcase", "task"),
        ("task", "TripletLoss", "approach"),
        ("approach", "TripletLoss", "approach"),
        ("task", "Unknown", "task"),
        ("approach", "Unknown", "approach"),
    ],
)
def test_the_name_decides_what_is_trained_and_the_key_where_it_is_unknown(
    section, name, shelf, tmp_path, config_text
):
    text = config_text.replace("task:", f"{section}:", 1).replace("name: Dcase", f"name: {name}", 1)
    assert shelf_of(config(tmp_path, text)) == shelf


def test_each_part_is_of_the_class_that_the_file_names(recipe):
    made = recipe()
    parts = (made.task, made.extraction, made.scheduler(), made.model(SPECIFICATIONS))
    assert [type(part).__name__ for part in parts] == [
        "Dcase", "LibrosaMelSpectrogram", "ConstantScheduler", "Dcase",
    ]  # fmt: skip
    assert (made.task.duration, made.extraction.sample_rate) == (2.0, 44100)


def test_the_resolved_configuration_holds_every_default_and_what_was_said(recipe):
    made = recipe(("n_mels: 40", "n_mels: 30"))
    assert "step" not in made.config.feature_extraction.params
    params = made.resolved.feature_extraction.params
    assert params["n_mels"] == 30 and "step" in params
    assert made.resolved.optimizer.name == "SGD" and made.resolved.task.params["batch_size"] == 32


def test_augmentations_are_sorted_by_what_they_act_on_and_keep_their_order(recipe):
    names = ["TimeFrequencyMasking", "SpeedPerturbation", "Mixup"]
    made = recipe(extra="data_augmentation:\n" + "".join(f"   - name: {name}\n" for name in names))
    found = {kind: made.augmentations(kind) for kind in ("recordings", "waveforms", "batches")}
    assert [[type(one).__name__ for one in each] for each in found.values()] == [
        ["SpeedPerturbation"], [], ["TimeFrequencyMasking", "Mixup"],
    ]  # fmt: skip


@pytest.mark.parametrize(("duration", "fits"), [(0.81, True), (0.8, False)])
def test_a_chunk_has_to_be_as_long_as_an_output_of_the_network(duration, fits, recipe):
    made = recipe(("duration: 2.0", f"duration: {duration}"))
    if fits:
        assert made.model(SPECIFICATIONS).resolution == 81
        return
    with pytest.raises(ConfigError, match=r"A chunk of 0\.8 s .* 80 frames.* Dcase .* 81") as caught:
        made.model(SPECIFICATIONS)
    assert caught.value.line == line_of(made, "duration:") and "0.81 or more" in caught.value.fix


def test_a_network_that_cannot_give_what_the_task_asks_for_is_refused_by_line(recipe):
    made = recipe()
    with pytest.raises(ConfigError, match=r"Dcase gives scores .*, and Dcase needs an embedding") as caught:
        made.model(replace(SPECIFICATIONS, output=Output("vector")))
    assert caught.value.line == line_of(made, "architecture:") + 1


def test_the_optimizer_holds_the_parameters_of_all_modules(recipe):
    made = recipe(extra="optimizer:\n   name: Adam\n")
    modules = [nn.Linear(2, 3), nn.Linear(3, 1)]
    optimizer = made.optimizer(modules)
    assert isinstance(optimizer, torch.optim.Adam)
    held = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    assert {id(one) for one in held} == {id(one) for module in modules for one in module.parameters()}


def test_callbacks_are_found_by_their_class(recipe):
    made = recipe(extra="callbacks:\n   name: EarlyStopping\n   params: {patience: 3}\n")
    assert made.callback(EarlyStopping).patience == 3
    assert made.callback(WeightAveraging) is None and recipe().callback(EarlyStopping) is None


def test_errors_get_the_line_of_a_part_unless_they_name_a_file(recipe):
    made = recipe()
    with pytest.raises(DataError) as caught, made.located(DataError, "task", "params", "duration"):
        raise DataError("Too long.", fix="Shorten it.")
    error = caught.value
    assert (error.message, error.fix, error.line) == ("Too long.", "Shorten it.", line_of(made, "duration:"))
    for raised in (DataError("There.", file="a.wav", line=3), UsageError("Another kind.")):
        with pytest.raises(type(raised)) as caught, made.located(DataError, "task"):
            raise raised
        assert caught.value is raised
