"""Whole commands that die at any operation on a file, and are run again."""

import shutil
from functools import partial

import pytest
import yaml
from operations import PROMISE, found, leftovers, procedure

from pyannote.audio.io.checkpoint import Checkpoints
from pyannote.audio.io.yaml_files import load_yaml


def shown(folder):
    """Content of what people and readers see in a folder: no temporaries, no locks."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    relative = {path.relative_to(folder): path for path in paths}
    return {
        str(name): path.read_bytes()
        for name, path in relative.items()
        if not any(part.startswith(".") for part in name.parts)
    }


def points(usual, slow=1):
    """Die at some operations in the quick suite, at all of them (or more) in the slow one."""
    return pytest.mark.parametrize("every", [usual, pytest.param(slow, marks=pytest.mark.slow)])


def of_protocol(folders, folder):
    """The same experiment, in a copy of its folder."""
    return folders._replace(root=folder)


@points(23)
def test_apply(every, copied, here, dying, tmp_path, promise):
    """Results that are there belong together, and to the scores: all of the old run, or of the new one."""

    def apply(folder):
        own = of_protocol(copied, folder)
        arguments = ("--cpu", "--step=0.5", own.validate, own.protocol)
        assert here("dcase", "apply", *arguments).code == 0

    assert here("dcase", "apply", "--cpu", copied.validate, copied.protocol).code == 0
    thresholds(copied, 0.3)
    before, after = tmp_path / "before", tmp_path / "after"
    copied.root.rename(before)
    shutil.copytree(before, after)
    apply(after)
    old, new = (shown(of_protocol(copied, folder).applied) for folder in (before, after))
    scores = {name for name in new if name.endswith(".npy")}
    results = set(new) - scores - {"metadata.yml"}
    name = f"{copied.protocol}.test.evaluation.json"
    assert old.keys() == new.keys() and all(old[name] != new[name] for name in scores)
    assert old[name] != new[name]

    def check(folder):
        now = shown(of_protocol(copied, folder).applied)
        there = results & now.keys()
        assert not there or any(is_of(one, now, there | scores) for one in (old, new))
        assert all(now[name] in (old[name], new[name]) for name in scores & now.keys())
        apply(folder)
        assert shown(of_protocol(copied, folder).applied) == new
        assert leftovers(folder) == []

    promise(
        PROMISE,
        procedure("a whole `apply` in a folder of an earlier one", every),
        found(dying(apply, check, before, every)),
    )


def is_of(run, now, names):
    """Whether some files are those of a run."""
    return all(now.get(name) == run[name] for name in names)


def thresholds(folders, onset):
    """Choose other thresholds, as another validation would."""
    path = folders.validate / "params.yml"
    params = yaml.safe_load(path.read_text())
    for choice in params["class_wise"].values():
        choice["onset"] = choice["offset"] = onset
    path.write_text(yaml.safe_dump(params))


@points(23)
def test_train(every, copied, here, dying, tmp_path, promise):
    """A training that goes back to epoch 1 dies, and goes on: it arrives at the same weights."""

    def train(folder, first):
        arguments = ("--cpu", f"--from={first}", "--to=3", folder, copied.protocol)
        assert here("dcase", "train", *arguments).code == 0

    def weights(folder):
        folder = of_protocol(copied, folder).train / "weights"
        return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".json"}

    before = tmp_path / "before"
    copied.root.rename(before)
    expected = weights(before)

    def check(folder):
        checkpoints = Checkpoints(of_protocol(copied, folder).train / "weights")
        for epoch in checkpoints.epochs():
            assert checkpoints.load_weights(epoch) and checkpoints.load_state(epoch)
        assert checkpoints.epochs() == list(range(1, 1 + checkpoints.epochs()[-1]))
        train(folder, "last")
        assert weights(folder) == expected
        assert leftovers(folder) == []

    deaths = dying(partial(train, first=1), check, before, every)
    promise(PROMISE, procedure("a `train` that goes back to an earlier epoch", every), found(deaths))


@points(71, slow=5)
def test_validate(every, copied, here, dying, tmp_path, promise):
    """A validation with another chunk replaces one; params.yml is that of the one or of the other."""

    def validate(folder):
        own = of_protocol(copied, folder)
        assert here("dcase", "validate", "--cpu", "--duration=1", own.train, own.protocol).code == 0

    def params(folder):
        return load_yaml(of_protocol(copied, folder).validate / "params.yml", "")

    before, after = tmp_path / "before", tmp_path / "after"
    copied.root.rename(before)
    shutil.copytree(before, after)
    validate(after)
    old, new = params(before), params(after)
    assert old != new

    def check(folder):
        assert params(folder).keys() == new.keys()
        validate(folder)
        assert params(folder) == new
        assert leftovers(folder) == []

    deaths = dying(validate, check, before, every)
    promise(PROMISE, procedure("a whole `validate` in a folder of an earlier one", every), found(deaths))
