"""A tiny synthetic data set, and two ways to run commands on it: in this process, and as one of its own."""

import shutil
import signal
import subprocess
import sys
import threading
import warnings
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import pyannote.database
import pytest
from pyannote.database import FileFinder
from pyannote.database.registry import Registry

from pyannote.audio.applications import pyannote_audio
from pyannote.audio.database.demonstration import make_demonstration
from pyannote.audio.database.tut2017 import prepare

PROTOCOL = "TUT2017.SpeakerDiarization.Fold1"
METRIC = "validate_average_detection_fscore"

# 0.0005 days are 43.2 s: one batch an epoch
CONFIG = """\
task:
   name: Dcase
   params:
      duration: 2.0
      batch_size: 32
      per_epoch: 0.0005
      labels_spec:
         regular: [brakes_squeaking, car, children, large_vehicle, people_speaking, people_walking]
feature_extraction:
   name: LibrosaMelSpectrogram
   params:
      sample_rate: 44100
      n_mels: 40
architecture:
   name: Dcase
scheduler:
   name: ConstantScheduler
   params:
      learning_rate: 0.01
"""


class Result(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="session")
def config_text():
    return CONFIG


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """Folder with `tut` (8 recordings of 10 s), `database/database.yml`, and `cache`."""
    folder = tmp_path_factory.mktemp("data")
    make_demonstration(folder / "tut", files=8, seconds=10)
    prepare(folder / "tut", folder / "database")
    return folder


@pytest.fixture(autouse=True)
def environment(data, monkeypatch):
    """What a user sets: where the database and the cache are."""
    monkeypatch.setenv("PYANNOTE_DATABASE_CONFIG", str(data / "database" / "database.yml"))
    monkeypatch.setenv("PYANNOTE_AUDIO_CACHE", str(data / "cache"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("HOME", str(data))


@contextmanager
def known_database(path, cache):
    """Make one database.yml the only one that pyannote.database knows: it reads the variable at import."""
    registry = Registry()
    registry.load_database(path)
    before = signal.getsignal(signal.SIGTERM)
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        patch.setattr(pyannote.database, "registry", registry)
        patch.setenv("PYANNOTE_AUDIO_CACHE", str(cache))
        patch.setattr(threading, "excepthook", threading.excepthook)
        yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="session")
def here(data):
    """Run a command in this process: arguments, and another database.yml if need be."""

    def run(*arguments, database=None, cache=None):
        out, err = StringIO(), StringIO()
        with (
            known_database(database or data / "database" / "database.yml", cache or data / "cache"),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            code = pyannote_audio.run([str(argument) for argument in arguments])
        return Result(code, out.getvalue(), err.getvalue())

    return run


@pytest.fixture
def files(data):
    """Files of a subset of a protocol, as pyannote.database gives them."""

    def load(protocol, subset):
        with known_database(data / "database" / "database.yml", data / "cache"):
            finder = FileFinder(registry=pyannote.database.registry)
            loaded = pyannote.database.registry.get_protocol(protocol, preprocessors={"audio": finder})
            return list(getattr(loaded, subset)())

    return load


def heed_interrupts():
    """Undo what a shell does to jobs in the background, in which the tests may run: they ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def start():
    """Start a command in a process of its own; whatever still runs at the end of the test is killed."""
    started = []

    def popen(*arguments, **options):
        command = [sys.executable, "-m", "pyannote.audio.applications.pyannote_audio", *map(str, arguments)]
        usual = {
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "text": True,
            "preexec_fn": heed_interrupts,
        }
        process = subprocess.Popen(command, **{**usual, **options})
        started.append(process)
        return process

    yield popen
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def command(start):
    """Run a command in a process of its own, to its end."""

    def run(*arguments, **options):
        process = start(*arguments, **options)
        out, err = process.communicate(timeout=300)
        return Result(process.returncode, out, err)

    return run


class Folders(NamedTuple):
    """An experiment: where its parts are."""

    root: Path
    protocol: str = PROTOCOL

    @property
    def config(self):
        return self.root / "config.yml"

    @property
    def train(self):
        return self.root / "train" / f"{self.protocol}.train"

    @property
    def validate(self):
        return self.train / METRIC / f"{self.protocol}.development"

    def weights(self, epoch):
        return self.train / "weights" / f"{epoch:04d}.pt"

    @property
    def applied(self):
        """The one folder that `apply` has written."""
        (folder,) = (self.validate / "apply").iterdir()
        return folder


@pytest.fixture
def experiment(tmp_path):
    """A new experiment with the tiny configuration."""
    return make_experiment(tmp_path / "experiment")


def make_experiment(root, text=CONFIG, protocol=PROTOCOL):
    root.mkdir(parents=True)
    folders = Folders(root, protocol)
    folders.config.write_text(text)
    return folders


@pytest.fixture(scope="session")
def new_experiment():
    return make_experiment


@pytest.fixture(scope="session")
def finished(here, tmp_path_factory):
    """An experiment that was trained for three epochs and validated; not to be changed."""
    folders = make_experiment(tmp_path_factory.mktemp("finished") / "experiment")
    assert here("dcase", "train", "--cpu", "--to=3", folders.root, PROTOCOL).code == 0
    assert here("dcase", "validate", "--cpu", folders.train, PROTOCOL).code == 0
    return folders


@pytest.fixture
def copied(finished, tmp_path):
    """A copy of the finished experiment, to be changed."""
    shutil.copytree(finished.root, tmp_path / "copied")
    return Folders(tmp_path / "copied")
