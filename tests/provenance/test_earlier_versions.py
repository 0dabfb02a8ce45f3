"""Trainings of versions that stored no provenance are used as before, with one warning."""

import json

import pytest
import yaml

from pyannote.audio.io.yaml_files import write_yaml

EARLIER = "earlier version"
FIGURES = {"epoch", "metric", "value", "unit", "params", "class_wise", "distance", "backend", "chunk"}
"""Entries of params.yml that earlier versions have written as well, and `weights`."""


def make_earlier(scene):
    """Take from a training and its validation all that earlier versions did not write."""
    for name in ("config.yml", "files.json"):
        (scene.folders.train / name).unlink()
    for manifest in (scene.folders.train / "weights").glob("*.json"):
        content = json.loads(manifest.read_text())
        del content["model"]
        manifest.write_text(json.dumps(content, indent=1) + "\n")
    specs = scene.folders.train / "specs.yml"
    content = yaml.safe_load(specs.read_text())
    del content["output"]
    content["y"] = {"classes": content["y"]["classes"]}
    write_yaml(specs, content)
    params = scene.folders.validate / "params.yml"
    if params.exists():
        content = yaml.safe_load(params.read_text())
        del content["provenance"]
        write_yaml(params, content)


def read(results):
    """Results without what earlier versions have not written."""
    found = {}
    for name, content in results.items():
        if name.endswith("params.yml"):
            content = {key: value for key, value in yaml.safe_load(content).items() if key in FIGURES}
        elif name.endswith("metadata.yml"):
            content = {**yaml.safe_load(content), "provenance": None}
        if not name.endswith((".provenance.json", "settings.json")):
            found[name] = content
    return found


@pytest.mark.parametrize("name", ["detection", "embedding"])
def test_a_training_of_an_earlier_version_is_used_with_one_warning(request, name):
    scene = request.getfixturevalue(name)
    for step in scene.steps():
        if step.name == "evaluate":
            continue
        scene.world.restore(step.state)
        assert step.run().code == 0
        expected = read(step.results())
        scene.world.restore(step.state)
        make_earlier(scene)
        result = step.run()
        assert (step.name, result.code, result.err.count(EARLIER)) == (step.name, 0, 1), result.err
        assert read(step.results()) == expected
