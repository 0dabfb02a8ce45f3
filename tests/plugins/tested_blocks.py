"""Blocks over which the tests of commands run. An entry of `ENTRIES` gives all of them to one more block."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest
import yaml
from commands import CONFIG, EMBEDDING_CONFIG, METRIC, PROTOCOL, VOXCELEB, make_experiment
from recordings import Recordings, Street, Voices

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
    slow : bool
        Whether its tests repeat those of another block, and run with `--all` only.
    """

    text: str
    protocol: str
    metric: str
    corpora: str
    rich: dict[str, tuple[tuple[str, str], ...]]
    slow: bool = False


MULTILABEL = CONFIG.replace("name: Dcase", "name: MultilabelDetection", 1)
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
    "mlt": Entry(MULTILABEL, PROTOCOL, METRIC, "data", DETECTION, slow=True),
}


def marked(name, *values, slow=False):
    """Parameters of a test over blocks, of which the first is the name of one."""
    return pytest.param(name, *values, marks=[pytest.mark.slow] if slow or ENTRIES[name].slow else [])


FIRST_QUICK = [marked(name, slow=place > 0) for place, name in enumerate(ENTRIES)]
"""All blocks, of which only the first is tested by default: for tests that start processes."""


RECORDINGS: dict[str, Callable[[Any], Recordings]] = {
    "data": lambda folder: Street(folder, folder / "cache"),
    "corpora": lambda corpora: Voices(corpora.root, corpora.cache),
}


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


@pytest.fixture(params=[marked(name) for name in ENTRIES])
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
