"""Tiny synthetic data sets, and two ways to run commands on them: in this process, and as one of its own."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import warnings
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from functools import partial
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyannote.database
import pytest
import soundfile
from processes import children
from pyannote.database import FileFinder
from pyannote.database.registry import Registry

from pyannote.audio.applications import pyannote_audio, speaker_embedding
from pyannote.audio.core import user_code
from pyannote.audio.database.corpora import ami, musan, voxceleb
from pyannote.audio.database.corpora.tut2017 import prepare
from pyannote.audio.database.synthetic.street import make_demonstration
from pyannote.audio.database.synthetic.voices import make_speakers

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


def changed(text, *changes):
    """Text in which each pair of strings (old, new) is replaced once; the old one must be there."""
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text


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


@pytest.fixture
def environment(data, monkeypatch):
    """What a user sets: where the database and the cache are."""
    monkeypatch.setenv("PYANNOTE_DATABASE_CONFIG", str(data / "database" / "database.yml"))
    monkeypatch.setenv("PYANNOTE_AUDIO_CACHE", str(data / "cache"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("HOME", str(data))


@contextmanager
def known_database(path, cache):
    """Make a database.yml (or several, with semicolons) all that pyannote.database knows.

    It reads the variable at import.
    """
    registry = Registry()
    for one in str(path).split(";"):
        registry.load_database(one)
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        patch.setattr(pyannote.database, "registry", registry)
        patch.setenv("PYANNOTE_AUDIO_CACHE", str(cache))
        patch.setattr(threading, "excepthook", threading.excepthook)
        # classes of --code are known to one command
        patch.setattr(user_code, "_modules", {})
        patch.setattr(sys, "unraisablehook", sys.unraisablehook)
        yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture(scope="session")
def here(data):
    """Run a command in this process: arguments, and another database.yml or program if need be."""

    def run(*arguments, database=None, cache=None, program=pyannote_audio):
        out, err = StringIO(), StringIO()
        with (
            known_database(database or data / "database" / "database.yml", cache or data / "cache"),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            code = program.run([str(argument) for argument in arguments])
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


@pytest.fixture
def start():
    """Start a command in a process of its own; whatever still runs at the end of the test is killed."""
    started = []

    def popen(*arguments, program="pyannote_audio", **options):
        command = [sys.executable, "-m", f"pyannote.audio.applications.{program}", *map(str, arguments)]
        usual = {
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "text": True,
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
def torchrun():
    """Start a command in two processes; whatever still runs at the end of the test is killed."""
    started = []

    def popen(*arguments, **options):
        launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
        command = [*launcher, "-m", "pyannote.audio.applications.pyannote_audio", *map(str, arguments)]
        usual = {
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "text": True,
            "start_new_session": True,
        }
        process = subprocess.Popen(command, **{**usual, **options})
        started.append(process)
        return process

    yield popen
    for process in started:
        if process.poll() is None:
            for child in children(process.pid):
                os.kill(child, signal.SIGKILL)
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
    metric: str = METRIC

    @property
    def config(self):
        return self.root / "config.yml"

    @property
    def train(self):
        return self.root / "train" / f"{self.protocol}.train"

    @property
    def validate(self):
        return self.train / self.metric / f"{self.protocol}.development"

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


def make_experiment(root, text=CONFIG, protocol=PROTOCOL, metric=METRIC):
    root.mkdir(parents=True)
    folders = Folders(root, protocol, metric)
    folders.config.write_text(text)
    return folders


def forget_configuration(train):
    """Take from a training its configuration, which earlier versions did not store."""
    for name in ("config.yml", "files.json"):
        (train / name).unlink()
    for manifest in (train / "weights").glob("*.json"):
        content = json.loads(manifest.read_text())
        del content["model"]
        manifest.write_text(json.dumps(content, indent=1) + "\n")


@pytest.fixture(scope="session")
def new_experiment():
    return make_experiment


@pytest.fixture(scope="session")
def finished(trained_of):
    """An experiment that was trained for three epochs and validated; not to be changed."""
    return trained_of("dcase")


@pytest.fixture
def copied(finished, tmp_path):
    """A copy of the finished experiment, to be changed."""
    shutil.copytree(finished.root, tmp_path / "copied")
    return Folders(tmp_path / "copied")


# Speaker embedding: 24 artificial speakers in the layouts of VoxCeleb1, AMI and MUSAN

VOXCELEB = "VoxCeleb.SpeakerVerification.VoxCeleb1"
AMI = "AMI.SpeakerDiarization.MixHeadset"

# 0.0005 days are 43.2 s: 4 batches an epoch
EMBEDDING_CONFIG = """\
feature_extraction:
   name: LibrosaMFCC
   params:
      sample_rate: 16000
architecture:
   name: TristouNet
   params:
      recurrent: [8]
      linear: [8]
approach:
   name: TripletLoss
   params:
      min_duration: 0.5
      max_duration: 1.0
      per_fold: 4
      per_label: 3
      per_epoch: 0.0005
scheduler:
   name: ConstantScheduler
   params:
      learning_rate: 0.01
"""


@pytest.fixture(scope="session")
def embedding_text():
    return EMBEDDING_CONFIG


class Corpora(NamedTuple):
    """VoxCeleb1 (20 speakers of train, 2 of development, 2 of test), AMI (two meetings) and MUSAN."""

    root: Path

    @property
    def config(self):
        """What PYANNOTE_DATABASE_CONFIG says."""
        return ";".join(str(self.root / name / "database.yml") for name in ("voxceleb", "ami", "noise"))

    @property
    def cache(self):
        return self.root / "cache"

    def wav(self, side, uri):
        return self.root / "voxceleb1" / side / "wav" / f"{uri}.wav"


@pytest.fixture(scope="session")
def corpora(tmp_path_factory):
    """Not to be changed."""
    found = Corpora(tmp_path_factory.mktemp("corpora"))
    root, voices = found.root, make_speakers(found.root / "voices", speakers=24, files=3, seconds=2.0)
    speakers = sorted((voices / "speakers").iterdir())
    for index, folder in enumerate(speakers):
        for video, path in zip(("first", "first", "second"), sorted(folder.iterdir()), strict=True):
            target = found.wav("test" if index < 2 else "dev", f"id{10270 + index}/{video}/0000{path.stem}")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    make_meetings(root, [sorted(folder.iterdir()) for folder in speakers[:3]])
    for kind in ("music", "noise", "speech"):
        shutil.copytree(voices / "noise", root / "musan" / kind / "source")
    uris = [f"id1027{speaker}/{video}.wav" for speaker in (0, 1) for video in ("first/00001", "second/00003")]
    pairs = [(0, 1), (2, 3), (0, 2), (1, 3), (0, 3), (1, 2)]
    trials = [f"{index < 2:d} {uris[first]} {uris[second]}\n" for index, (first, second) in enumerate(pairs)]
    (root / "voxceleb1" / "veri_test.txt").write_text("".join(trials))
    voxceleb.prepare(root / "voxceleb1", root / "voxceleb", development=2)
    ami.prepare(root / "amicorpus", root / "ami_public_manual_1.6.2", root / "ami")
    musan.prepare(root / "musan", root / "noise")
    return found


def make_meetings(root, voices):
    """Meetings of three who take turns of 2 s: one of development, one of test."""
    for meeting, rounds in (("ES2011a", 2), ("EN2002a", 4)):
        turns = [(agent, voices[agent][index % 3]) for index in range(rounds) for agent in range(3)]
        heard = [soundfile.read(path)[0] for _, path in turns]
        path = root / "amicorpus" / meeting / "audio" / f"{meeting}.Mix-Headset.wav"
        path.parent.mkdir(parents=True)
        soundfile.write(path, np.concatenate(heard), 16000)
        for agent in range(3):
            segments = [
                f'<segment transcriber_start="{2 * index}" transcriber_end="{2 * index + 2}"/>'
                for index, (speaker, _) in enumerate(turns)
                if speaker == agent
            ]
            path = root / "ami_public_manual_1.6.2" / "segments" / f"{meeting}.{'ABC'[agent]}.segments.xml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"<root>{''.join(segments)}</root>")


@pytest.fixture
def speakers(corpora, monkeypatch):
    """What a user of them sets, for commands that are processes of their own."""
    monkeypatch.setenv("PYANNOTE_DATABASE_CONFIG", corpora.config)
    monkeypatch.setenv("PYANNOTE_AUDIO_CACHE", str(corpora.cache))


@pytest.fixture(scope="session")
def emb(here, corpora):
    """Run `pyannote-audio emb` on the artificial speakers."""
    return partial(here, "emb", database=corpora.config, cache=corpora.cache)


@pytest.fixture(scope="session")
def old(here, corpora):
    """Run the command of 2019 on them, `pyannote-speaker-embedding`."""
    return partial(here, program=speaker_embedding, database=corpora.config, cache=corpora.cache)


@pytest.fixture(scope="session")
def new_embedding():
    """Make an experiment on embeddings, with the tiny configuration or another one."""

    def make(root, text=EMBEDDING_CONFIG):
        return make_experiment(root, text, VOXCELEB, "validate_equal_error_rate")

    return make


@pytest.fixture
def embedding(tmp_path, new_embedding):
    """A new experiment with the tiny configuration."""
    return new_embedding(tmp_path / "embedding")


@pytest.fixture(scope="session")
def embedded(trained_of):
    """An experiment that was trained for three epochs and validated; not to be changed."""
    return trained_of("emb")


@pytest.fixture
def embedded_copy(embedded, tmp_path):
    """A copy of it, to be changed."""
    shutil.copytree(embedded.root, tmp_path / "copied")
    return embedded._replace(root=tmp_path / "copied")
