"""Blocks over which the tests of commands run. An entry of `ENTRIES` gives all of them to one more block."""

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import pytest
import yaml
from commands import CONFIG, EMBEDDING_CONFIG, METRIC, PROTOCOL, VOXCELEB, make_experiment

from pyannote.audio.applications import validate
from pyannote.audio.applications.blocks.base import block as block_of


class Entry(NamedTuple):
    """A block under test.

    Parameters
    ----------
    text : str
        Its config.yml, of which an epoch takes less than a second.
    protocol : str
    metric : str
        Folder of its validations.
    corpora : str
        Fixture of the recordings (see `RECORDINGS`).
    rich : dict of str to tuple
        Variants of the configuration that draw random numbers or keep a state: pairs of pattern and text.
    """

    text: str
    protocol: str
    metric: str
    corpora: str
    rich: dict[str, tuple[tuple[str, str], ...]]


CONSTANT = "name: ConstantScheduler\n   params:\n      learning_rate: 0.01\n"
CYCLES = "name: CyclicScheduler\n   params:\n      "
AVERAGE = "optimizer:\n   name: Adam\ncallbacks:\n   name: WeightAveraging\n   params: {decay: 0.9}\n"
MIXED = "data_augmentation:\n   - name: Mixup\n   - name: TimeFrequencyMasking\n"
NOISE = "data_augmentation:\n   name: AddNoise\n   params: {snr_min: 5, snr_max: 15}\n"
TRIPLETS = "name: TripletLoss\n   params:\n"
MARGIN = "name: AdditiveAngularMarginLoss\n   params:\n      scale: 10\n"
CENTERS = "name: CenterLoss\n   params:\n      weight: 0.5\n"

DETECTION: dict[str, tuple[tuple[str, str], ...]] = {
    "plain": (),
    "rich": ((r"\Z", AVERAGE + MIXED),),
    "cycles": ((CONSTANT, f"{CYCLES}learning_rate: 0.01\n      epochs_per_cycle: 4\n"),),
}
EMBEDDING: dict[str, tuple[tuple[str, str], ...]] = {
    "noisy_margin": ((TRIPLETS, MARGIN), (CONSTANT, f"{CYCLES}epochs_per_cycle: 3\n"), (r"\Z", NOISE)),
    "averaged_centers": ((TRIPLETS, CENTERS), (r"\Z", AVERAGE)),
}

ENTRIES = {
    "dcase": Entry(CONFIG, PROTOCOL, METRIC, "data", DETECTION),
    "emb": Entry(EMBEDDING_CONFIG, VOXCELEB, "validate_equal_error_rate", "corpora", EMBEDDING),
}


FIRST_QUICK = [
    pytest.param(name, marks=[pytest.mark.slow] if place else []) for place, name in enumerate(ENTRIES)
]
"""All blocks, of which only the first is tested by default: for tests that start processes."""


class Recordings:
    """Recordings that a block is tested on, or a copy of them that may be damaged.

    Parameters
    ----------
    root : Path
        Folder of data set, lists and annotation.
    cache : Path
        Of their features.
    """

    name: str
    """Of the protocol, in the names of lists."""

    seconds: float
    """Duration of each recording."""

    prepared: str
    """Folder of database.yml."""

    def __init__(self, root, cache):
        self.root, self.cache = root, cache

    @property
    def database(self):
        return self.root / self.prepared / "database.yml"

    @property
    def config(self):
        """Text of PYANNOTE_DATABASE_CONFIG."""
        return str(self.database)

    def copy(self, root):
        """Copy of the recordings in another folder, with a cache of its own."""
        for path in self.parts:
            shutil.copytree(self.root / path, root / path)
        for path in root.glob("*/*.yml"):
            path.write_text(path.read_text().replace(str(self.root), str(root)))
        return type(self)(root, root / "cache")

    def list(self, subset):
        return self.root / self.prepared / "lists" / f"{self.name}.{subset}.lst"

    def listed(self, subset):
        return self.list(subset).read_text().split()

    @cached_property
    def uri(self):
        """First recording to train on."""
        return self.listed("train")[0]

    def change(self, path, pattern, new):
        """Replace the first match, and give the number of the line that has changed."""
        text = path.read_text()
        changed = re.sub(pattern, new, text, count=1, flags=re.MULTILINE)
        assert changed != text
        path.write_text(changed)
        return first_difference(text, changed)


class Street(Recordings):
    """Eight recordings of a street, of 10 s each."""

    name, seconds, prepared = "Fold1", 10, "database"
    parts = ("database", "tut/audio")

    @property
    def rttm(self):
        return self.root / "database" / "TUT2017.rttm"

    @property
    def uem(self):
        return self.root / "database" / "TUT2017.uem"

    def wav(self, uri=None):
        return self.root / "tut" / "audio" / "street" / f"{uri or self.uri}.wav"


class Voices(Recordings):
    """Speakers in the layout of VoxCeleb1, noise in that of MUSAN; recordings of 2 s each."""

    name, seconds, prepared = "VoxCeleb1", 2, "voxceleb"
    parts = ("voxceleb1", "voxceleb", "musan", "noise")

    @property
    def config(self):
        folders = [self.root / name for name in ("voxceleb", "ami", "noise")]
        return ";".join(str(folder / "database.yml") for folder in folders if folder.exists())

    @property
    def rttm(self):
        return self.root / "voxceleb" / "lists" / "VoxCeleb1.train.rttm"

    @property
    def uem(self):
        return self.root / "voxceleb" / "lists" / "VoxCeleb1.train.uem"

    def wav(self, uri=None):
        return self.root / "voxceleb1" / "dev" / "wav" / f"{uri or self.uri}.wav"


RECORDINGS: dict[str, Callable[[Any], Recordings]] = {
    "data": lambda folder: Street(folder, folder / "cache"),
    "corpora": lambda corpora: Voices(corpora.root, corpora.cache),
}


def first_difference(text, changed):
    """Number of the first line in which two texts differ, counted from 1."""
    pairs = zip(text.split("\n"), changed.split("\n"), strict=False)
    return 1 + next(number for number, (before, after) in enumerate(pairs) if before != after)


@dataclass(frozen=True)
class TestedBlock:
    """A block with its recordings, its configuration and its commands."""

    __test__ = False

    name: str
    entry: Entry
    recordings: Recordings
    here: Callable[..., Any]

    @property
    def text(self):
        return self.entry.text

    @property
    def protocol(self):
        return self.entry.protocol

    @property
    def shelf(self):
        """Key of config.yml that names the class to train."""
        return block_of(self.name).shelf

    def named(self, section):
        """Class that a section of the configuration names."""
        return yaml.safe_load(self.text)[section]["name"]

    def run(self, *arguments, recordings=None, **options):
        """Run a command of the block on its recordings, or on a copy of them."""
        used = recordings or self.recordings
        return self.here(self.name, *arguments, **{"database": used.config, "cache": used.cache, **options})

    def train(self, folders, *options, **others):
        """Train with `--cpu`, and the protocol of the block."""
        return self.run("train", "--cpu", *options, folders.root, self.protocol, **others)

    def validate(self, folders, *options, **others):
        """Validate, likewise."""
        return self.run("validate", "--cpu", *options, folders.train, self.protocol, **others)

    def apply(self, folders, *options, **others):
        """Apply, likewise."""
        return self.run("apply", "--cpu", *options, folders.validate, self.protocol, **others)

    def command(self, name, folders, *options):
        """Run one of these three by its name."""
        return getattr(self, name)(folders, *options)

    def new(self, root, text=None):
        """Make an experiment with the configuration of the block or another one."""
        return make_experiment(root, text or self.text, self.protocol, self.entry.metric)


@pytest.fixture(scope="session")
def tested_block(request, here):
    """Give the block of a name."""

    def make(name):
        entry = ENTRIES[name]
        recordings = RECORDINGS[entry.corpora](request.getfixturevalue(entry.corpora))
        return TestedBlock(name, entry, recordings, here)

    return make


@pytest.fixture(scope="session")
def trained_of(tested_block, tmp_path_factory):
    """Give the experiment of a block that was trained for three epochs and validated; not to be changed."""
    made = {}

    def train(name):
        if name not in made:
            block = tested_block(name)
            folders = block.new(tmp_path_factory.mktemp(f"trained_{name}") / "experiment")
            assert block.train(folders, "--to=3").code == 0
            assert block.validate(folders).code == 0
            made[name] = folders
        return made[name]

    return train


@pytest.fixture(params=ENTRIES)
def block(request, tested_block, monkeypatch):
    """Each block, in the environment that its user sets."""
    found = tested_block(request.param)
    monkeypatch.setenv("PYANNOTE_DATABASE_CONFIG", found.recordings.config)
    monkeypatch.setenv("PYANNOTE_AUDIO_CACHE", str(found.recordings.cache))
    return found


@pytest.fixture
def fresh(block, tmp_path):
    """A new experiment of the block."""
    return block.new(tmp_path / "fresh")


@pytest.fixture
def trained(block, trained_of):
    """A finished experiment of the block; not to be changed."""
    return trained_of(block.name)


@pytest.fixture
def trained_copy(trained, tmp_path):
    """A copy of it, to be changed."""
    shutil.copytree(trained.root, tmp_path / "copied")
    return trained._replace(root=tmp_path / "copied")


@pytest.fixture
def broken(block, tmp_path):
    """A copy of the recordings of the block, to be damaged."""
    return block.recordings.copy(tmp_path / "broken")


@pytest.fixture
def impatient(monkeypatch):
    """Do not wait for a training that has not begun."""
    monkeypatch.setattr(validate, "START_PATIENCE", 0.0)
