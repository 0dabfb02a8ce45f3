"""Long trainings and many files: memory does not grow, and no file stays open."""

import gc
import json
import os
import re
import resource
import subprocess
import sys
from itertools import count, islice
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pyannote.audio.database.corpora.own_data import make_database

DRIVER = Path(__file__).with_name("growing.py")
MOST = 1 << 20
"""Bytes in 1000 batches."""

BATCH = 4.0
"""Seconds of audio in a batch."""

SOUNDS = """\
task:
   name: Dcase
   params:
      duration: 1.0
      batch_size: 4
      per_epoch: EPOCH
      labels_spec:
         regular: [brakes_squeaking, car, children, large_vehicle, people_speaking, people_walking]
feature_extraction:
   name: LibrosaMelSpectrogram
   params: {sample_rate: 8000, n_mels: 20}
architecture:
   name: Dcase
   params: {channels: 4, hidden: 4}
scheduler:
   name: ConstantScheduler
callbacks:
   name: WeightAveraging
data_augmentation:
   - name: AddNoiseFromGaps
   - name: Mixup
   - name: TimeFrequencyMasking
"""

SPEAKERS = """\
approach:
   name: TripletLoss
   params: {duration: 0.5, per_fold: 4, per_label: 2, per_epoch: EPOCH}
feature_extraction:
   name: LibrosaMFCC
   params: {sample_rate: 8000}
architecture:
   name: XVector
   params: {channels: [8, 8, 8, 8, 16], dimension: 8}
scheduler:
   name: ConstantScheduler
data_augmentation:
   name: AddNoise
"""


@pytest.mark.parametrize(
    ("block", "batches", "epoch"),
    [
        ("dcase", 300, 1000),
        pytest.param("dcase", 5000, 20, marks=pytest.mark.slow),
        pytest.param("emb", 5000, 20, marks=pytest.mark.slow),
    ],
)
def test_memory_does_not_grow_with_batches(block, batches, epoch, request, tmp_path, promise):
    """In many short epochs, each of which is saved, and some of which are drawn, or within one."""
    if block == "emb":
        request.getfixturevalue("speakers")
    make, text = {"dcase": ("new_experiment", SOUNDS), "emb": ("new_embedding", SPEAKERS)}[block]
    text = text.replace("EPOCH", f"{epoch * BATCH / 86400:.6f}")
    folders = request.getfixturevalue(make)(tmp_path / "experiment", text)
    warm_up = batches // 4
    words = (DRIVER, warm_up + batches, block, "train", "--cpu", "--to=9999", folders.root, folders.protocol)
    done = subprocess.run(
        [sys.executable, *map(str, words)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    every = (warm_up + batches) // len(seen)
    growing = seen[warm_up // every :]
    slope = 1000 / every * np.polyfit(np.arange(len(growing)), growing, 1)[0]
    print(slope)
    assert slope < MOST
    promise(
        f"The memory of `{block} train` does not grow with batches.",
        f"A line through the memory of {batches} batches, after {warm_up} others, with augmentation, in "
        f"epochs of {epoch}.",
        f"less than {MOST >> 20} MiB in 1000 batches",
    )


@pytest.fixture(scope="module", params=[20, pytest.param(200, marks=pytest.mark.slow)])
def many(request, tmp_path_factory):
    """Folder of a database of so many recordings of 2 s."""
    folder, random = tmp_path_factory.mktemp("many"), np.random.default_rng(0)
    (folder / "audio").mkdir()
    lines = []
    for index in range(request.param):
        soundfile.write(folder / "audio" / f"{index}.wav", random.uniform(-0.5, 0.5, 16000), 8000)
        lines.append(f"SPEAKER {index} 1 0.5 1.0 <NA> <NA> {'ab'[index % 2]} <NA> <NA>\n")
    (folder / "all.rttm").write_text("".join(lines))
    make_database(folder / "audio", folder / "all.rttm", folder / "database")
    return request.param, folder


MORE = 100
"""Files that the process may open, beside those that are open."""


@pytest.fixture
def few_handles():
    """Let this process open `MORE` files, and no more."""
    numbers = {int(path.name) for path in Path("/proc/self/fd").iterdir()}
    free = (number for number in count() if number not in numbers)
    least, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (next(islice(free, MORE, None)), most))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (least, most))


def held(*folders):
    """Files below some folders that are open, or mapped into memory."""
    gc.collect()
    opened = [str(path.readlink()) for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]
    lines = [*opened, *Path("/proc/self/maps").read_text().splitlines()]
    return [line for line in lines if any(str(folder) in line for folder in folders)]


def test_files_do_not_stay_open(many, here, new_experiment, tmp_path, promise, few_handles):
    number, folder = many
    place = {"database": folder / "database" / "database.yml", "cache": folder / "cache"}
    text = SOUNDS.replace("EPOCH", "0.0002")
    text = re.sub(r"regular: .*", "regular: [a, b]", text)
    folders = new_experiment(tmp_path / "experiment", text, "Own.SpeakerDiarization.Protocol")
    for command, where in (
        ("train", ["--to=2", folders.root]),
        ("validate", [folders.train]),
        ("apply", ["--subset=train", folders.validate]),
    ):
        result = here("dcase", command, "--cpu", "--parallel=2", *where, folders.protocol, **place)
        assert result.code == 0, (command, result.err)
        assert not held(folder, tmp_path), command
    promise(
        "No file stays open, and none stays mapped into memory.",
        f"`train` (which computes features), `validate` and `apply`, where {MORE} more files may be open.",
        f"{number} files, 0 handles and 0 maps left",
    )
