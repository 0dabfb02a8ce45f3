"""Commands as whole processes, on a small synthetic data set."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from pyannote.audio.database.corpora import speakers, tut2017
from pyannote.audio.database.synthetic.street import make_demonstration
from pyannote.audio.database.synthetic.voices import make_speakers

MODULE = "pyannote.audio.applications.pyannote_audio"
DETECTION = "TUT2017.SpeakerDiarization.MyProtocol"
VERIFICATION = "Own.SpeakerVerification.Protocol"
TUTORIAL = Path(__file__).parents[2] / "tutorials" / "models" / "dcase" / "config.yml"

EMBEDDING = """\
feature_extraction: {name: LibrosaMFCC, params: {sample_rate: 16000}}
architecture: {name: TristouNet, params: {recurrent: [16], linear: [16]}}
approach: {name: TripletLoss, params: {max_duration: 1.0, per_fold: 4, per_label: 3, per_epoch: 0.0003}}
scheduler: {name: ConstantScheduler, params: {learning_rate: 0.01}}
"""


@dataclass(frozen=True)
class Experiment:
    """An experiment of one block, and where its commands find things.

    Parameters
    ----------
    block : str
        "dcase" or "emb".
    root : Path
        Folder of the experiment.
    protocol : str
        What it is trained, validated and applied on.
    environment : dict of str to str
        For the commands: data set and cache.
    """

    block: str
    root: Path
    protocol: str
    environment: dict[str, str]

    @property
    def trained(self) -> Path:
        """Folder of the training."""
        return self.root / "train" / f"{self.protocol}.train"

    @property
    def validated(self) -> Path:
        """Folder of the validation."""
        measure = "average_detection_fscore" if self.block == "dcase" else "equal_error_rate"
        return self.trained / f"validate_{measure}" / f"{self.protocol}.development"

    def arguments(self, command: str, *options: str) -> list[str]:
        """Arguments of `pyannote-audio` for `train`, `validate` or `apply`."""
        folder = {"train": self.root, "validate": self.trained, "apply": self.validated}[command]
        return [self.block, command, *options, str(folder), self.protocol]

    def command(self, name: str, *options: str) -> list[str]:
        """What the shell would be told, with this Python."""
        return [sys.executable, "-m", MODULE, *self.arguments(name, *options)]


def detection_experiment(work: Path, files: int, seconds: float, config: str) -> Experiment:
    """Make recordings of a street, and an experiment on them in a folder of its own."""
    make_demonstration(work / "street", files=files, seconds=seconds)
    database = tut2017.prepare(work / "street", work / "street-database")
    return _experiment("dcase", work, DETECTION, database, config)


def embedding_experiment(work: Path) -> Experiment:
    """Make recordings of speakers, and an experiment on them."""
    make_speakers(work / "voices", speakers=12, files=3, seconds=4.0)
    database = speakers.prepare(work / "voices" / "speakers", work / "voices-database", test=0.25)
    return _experiment("emb", work, VERIFICATION, database, EMBEDDING)


def _experiment(block: str, work: Path, protocol: str, database: Path, config: str) -> Experiment:
    root = work / block
    root.mkdir()
    (root / "config.yml").write_text(config)
    environment = {
        **os.environ,
        "PYANNOTE_DATABASE_CONFIG": str(database),
        "PYANNOTE_AUDIO_CACHE": str(work / "cache"),
    }
    return Experiment(block, root, protocol, environment)
