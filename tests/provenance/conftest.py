"""Worlds of two blocks, of own code and of precomputed features: trained, validated and applied."""

import json
import shutil
from functools import partial
from pathlib import Path

import commands
import numpy as np
import pytest
import yaml
from mutating import arrays_changed, of_audio, of_file
from pyannote.core import SlidingWindow
from worlds import Mutation, Step, World

from pyannote.audio.core.errors import ToolkitError
from pyannote.audio.features.precomputed import Precomputed
from pyannote.audio.inference.pretrained import Pretrained
from pyannote.audio.inference.speaker_embedding import SpeakerEmbedding
from pyannote.audio.io.checkpoint import Checkpoints

OWN = """\
from pyannote.audio.models.dcase import Dcase

class Mine(Dcase):
    def forward(self, batch):
        return 1.0 * super().forward(batch)
"""
BACKEND = "backend:\n   name: WCCN\n"
NOISE = """\
data_augmentation:
   name: AddNoise
   params:
      snr_min: 10
      snr_max: 20
      collection: MUSAN.Collection.BackgroundNoise
"""


class Scene:
    """A world, an experiment in it, and the commands that are run on it, in their order."""

    def __init__(self, world, here, program, text, protocol, metric, databases, code=()):
        self.world, self.here, self.program, self.code = world, here, program, code
        self.databases = [world.root / database for database in databases]
        self.folders = commands.make_experiment(world.root / "experiment", text, protocol, metric)
        self.cache = world.root / "cache"

    def run(self, command, *arguments):
        database = ";".join(map(str, self.databases))
        return self.here(self.program, command, *self.code, *arguments, database=database, cache=self.cache)

    def train(self, last, *arguments):
        options = ("--cpu", "--from=last", f"--to={last}", "--skip=0.5")
        return self.run("train", *options, *arguments, self.folders.root, self.folders.protocol)

    def validate(self, *arguments):
        return self.run("validate", "--cpu", *arguments, self.folders.train, self.folders.protocol)

    def apply(self, *arguments):
        return self.run("apply", "--cpu", *arguments, self.folders.validate, self.folders.protocol)

    def subset(self, name):
        """Files of a subset, by their key in database.yml."""
        database, task, protocol = self.folders.protocol.split(".")
        content = yaml.safe_load(self.databases[0].read_text())
        return {key: Path(path) for key, path in content["Protocols"][database][task][protocol][name].items()}

    def uris(self, name):
        return self.subset(name)["uri"].read_text().split()

    def audio(self, uri):
        """Where the audio of a recording is."""
        (templates,) = yaml.safe_load(self.databases[0].read_text())["Databases"].values()
        paths = [Path(template.format(uri=uri)) for template in templates]
        return next(path for path in paths if path.exists())

    def prepare(self):
        """Save what the world is like before each command, and the files of another training."""
        self.world.save("new")
        done(self.train(2, "--seed=1"))
        done(self.validate())
        done(self.apply())
        shutil.copytree(self.folders.root, self.world.states / "other")
        self.world.restore("new")
        done(self.train(2))
        self.world.save("trained")
        done(self.validate())
        self.world.save("validated")
        done(self.apply())
        self.world.save("applied")

    def other(self, path):
        """The same file of another training, if it has one."""
        relative = path.relative_to(self.folders.root)
        prefix = path.name.partition(".")[0]
        pattern = f"{prefix}.*.npy" if path.parent.name == "scores" and path.suffix == ".npy" else path.name
        return next((self.world.states / "other" / relative.parent).glob(pattern), None)

    def epoch(self, path):
        """The same file of another epoch, if it is one of an epoch."""
        prefix, _, rest = path.name.partition(".")
        other = f"{3 - int(prefix):04d}" if prefix in ("0001", "0002") else None
        if other is None:
            return None
        ending = f"*{path.suffix}" if path.parent.name in ("scores", "backend") else rest
        return next(path.parent.glob(f"{other}.{ending}"), None)

    def contents(self, folder):
        return {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and not path.name.startswith(("events.out", "."))
        }

    def last_epoch(self):
        weights = self.folders.weights(3)
        return {
            path.name: path.read_bytes()
            for path in (weights, weights.with_suffix(".state.pt"))
            if path.exists()
        }

    def validation(self):
        """What a validation has chosen, and its back-end; those of other epochs may be kept."""
        params = self.folders.validate / "params.yml"
        found = {"params.yml": params.read_bytes()}
        epoch = yaml.safe_load(found["params.yml"])["epoch"]
        for path in (self.folders.validate / "backend").glob(f"{epoch:04d}.*"):
            found[path.name] = path.read_bytes()
        return found

    def applied(self):
        return self.contents(self.folders.validate / "apply")

    whole = True
    """Whether all that can happen to any world happens to this one."""

    def mutations(self):
        """Those of this world alone."""
        yield Mutation("seed", "--seed: 1", lambda world: None, ("--seed=1",))
        for epoch in (1, 2):
            name = f"{epoch:04d}.json: replaced with all files of its epoch by those of another training"
            yield Mutation("stored", name, partial(self.replace_epoch, epoch))

    def replace_epoch(self, epoch, world):
        for path in Checkpoints(self.folders.train / "weights").files(epoch):
            shutil.copyfile(self.other(path), path)

    def steps(self):
        """Commands that both blocks have."""
        validate = self.folders.train / self.folders.metric
        lost = frozenset({"lost"})
        refuses = lost | {"data.train", "sounds", "seed"}
        yield Step("resume", "trained", partial(self.train, 3), self.last_epoch, refuses=refuses)
        taught = {"data.train"} if self.program == "emb" else set()
        inputs = frozenset({"database", "order", "data.development", "epochs", *taught})
        for name, state in (("validate", "trained"), ("validate again", "validated")):
            kept = (self.cache, validate)
            yield Step(name, state, self.validate, self.validation, inputs, refuses=lost, kept=kept)
        inputs = frozenset({"database", "order", "data.test"})
        yield Step("apply", "validated", self.apply, self.applied, inputs, refuses=lost, kept=(self.cache,))


def done(result):
    assert result.code == 0, result.err
    return result


class Call:
    """Use of a trained model by a program, which is told the same as a user of commands."""

    def __init__(self, make, use):
        self.make, self.use, self.found = make, use, None

    def __call__(self, *arguments):
        try:
            model = self.make()
            self.found = self.use(model).tobytes()
        except ToolkitError as error:
            return commands.Result(8, "", f"Error: {error}")
        return commands.Result(0, "", "".join(f"Warning: {remark}" for remark in model.bundle.remarks))

    def results(self):
        return {"values": self.found}


class Detection(Scene):
    """The block `dcase`, with one damaged recording that is left out."""

    def mutations(self):
        yield from super().mutations()
        whole = partial(shutil.copy2, self.whole_audio, self.audio("a004"))
        yield Mutation("data.train", "a004.wav: whole again", lambda world: whole())
        stored, root = self.folders.train / "config.yml", self.folders.config

        def lost(world):
            stored.unlink()
            # the shapes stay, and the numbers differ
            root.write_text(root.read_text().replace("n_mels: 40", "n_mels: 40\n      duration: 0.06"))

        yield Mutation("lost", "config.yml: lost, and that of the root changed", lost)

    def steps(self):
        yield from super().steps()
        test = self.world.root / "tut" / "audio" / "street" / "a001.wav"
        call = Call(lambda: Pretrained(self.folders.validate), lambda model: model(test).data)
        lost, inputs = frozenset({"lost"}), frozenset({"data.test"})
        yield Step("Pretrained", "validated", call, call.results, inputs, refuses=lost)
        self.evaluation = self.world.root / "evaluation.json"

        def evaluate(*arguments):
            return self.run("evaluate", *arguments, f"--output={self.evaluation}", self.folders.applied)

        def results():
            return {"evaluation": self.evaluation.read_bytes()}

        yield Step("evaluate", "applied", evaluate, results, refuses=lost)


class Embedding(Scene):
    """The block `emb`, with noise and a back-end that learns."""

    def mutations(self):
        yield from super().mutations()
        sounds = sorted((self.world.root / "musan" / "noise" / "source").iterdir())
        yield from of_audio("sounds", sounds[0], sounds[1])

    def steps(self):
        yield from super().steps()
        uris = ("id10270/first/00001", "id10271/first/00001")
        voices = [self.world.root / "voxceleb1" / "test" / "wav" / f"{uri}.wav" for uri in uris]
        call = Call(lambda: SpeakerEmbedding(self.folders.validate), lambda model: model.embed(*voices))
        inputs = frozenset({"data.test"})
        yield Step("SpeakerEmbedding", "validated", call, call.results, inputs)
        self.said = ""

        def compare(*arguments):
            result = self.run("compare", "--cpu", self.folders.validate, *voices)
            self.said = result.out
            return result

        yield Step("compare", "validated", compare, lambda: {"answer": self.said}, inputs)


class OwnCode(Detection):
    """The block `dcase` with a network of one's own."""

    whole = False

    def mutations(self):
        def edit(old, new, world):
            self.file.write_text(OWN.replace(old, new))

        for name, old, new in (("a comment", "class", "# a comment\nclass"), ("other numbers", "1.0", "0.5")):
            yield Mutation("code", f"Mine: {name}", partial(edit, old, new))
        yield Mutation("stored", f"{self.file.name}: without it", lambda world: self.file.unlink())

    def steps(self):
        for step in super().steps():
            if step.name in ("Pretrained", "evaluate"):
                continue
            if step.name == "resume":
                yield step._replace(refuses=step.refuses | {"code"})
            else:
                yield step._replace(inputs=step.inputs | {"code"})


class Frames(Detection):
    """The block `dcase` on features that were computed before."""

    whole = False

    def mutations(self):
        folder = self.world.root / "features"
        for subset in ("train", "development", "test"):
            one, other, *_ = (folder / "TUT2017" / f"{uri}.npy" for uri in self.uris(subset))
            for name, change in (("changed", arrays_changed), ("replaced", partial(shutil.copyfile, other))):
                yield Mutation(
                    f"data.{subset}", f"{one.name}: {name}", lambda world, one=one, change=change: change(one)
                )
            yield from of_file(f"data.{subset}", one)
        yield from of_file("stored", folder / "metadata.yml")

    def steps(self):
        yield from (step for step in super().steps() if step.name not in ("Pretrained", "evaluate"))


@pytest.fixture(scope="session")
def make_world(tmp_path_factory):
    def make(data):
        folder = tmp_path_factory.mktemp("world")
        world = World(folder / "world", folder / "states")
        world.adopt(data)
        shutil.rmtree(world.root / "cache", ignore_errors=True)
        return world

    return make


@pytest.fixture(scope="session")
def detection(make_world, data, here):
    scene = Detection(
        make_world(data),
        here,
        "dcase",
        commands.CONFIG,
        commands.PROTOCOL,
        commands.METRIC,
        ["database/database.yml"],
    )
    damaged = scene.audio("a004")
    scene.whole_audio = data / damaged.relative_to(scene.world.root)
    damaged.write_bytes(damaged.read_bytes()[: damaged.stat().st_size // 2])
    scene.prepare()
    return scene


@pytest.fixture(scope="session")
def embedding(make_world, corpora, here):
    scene = Embedding(
        make_world(corpora.root),
        here,
        "emb",
        commands.EMBEDDING_CONFIG + BACKEND + NOISE,
        commands.VOXCELEB,
        "validate_equal_error_rate",
        [f"{name}/database.yml" for name in ("voxceleb", "ami", "noise")],
    )
    scene.prepare()
    return scene


@pytest.fixture(scope="session")
def own(make_world, data, here):
    world = make_world(data)
    code = world.root / "mine.py"
    code.write_text(OWN)
    text = commands.CONFIG.replace("architecture:\n   name: Dcase", "architecture:\n   name: Mine")
    scene = OwnCode(
        world,
        here,
        "dcase",
        text,
        commands.PROTOCOL,
        commands.METRIC,
        ["database/database.yml"],
        (f"--code={code}",),
    )
    scene.file = code
    scene.prepare()
    return scene


@pytest.fixture(scope="session")
def precomputed(make_world, data, here):
    world = make_world(data)
    frames = Precomputed.create(
        world.root / "features", SlidingWindow(duration=0.02, step=0.02, start=0.0), 8
    )
    random = np.random.default_rng(0)
    for index in range(1, 9):
        frames.dump({"database": "TUT2017", "uri": f"a00{index}"}, random.normal(size=(500, 8)))
    content = yaml.safe_load(commands.CONFIG)
    params = {"root_dir": str(world.root / "features")}
    content["feature_extraction"] = {"name": "Precomputed", "params": params}
    content["architecture"]["params"] = {"pooling": [2, 2, 2, 1]}
    scene = Frames(
        world,
        here,
        "dcase",
        json.dumps(content),
        commands.PROTOCOL,
        commands.METRIC,
        ["database/database.yml"],
    )
    scene.prepare()
    return scene
