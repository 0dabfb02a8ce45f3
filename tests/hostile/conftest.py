"""Commands run on a few good recordings and on hostile ones (see `hostile_audio`)."""

from functools import partial
from pathlib import Path
from typing import NamedTuple

import hostile_audio
import numpy as np
import pytest
import soundfile
import torch
import yaml

PROTOCOL = "Hostile.SpeakerDiarization.Audio"
TRIALS = "Hostile.SpeakerVerification.Audio"
GOOD = {
    "train": ("ann1", "ann2", "bob1", "bob2"),
    "development": ("ann3", "ann4", "bob3", "bob4"),
    "test": ("ann5", "bob5"),
}

# 0.0001 days are 8.64 s: two batches an epoch
DETECTION = """\
task:
   name: Dcase
   params: {duration: 1.0, batch_size: 4, per_epoch: 0.0001, labels_spec: {regular: [ann, bob]}}
feature_extraction:
   name: LibrosaMelSpectrogram
   params: {sample_rate: 16000, n_mels: 40}
architecture:
   name: Dcase
scheduler:
   name: ConstantScheduler
   params: {learning_rate: 0.01}
"""
EMBEDDING = """\
approach:
   name: TripletLoss
   params: {duration: 0.5, per_fold: 2, per_label: 2, per_epoch: 0.0001}
feature_extraction:
   name: LibrosaMelSpectrogram
   params: {sample_rate: 16000, n_mels: 40}
architecture:
   name: TristouNet
   params: {recurrent: [4], linear: [4]}
scheduler:
   name: ConstantScheduler
   params: {learning_rate: 0.01}
"""


class Recordings(NamedTuple):
    """Good recordings of two speakers, and what hostile files are made beside them."""

    root: Path

    def wav(self, uri):
        return self.root / "audio" / f"{uri}.wav"

    @property
    def uris(self):
        return [uri for uris in GOOD.values() for uri in uris]

    @property
    def cache(self):
        return self.root / "cache"

    def database(self, folder, hostile=(), test=()):
        """A database.yml whose training files are the good ones and `hostile`."""
        folder.mkdir(parents=True, exist_ok=True)
        lists = {**GOOD, "train": (*GOOD["train"], *hostile), "test": test or GOOD["test"]}
        parts = {"scope": "global"}
        for subset, uris in lists.items():
            (folder / f"{subset}.lst").write_text("".join(f"{uri}\n" for uri in uris))
            parts[subset] = {"uri": f"{subset}.lst", "annotation": str(self.root / "turns.rttm")}
        (folder / "trials.txt").write_text("1 ann3 ann4\n1 bob3 bob4\n0 ann3 bob3\n0 ann4 bob4\n")
        trials = {**parts, "development": {**parts["development"], "trial": "trials.txt"}}
        protocols = {"SpeakerDiarization": {"Audio": parts}, "SpeakerVerification": {"Audio": trials}}
        content = {"Databases": {"Hostile": str(self.wav("{uri}"))}, "Protocols": {"Hostile": protocols}}
        path = folder / "database.yml"
        path.write_text(yaml.safe_dump(content))
        return path


@pytest.fixture(scope="session")
def recordings(tmp_path_factory):
    found = Recordings(tmp_path_factory.mktemp("recordings"))
    (found.root / "audio").mkdir()
    time = np.arange(3 * hostile_audio.RATE) / hostile_audio.RATE
    lines = []
    for index, uri in enumerate(found.uris):
        pitch = 150 if uri.startswith("ann") else 350
        voice = sum(np.sin(2 * np.pi * pitch * partial * time) / partial for partial in range(1, 9))
        noise = np.random.default_rng(index).normal(0, 0.05, len(time))
        soundfile.write(found.wav(uri), 0.1 * voice + noise, hostile_audio.RATE)
        lines.append(f"SPEAKER {uri} 1 0.5 2.0 <NA> <NA> {uri[:-1]} <NA> <NA>\n")
    (found.root / "turns.rttm").write_text("".join(lines))
    return found


@pytest.fixture(scope="session")
def hostile(recordings):
    """Make the hostile file of a name once; give its path and what is known of it."""
    made = {}

    def make(name):
        if name not in made:
            made[name] = hostile_audio.make(name, recordings.wav(name))
        return recordings.wav(name), made[name]

    return make


@pytest.fixture(scope="session")
def run(here, recordings):
    return partial(here, cache=recordings.cache)


@pytest.fixture(scope="session")
def refused():
    """Check that a command ended with one sentence that names a file, and with the exit status of data."""

    def check(result, *expected):
        lines = [line for line in result.err.splitlines() if not line.startswith(("Warning: ", "  "))]
        assert len(lines) == 1 and lines[0].startswith("Error: ") and lines[0].endswith((".", ")")), result
        assert "unexpected" not in lines[0] and "nan" not in result.out
        for part in expected:
            assert str(part) in lines[0]
        assert result.code == 4

    return check


def weights(folders, epoch):
    return torch.load(folders.weights(epoch), weights_only=True)


@pytest.fixture(scope="session")
def alike():
    """Whether two trainings have the same weights, to the bit."""

    def compare(one, other, epoch=1):
        pairs = weights(one, epoch), weights(other, epoch)
        return pairs[0].keys() == pairs[1].keys() and all(
            torch.equal(value, pairs[1][name]) for name, value in pairs[0].items()
        )

    return compare


@pytest.fixture(scope="session")
def finite():
    """Whether all weights of an epoch are finite."""

    def check(folders, epoch=1):
        return all(torch.isfinite(value).all() for value in weights(folders, epoch).values())

    return check


@pytest.fixture(scope="session")
def detector(run, recordings, new_experiment, tmp_path_factory):
    """A detector of two sounds, trained and validated."""
    return trained("dcase", DETECTION, PROTOCOL, run, recordings, new_experiment, tmp_path_factory)


@pytest.fixture(scope="session")
def embedder(run, recordings, new_experiment, tmp_path_factory):
    """An embedding of two speakers, trained and validated."""
    return trained("emb", EMBEDDING, TRIALS, run, recordings, new_experiment, tmp_path_factory)


def trained(block, text, protocol, run, recordings, new_experiment, tmp_path_factory):
    folder = tmp_path_factory.mktemp(block)
    metric = "validate_average_detection_fscore" if block == "dcase" else "validate_equal_error_rate"
    folders = new_experiment(folder / "experiment", text, protocol, metric)
    database = recordings.database(folder / "database")
    result = run(block, "train", "--cpu", "--to=1", folders.root, protocol, database=database)
    assert result.code == 0, result.err
    result = run(block, "validate", "--cpu", folders.train, protocol, database=database)
    assert (result.code, result.err) == (0, "")
    return folders
