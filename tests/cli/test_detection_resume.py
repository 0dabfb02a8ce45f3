"""Going on with detectors: classes of other names, folders of earlier versions, another resolution."""

import re
import shutil

import torch
import yaml
from commands import forget_configuration

from pyannote.audio.core.errors import CheckpointError, ConfigError
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.io.yaml_files import write_yaml
from pyannote.audio.models.dcase import Dcase


def weights(folders, epoch):
    return torch.load(folders.weights(epoch), weights_only=True)


def params(folders):
    return yaml.safe_load((folders.validate / "params.yml").read_text())


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
            "apply": (CheckpointError, "or architecture of this validation"),
            "train": (ConfigError, "has changed since this training began (output)"),
        }[command]
        assert (result.code, "Traceback" in result.err) == (expected.code, False), result.err
        assert words in result.err


def test_a_plan_of_the_learning_rate_ends_with_the_training(experiment, here):
    text = experiment.config.read_text().replace("ConstantScheduler", "CosineScheduler")
    experiment.config.write_text(text)

    def trained(*options):
        return here("dcase", "train", "--cpu", *options, experiment.root, experiment.protocol)

    assert "planned" not in trained("--to=2").err
    longer = trained("--from=last", "--to=3")
    assert longer.code == 0
    assert "planned for 2 epochs, --to is 3: later epochs keep its last value" in longer.err
