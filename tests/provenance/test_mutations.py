"""Whatever changes between two commands: results are equal, redone, or refused; none differ silently."""

from collections import Counter
from functools import partial

import mutating
import pytest
from worlds import Mutation, outcome, remove

FEW = 8
"""Mutations before each command that the quick test has."""

COMMON = ("resume", "validate", "validate again", "apply")
WORLDS = {
    "detection": (*COMMON, "Pretrained", "evaluate"),
    "embedding": (*COMMON, "SpeakerEmbedding", "compare"),
    "own": COMMON,
    "precomputed": COMMON,
}
STEPS = [(world, step) for world, steps in WORLDS.items() for step in steps]

SUBSETS = ("train", "development", "test")


def of_data(scene):
    """Configuration, database.yml, and lists, annotation and audio of each subset."""
    yield from mutating.of_config(scene.folders.config, scene.folders.train / "config.yml")
    yield from mutating.of_database(scene.databases[0], scene.folders.protocol)
    for subset in SUBSETS:
        item, files, uris = f"data.{subset}", scene.subset(subset), scene.uris(subset)
        yield from mutating.of_list(item, files["uri"])
        yield from mutating.of_events(item, files["annotation"], uris[0])
        yield from mutating.of_regions(item, files["annotated"], uris[0])
        yield from mutating.of_audio(item, scene.audio(uris[0]), scene.audio(uris[1]))
        if "trial" in files:
            yield from mutating.of_trials(item, files["trial"])


def of_environment(scene):
    """Cache, command line, and where folders are."""
    yield Mutation("environment", "cache: emptied", lambda world: remove(scene.cache))
    yield Mutation("environment", "--parallel: 2", lambda world: None, ("--parallel=2",))
    yield Mutation("environment", "train: a link", partial(linked, scene.folders.root / "train"))


def linked(folder, world):
    target = world.root / "elsewhere"
    folder.rename(target)
    folder.symlink_to(target)


def of_experiment(scene):
    """Each file of an experiment."""
    for path in scene.contents(scene.folders.root):
        file = scene.folders.root / path
        if file != scene.folders.config:
            yield from mutating.of_file("stored", file, scene.other(file), scene.epoch(file))


def mutations(scene, state):
    scene.world.restore(state)
    if scene.whole:
        yield from of_data(scene)
        yield from of_environment(scene)
        yield from of_experiment(scene)
    yield from scene.mutations()


def found(scene, step, quick):
    """How a command ends after each mutation, and what is wrong; `quick` takes some of them alone."""
    todo = list(mutations(scene, step.state))
    if quick:
        place = [one.name for one in scene.steps()].index(step.name)
        todo = todo[place :: max(1, len(todo) // FEW)]
    scene.world.restore(step.state)
    assert step.run().code == 0
    expected = step.results()
    assert expected
    ends, faults = Counter(), []
    for mutation in todo:
        end = outcome(scene.world, step, mutation, expected)
        ends[end.partition(":")[0]] += 1
        if end.startswith("FAULT"):
            faults.append(f"{step.name} after {mutation.name}: {end}")
            print(faults[-1], flush=True)
    return ends, faults


def check(scene, name, quick):
    """Counts of how a command ends; it may not end in a fault."""
    (step,) = (one for one in scene.steps() if one.name == name)
    ends, faults = found(scene, step, quick)
    assert not faults, "\n".join(faults)
    return f"{ends.total()} mutations: " + ", ".join(f"{count} {end}" for end, count in ends.most_common())


@pytest.mark.parametrize(("world", "step"), STEPS)
def test_some_changes_make_no_silent_difference(request, world, step):
    check(request.getfixturevalue(world), step, quick=True)


@pytest.mark.slow
@pytest.mark.parametrize(("world", "step"), STEPS)
def test_no_change_makes_a_silent_difference(request, world, step, promise):
    counts = check(request.getfixturevalue(world), step, quick=False)
    promise(
        "What changes between two commands makes no silent difference: results are equal, or those of a run "
        "without anything kept, or the command refuses.",
        "Change, drop or replace each value of config.yml and database.yml, lists, annotation and audio, "
        "each file of an experiment, code and sounds, before train --from=last, validate, validate "
        "again, apply, evaluate, compare and use in a program.",
        f"{world}, {step}, {counts}",
    )
