"""The tutorial of `pyannote-speaker-embedding` that the project was created from, run as it is printed.

`seed_embedding/` holds its texts. What is changed, because a day of audio an epoch is no test:
`label_min_duration` and `per_epoch` of the configuration, and `--to=1000` of the first command. Except in the
slow test, the recurrent layers are narrower as well: the range test of the learning rate takes 100 steps.
"""

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
import yaml
from pyannote.core import Segment, SlidingWindow
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from pyannote.audio.config.recipe import Recipe
from pyannote.audio.config.schema import load_config
from pyannote.audio.features import Precomputed
from pyannote.audio.io.waveform import info

SEED = Path(__file__).with_name("seed_embedding")
TRAIN = "VoxCeleb.SpeakerVerification.VoxCeleb1"
VALIDATE = "VoxCeleb.SpeakerDiarization.VoxCeleb1"
APPLY = "AMI.SpeakerDiarization.MixHeadset"
EPOCHS = 2
CHANGES = {"per_epoch: 1\n": "per_epoch: 0.0005\n", "label_min_duration: 60\n": "label_min_duration: 6\n"}
NARROW = {"recurrent: [256, 256, 256]": "recurrent: [8, 8, 8]"}
PROGRAMS = """
set -e
pyannote-speaker-embedding() { "$PYTHON" -m pyannote.audio.applications.speaker_embedding "$@"; }
"""
FIGURES = ("equal_error_rate", "threshold", "min_dcf_0.01", "min_dcf_0.05")


class Run(NamedTuple):
    """Folders of the tutorial, and what its commands printed."""

    experiment: Path
    out: str
    err: str

    @property
    def train(self):
        return self.experiment / "train" / f"{TRAIN}.train"

    @property
    def documented(self):
        """`VALIDATE_DIR`, as the tutorial has it."""
        return self.experiment / "validate" / f"{TRAIN}.test"

    @property
    def applied(self):
        (folder,) = (self.documented / "apply").iterdir()
        return folder


def changed(text, changes):
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    return text


def configured(folder, changes=CHANGES | NARROW):
    """The configuration, below a folder where the tutorial has it."""
    experiment = folder / "tutorials" / "models" / "speaker_embedding"
    experiment.mkdir(parents=True)
    (experiment / "config.yml").write_text(changed((SEED / "config.yml").read_text(), changes))
    return experiment


def commands(epochs=EPOCHS):
    scripts = "".join((SEED / f"{name}.sh").read_text() for name in ("train", "validate", "apply"))
    return changed(scripts, {"--to=1000": f"--to={epochs}"})


def tutorial(folder, corpora, script, changes=CHANGES | NARROW):
    """Run the commands in a shell."""
    experiment = configured(folder, changes)
    environment = os.environ | {
        "PYTHON": sys.executable,
        "PYANNOTE_DATABASE_CONFIG": corpora.config,
        "PYANNOTE_AUDIO_CACHE": str(corpora.cache),
        "OMP_NUM_THREADS": "1",
    }
    bash = ["bash", "-c", PROGRAMS + script]
    done = subprocess.run(bash, cwd=folder, env=environment, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    return Run(experiment, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def seed(corpora, tmp_path_factory):
    return tutorial(tmp_path_factory.mktemp("seed"), corpora, commands())


@pytest.fixture(scope="module")
def other(emb, tmp_path_factory):
    """The same by `pyannote-audio emb`, in this process. Half of a window of 1 s is a step of 0.5 s."""
    run = Run(configured(tmp_path_factory.mktemp("other")), "", "")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    results = [
        emb("train", "--cpu", f"--to={EPOCHS}", run.experiment, TRAIN),
        emb("validate", "--cpu", "--subset=test", "--duration=1.0", run.train, VALIDATE),
        emb("apply", "--cpu", "--duration=1.0", "--step=0.5", run.documented, APPLY),
    ]
    torch.set_num_threads(threads)
    assert [result.code for result in results] == [0, 0, 0], [result.err for result in results]
    return run


def scalars(folder):
    events = EventAccumulator(str(folder)).Reload()
    return {tag: sorted(scalar.step for scalar in events.Scalars(tag)) for tag in events.Tags()["scalars"]}


def files(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_the_configuration_means_what_it_says(tmp_path):
    (tmp_path / "config.yml").write_text((SEED / "config.yml").read_text())
    recipe = Recipe(load_config(tmp_path / "config.yml"))
    approach = recipe.task
    # 60 segments of 1 s on average
    assert approach.batches_per_epoch == 24 * 60
    segments = approach.segments
    assert (segments.per_fold, segments.per_label, segments.label_min_duration) == (20, 3, 60)
    assert (segments.min_duration, segments.max_duration) == (0.5, 1.5)
    assert (approach.metric, approach.clamp, approach.margin, approach.sampling) == (
        "cosine", "sigmoid", 0.0, "all",
    )  # fmt: skip
    (noise,) = recipe.augmentations("waveforms")
    assert (noise.snr_min, noise.snr_max, noise.collection) == (10, 20, "MUSAN.Collection.BackgroundNoise")
    scheduler = recipe.scheduler()
    assert scheduler.is_open and scheduler.epochs_per_cycle == 14
    files = [{"events": [(0.0, 60.0, str(speaker))]} for speaker in range(20)]
    assert len(approach.check(files)) == 1
    specifications = approach.specifications(recipe.extraction)
    assert specifications.inputs == {"X": 59}
    model = recipe.model(specifications).eval()
    sizes = [module.hidden_size for module in model.modules() if isinstance(module, torch.nn.LSTM)]
    assert sizes == [256, 256, 256]
    embeddings = model({"X": torch.randn(2, 100, 59, generator=torch.Generator().manual_seed(0))})
    assert embeddings.shape == (2, model.dimension) == (2, 256)
    torch.testing.assert_close(embeddings.norm(dim=1), torch.ones(2))


def test_what_training_says_and_writes(seed):
    assert re.findall(rf"^Epoch (\d+)/{EPOCHS}: loss", seed.out, re.MULTILINE) == ["1", "2"]
    assert "60 files, 1 batch an epoch" in seed.out
    assert re.search(r"^Learning rate .*, by a range test of \d+ steps\.$", seed.out, re.MULTILINE)
    assert "Traceback" not in seed.err
    if not torch.cuda.is_available():
        assert seed.err == "Warning: there is no GPU that torch can use; going on with the CPU.\n"
    specs = yaml.safe_load((seed.train / "specs.yml").read_text())
    assert specs["X"]["dimension"] == 59 and len(specs["y"]["classes"]) == 20
    assert all((seed.train / "weights" / f"{epoch:04d}.pt").is_file() for epoch in (1, 2))
    steps = scalars(seed.train)
    assert steps["train/loss"] == steps["train/lr"] == [1, 2]


def test_what_validation_says_and_writes(seed):
    folder = seed.train / "validate" / f"{VALIDATE}.test"
    epochs = re.findall(r"^Epoch (\d+): equal_error_rate 0\.\d+ \(best so far", seed.out, re.MULTILINE)
    assert epochs == ["2", "1"]
    params = yaml.safe_load((folder / "params.yml").read_text())
    assert params["epoch"] in (1, 2) and params["metric"] == "equal_error_rate"
    assert params["distance"] == "cosine" and params["chunk"]["duration"] == 1.0
    assert 0 <= params["value"] <= 1 and all(np.isfinite(params["params"][name]) for name in FIGURES)
    # 6 files of 2 speakers: 15 pairs
    assert (params["params"]["trials"], params["params"]["targets"]) == (15, 6)
    assert scalars(folder)[f"validate/{VALIDATE}.test/equal_error_rate"] == [1, 2]


def test_the_documented_folder_stands_for_that_of_the_validation(seed):
    folder = seed.train / "validate" / f"{VALIDATE}.test"
    params = yaml.safe_load((folder / "params.yml").read_text())
    assert f"Using the validation {folder}\n" in seed.out
    assert seed.applied.name == f"{params['epoch']:04d}"
    assert files(seed.documented) == {
        f"apply/{seed.applied.name}/metadata.yml",
        f"apply/{seed.applied.name}/AMI.SpeakerDiarization.MixHeadset.test.provenance.json",
        f"apply/{seed.applied.name}/AMI/EN2002a.Mix-Headset.npy",
    }


def test_python_of_the_tutorial(seed, corpora):
    text = (SEED / "embeddings.txt").read_text()
    text = text.replace("{VALIDATE_DIR}", str(seed.documented)).replace("{BEST_EPOCH}", seed.applied.name)
    script = "".join(example.source for example in doctest.DocTestParser().get_examples(text))
    environment = os.environ | {"PYANNOTE_DATABASE_CONFIG": corpora.config}
    python = [sys.executable, "-c", script]
    done = subprocess.run(python, env=environment, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "[ 00:00:00.000 -->  00:00:01.000]"
    first = np.array(re.findall(r"-?\d\.\d+(?:e-\d+)?", "".join(lines[1:-1])), dtype=np.float32)
    written = np.load(seed.applied / "AMI" / "EN2002a.Mix-Headset.npy")
    np.testing.assert_allclose(first, written[0], atol=1e-6)
    touching = SlidingWindow(duration=1.0, step=0.5).crop(Segment(10, 20))
    assert len(touching) in (21, 22, 23) and lines[-1] == f"({len(touching)}, 256)"


def test_embeddings_of_apply(seed, corpora):
    precomputed = Precomputed(seed.applied)
    window, dimension = precomputed.sliding_window, precomputed.dimension
    assert (window.duration, window.step, dimension) == (1.0, 0.5, 256)
    path = corpora.root / "amicorpus" / "EN2002a" / "audio" / "EN2002a.Mix-Headset.wav"
    embeddings = precomputed({"database": "AMI", "uri": "EN2002a.Mix-Headset"})
    assert abs(len(embeddings.data) - (1 + (info(path).duration - 1.0) / 0.5)) <= 1
    np.testing.assert_allclose(np.linalg.norm(embeddings.data, axis=1), 1, rtol=1e-5)
    assert embeddings.crop(Segment(10, 20)).shape[1] == dimension


def test_the_new_command_writes_the_same_files(seed, other):
    weights = sorted(path.name for path in (seed.train / "weights").glob("*.pt"))
    assert weights == sorted(path.name for path in (other.train / "weights").glob("*.pt"))
    for name in weights:
        assert (seed.train / "weights" / name).read_bytes() == (other.train / "weights" / name).read_bytes()
    found = [
        yaml.safe_load((run.train / name / f"{VALIDATE}.test" / "params.yml").read_text())
        for run, name in ((seed, "validate"), (other, "validate_equal_error_rate"))
    ]
    assert found[0] | {"chunk": None} == found[1] | {"chunk": None}
    assert files(seed.documented) == files(other.documented)
    for name in files(seed.documented):
        assert (seed.documented / name).read_bytes() == (other.documented / name).read_bytes()


@pytest.mark.slow
def test_the_network_of_its_own_width(corpora, tmp_path):
    run = tutorial(tmp_path, corpora, commands(epochs=1), CHANGES)
    assert np.isfinite(np.load(run.applied / "AMI" / "EN2002a.Mix-Headset.npy")).all()
