"""Classes of one's own, from files that the command line names, from training to results."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest
import torch
import yaml

from pyannote.audio.config.classes import available, load_code
from pyannote.audio.core import user_code
from pyannote.audio.core.errors import ConfigError
from pyannote.audio.features import LibrosaMelSpectrogram, Pretrained

MODEL = '''
from dataclasses import dataclass

import torch
from torch import nn

from pyannote.audio.models._embedding import EmbeddingModel
from pyannote.audio.models.base import Model


@dataclass
class Sizes:
    hidden: int


class Tiny(Model):
    """One layer.

    Parameters
    ----------
    specifications : Specifications
    hidden : int
    """

    def __init__(self, specifications, hidden: int = 4) -> None:
        super().__init__(specifications)
        self.sizes = Sizes(hidden)
        self.resolution = 2
        self.layers = nn.Sequential(
            nn.Linear(specifications.inputs["X"], hidden),
            nn.Tanh(),
            nn.Linear(hidden, len(specifications.classes)),
        )

    def forward(self, batch):
        return self.layers(self.normalized(batch, "X")[:, : batch["X"].shape[1] // 2 * 2 : 2])


class TinyEmbedding(EmbeddingModel):
    """Means of frames."""

    def __init__(self, specifications, dimension: int = 8) -> None:
        super().__init__(specifications, dimension, False, False, True)
        self.layer = nn.Linear(specifications.inputs["X"], dimension)

    def encode(self, frames):
        return torch.tanh(self.layer(frames))

    def embed(self, encoded):
        return encoded.mean(dim=1)
'''

OTHERS = '''
from pathlib import Path

from pyannote.audio.augmentation.base import Augmentation
from pyannote.audio.features.librosa_mel_spectrogram import LibrosaMelSpectrogram
from pyannote.audio.labeling.tasks.multilabel_detection import MultilabelDetection
from pyannote.audio.train.callbacks.early_stopping import EarlyStopping


class Louder(Augmentation):
    """Adds decibels."""

    def __init__(self, decibels: float = 3.0) -> None:
        self.decibels = decibels

    def __call__(self, batch, random):
        Path("LOUDER").touch()
        return {**batch, "X": batch["X"] + self.decibels}


class OwnDetection(MultilabelDetection):
    """Detection with a loss of its own."""

    def loss(self, logits, targets):
        return ((logits.sigmoid() - targets) ** 2).mean()


class OwnSpectrogram(LibrosaMelSpectrogram):
    """Features of its own."""


class Impatient(EarlyStopping):
    """Stops after the second epoch."""

    def __init__(self) -> None:
        super().__init__(patience=1)

    def stopped(self, best, validated):
        return list(best) if len(validated) >= 2 else []
'''

CONFIG = """\
task:
   name: OwnDetection
   params:
      duration: 2.0
      batch_size: 32
      per_epoch: 0.0005
      labels_spec:
         regular: [brakes_squeaking, car, children, large_vehicle, people_speaking, people_walking]
feature_extraction:
   name: OwnSpectrogram
   params:
      sample_rate: 44100
      n_mels: 40
data_augmentation:
   name: Louder
   params:
      decibels: 1
architecture:
   name: Tiny
   params:
      hidden: 3
scheduler:
   name: ConstantScheduler
   params:
      learning_rate: 0.01
callbacks:
   - name: Impatient
"""

USAGE, CONFIGURATION = 2, 3


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Two files of classes, and what --code says of them."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_models.py").write_text(MODEL)
    (tmp_path / "others.py").write_text(OTHERS)
    return f"--code={tmp_path / 'my_models.py'},others.py"


@pytest.fixture
def no_code(monkeypatch):
    """Nothing is known of one's own before and after."""
    monkeypatch.setattr(user_code, "_modules", {})


def test_own_task_features_augmentation_network_and_callback(
    own, here, experiment, data, tmp_path, monkeypatch, no_code
):
    experiment.config.write_text(CONFIG)
    protocol = experiment.protocol
    for command, folder, options in (
        ("train", experiment.root, ["--to=4", "--validate"]),
        ("validate", experiment.train, []),
        ("apply", experiment.validate, []),
    ):
        without = here("mlt", command, *options, folder, protocol)
        assert (without.code, "Traceback" in without.err) == (CONFIGURATION, False)
        assert re.search(r"There is no \w+ named '\w+'; .* --code\.$", without.err), without.err
        result = here("mlt", command, "--cpu", own, *options, folder, protocol)
        assert (result.code, result.err) == (0, "")
        if command == "train":
            assert "training stops" in result.out and not experiment.weights(3).exists()
            assert (tmp_path / "LOUDER").exists()
    weights = torch.load(experiment.weights(2), weights_only=True)
    assert weights["layers.0.weight"].shape == (3, 40)
    assert json.loads((experiment.applied / f"{experiment.protocol}.test.evaluation.json").read_text())
    load_code("my_models.py")
    load_code("others.py")
    scores = Pretrained(experiment.validate)(data / "tut" / "audio" / "street" / "a001.wav")
    assert np.isfinite(scores.data).all() and scores.data.shape[1] == 6


def test_own_embedding(own, emb, embedding, corpora):
    text = embedding.config.read_text()
    params = text[text.index("architecture:") : text.index("approach:")]
    embedding.config.write_text(text.replace(params, "architecture:\n   name: TinyEmbedding\n"))
    audio = [corpora.wav("test", "id10270/first/00001"), corpora.wav("test", "id10270/second/00003")]
    for command, *arguments in (
        ("train", "--to=1", embedding.root, embedding.protocol),
        ("validate", embedding.train, embedding.protocol),
        ("apply", embedding.validate, embedding.protocol),
        ("compare", embedding.validate, *audio),
    ):
        without = emb(command, "--cpu", *arguments)
        assert without.code == CONFIGURATION and "--code" in without.err
        result = emb(command, "--cpu", own, *arguments)
        assert (result.code, result.err) == (0, ""), result.err
    assert "speaker" in result.out


def test_parameters_of_own_classes_are_checked(own, here, experiment):
    plain = CONFIG.replace("   params:\n      hidden: 3\n", "")
    for text, old, new, words in (
        (
            CONFIG,
            "hidden: 3",
            "hiden: 3",
            "Tiny has no parameter 'hiden'; it has hidden. Did you mean 'hidden'?",
        ),
        (CONFIG, "hidden: 3", "hidden: 3.5", "hidden of Tiny must be a whole number"),
        (CONFIG, "decibels: 1", "decibels: no", "decibels of Louder must be a finite number, not 'no'"),
        (CONFIG, "name: Tiny", "name: Tinny", "Did you mean 'Tiny'?"),
        (CONFIG, "name: Tiny", "name: Sizes", "There is no architecture named 'Sizes'"),
        (CONFIG, "name: Tiny", "name: Louder", "There is no architecture named 'Louder'"),
        (CONFIG, "name: Tiny", "name: my_models.Tiny", "There is no architecture named 'my_models.Tiny'"),
        (
            plain,
            "name: Tiny",
            "name: TinyEmbedding",
            "an embedding of each chunk, and OwnDetection needs",
        ),
    ):
        experiment.config.write_text(text.replace(old, new))
        line = 1 + text[: text.index(old)].count("\n")
        result = here("mlt", "train", "--cpu", own, experiment.root, experiment.protocol)
        assert result.code == CONFIGURATION, result.err
        assert f"{experiment.config}, line {line}: " in result.err and words in result.err, result.err
        assert result.err.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("x = 1\ndef f(:\n", 2, "SyntaxError: invalid syntax"),
        ("  x = 1\n", 1, "IndentationError"),
        ("import no_such_module_at_all\n", 1, "ModuleNotFoundError: No module named 'no_such_module_at_all'"),
        ("from .beside import x\n", 1, "ImportError"),
        ("\n\nx = 1 / 0\n", 3, "ZeroDivisionError: division by zero"),
        ("def f():\n    raise ValueError('a\\nb')\n\nf()\n", 2, "ValueError: a b"),
        ("raise SystemExit(0)\n", 1, "SystemExit: 0"),
        ("x = '\0'\n", None, "null bytes"),
        ("x = 1\n", None, "It has no class that derives from a class of the toolkit"),
        ("from pyannote.audio.models.dcase import Dcase\n", None, "It has no class that derives"),
        (
            "from pyannote.audio.models.dcase import Dcase as One\n\nclass Dcase(One):\n    pass\n",
            3,
            "There is another architecture named 'Dcase'. Give the class another name.",
        ),
    ],
)
def test_faults_of_the_file_are_told_with_their_line(text, line, words, here, experiment, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(text)
    result = here("dcase", "train", f"--code={path}", experiment.root, experiment.protocol)
    where = path if line is None else f"{path}, line {line}"
    assert result.code == CONFIGURATION and result.out == ""
    assert result.err.startswith(f"Error: {where}: ") or line is None
    assert words in result.err and str(path) in result.err and result.err.count("\n") == 1


def test_with_debug_the_traceback_is_shown(here, experiment, tmp_path):
    (tmp_path / "mine.py").write_text("x = 1 / 0\n")
    result = here("dcase", "train", "--debug", f"--code={tmp_path / 'mine.py'}", experiment.root, "A.B.C")
    assert result.code == CONFIGURATION and "Traceback" in result.err and "x = 1 / 0" in result.err


@pytest.mark.parametrize("name", ["missing.py", ".", "/dev/null", "os", "os.system"])
def test_a_file_that_is_none(name, here, experiment):
    result = here("dcase", "train", f"--code={name}", experiment.root, experiment.protocol)
    assert (result.code, result.out) == (USAGE, "")
    assert result.err.startswith(f"Error: There is no file {name} with code.")


def test_two_files_with_one_name(own, here, experiment, tmp_path):
    (tmp_path / "again.py").write_text(MODEL + "\n")
    result = here("mlt", "train", f"{own},again.py", experiment.root, experiment.protocol)
    assert result.code == CONFIGURATION
    assert "There is another architecture named 'Tiny'" in result.err and "again.py, line" in result.err


def test_classes_are_known_to_the_command_that_names_them_alone(own, here, experiment):
    experiment.config.write_text(CONFIG)
    assert here("mlt", "train", own, "--to=1", experiment.root, experiment.protocol).code == 0
    assert "Tiny" not in available("architecture") and "OwnDetection" not in available("task")


def test_changed_code_is_read_anew_and_nothing_is_left_beside_it(tmp_path, no_code):
    path = tmp_path / "mine.py"
    source = (
        "from pyannote.audio.features.raw_audio import RawAudio\nclass Mine(RawAudio):\n    number = {}\n"
    )
    found = []
    for number in (1, 2, 1):
        path.write_text(source.format(number))
        load_code(path)
        module = user_code.user_modules()[path]
        found.append((module.Mine.number, module.Mine(sample_rate=8000).parameters))
    assert [number for number, _ in found] == [1, 2, 1]
    # features of other code are others, and lie in another folder
    assert found[0][1] == found[2][1] != found[1][1]
    assert [file.name for file in tmp_path.iterdir()] == ["mine.py"]
    assert "code" not in LibrosaMelSpectrogram().parameters


def test_a_refused_file_makes_nothing_known(tmp_path, no_code):
    path = tmp_path / "mine.py"
    path.write_text("from pyannote.audio.models.dcase import Dcase\nclass Mine(Dcase): pass\n1 / 0\n")
    with pytest.raises(ConfigError):
        load_code(path)
    assert "Mine" not in available("architecture")


def test_scores_of_other_code_are_computed_again(own, here, experiment, tmp_path):
    """The weights are the same, but what the network makes of them is not."""
    experiment.config.write_text(CONFIG)
    assert here("mlt", "train", own, "--to=1", experiment.root, experiment.protocol).code == 0
    arguments = ("mlt", "validate", own, experiment.train, experiment.protocol)
    epochs = re.compile(r"^Epoch 1:", flags=re.MULTILINE)
    assert epochs.search(here(*arguments).out)
    assert not epochs.search(here(*arguments).out)
    before = yaml.safe_load((experiment.validate / "params.yml").read_text())
    (tmp_path / "my_models.py").write_text(MODEL.replace("nn.Tanh()", "nn.ReLU()"))
    assert epochs.search(here(*arguments).out)
    assert yaml.safe_load((experiment.validate / "params.yml").read_text()) != before


@pytest.mark.slow
def test_two_processes(own, experiment):
    experiment.config.write_text(CONFIG)
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    module = ["-m", "pyannote.audio.applications.pyannote_audio"]
    arguments = ["mlt", "train", "--cpu", "--to=1", own, experiment.root, experiment.protocol]
    command = [*launcher, *module, *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    assert "2 processes" in result.stdout and experiment.weights(1).exists()


@pytest.mark.slow
def test_a_cluster(own, experiment, here, tmp_path):
    """Workers compute features and apply a network of classes that they have never heard of."""
    distributed = pytest.importorskip("distributed")
    experiment.config.write_text(CONFIG)
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, dashboard_address=None, silence_logs=50
    ) as cluster:
        scheduler = f"--scheduler={cluster.scheduler_address}"
        cache = tmp_path / "new"
        for command, folder in (
            ("train", experiment.root),
            ("validate", experiment.train),
            ("apply", experiment.validate),
        ):
            options = ["--to=1", "--cpu", own, scheduler] if command == "train" else ["--cpu", own, scheduler]
            result = here("mlt", command, *options, folder, experiment.protocol, cache=cache)
            assert (result.code, result.err) == (0, "")
        names = {path.name.rpartition("-")[0] for path in cache.iterdir()}
        assert names == {"OwnSpectrogram"}
