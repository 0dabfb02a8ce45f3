"""How long does a second start take?

The features of a training set were computed before; this is the time until the first batch is there.
For the protocol, all that `train` does after its imports counts: configuration, protocol, headers of audio
files, network, features, statistics of the inputs, first batch. Goal: 2 s for 100 files of a minute.

For the store alone, a list of 100,000 recordings of a second (40 bands, 1.6 GB of features) is looked up and
packed, and a batch is gathered. Goals: 5 s, and 500 MB of memory above that after the imports. Recordings and
features are stand-ins that this script writes; index and pack are made by the first start.

Usage: store_start [--files=N] [--indexed=N] [--rounds=N]

  --files=N    Files of the protocol [default: 100].
  --indexed=N  Recordings of the store [default: 100000].
  --rounds=N   Second starts, each in a process of its own [default: 5].
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import docopt
import numpy as np
import soundfile
from common import table

RATE, BANDS, SECONDS, FRAMES = 16000, 40, 60, 100
CONFIG = f"""\
task:
   name: Dcase
   params:
      labels_spec:
         regular: [car, people]
feature_extraction:
   name: LibrosaMelSpectrogram
   params: {{sample_rate: {RATE}, n_mels: {BANDS}}}
architecture:
   name: Dcase
scheduler:
   name: ConstantScheduler
   params: {{learning_rate: 0.01}}
"""
DATABASE = """\
Databases:
  Synthetic: {folder}/audio/{{uri}}.wav
Protocols:
  Synthetic:
    SpeakerDiarization:
      Files:
        scope: global
        train: {{uri: uris.lst, annotation: events.rttm, annotated: regions.uem}}
"""
MEASURED = """\
import json, resource, sys, time
from pathlib import Path
{imports}
def used():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before, started = used(), time.perf_counter()
{work}
print(json.dumps([time.perf_counter() - started, used() - before]))
"""
TRAIN = (
    """\
import torch
from torch.utils import tensorboard
import pyannote.database
from pyannote.audio.applications.options import TrainOptions
from pyannote.audio.applications import train
from pyannote.audio.applications.blocks.base import block
from pyannote.audio.features import librosa_mel_spectrogram
from pyannote.audio.models import dcase
from pyannote.audio.labeling.tasks import dcase as task
""",
    """\
class Enough(Exception): pass
def first(trainer, *arguments, **named):
    next(iter(trainer.task.batches(1, 0)))
    raise Enough
train.Trainer.epochs = first
name = "Synthetic.SpeakerDiarization.Files"
try:
    options = TrainOptions(root=Path(sys.argv[1]) / "experiment", protocol=name, cpu=True, parallel=1)
    train.train(block("dcase"), options)
except Enough:
    pass
""",
)
STORE = (
    """\
import numpy as np, torch
from pyannote.audio.features.librosa_mel_spectrogram import LibrosaMelSpectrogram
from pyannote.audio.store.statistics import mean_and_deviation
from pyannote.audio.store.feature_store import FeatureStore
root = Path(sys.argv[1])
count = int(sys.argv[2])
files = [{"audio": root / "recordings" / f"{index // 1000}" / f"{index}.wav"} for index in range(count)]
""",
    """\
store = FeatureStore(LibrosaMelSpectrogram(sample_rate=16000, n_mels=40), root / "cache")
store.prepare(files)
pack = store.pack(files)
pack.statistics()
random = np.random.default_rng(0)
pack.gather(pack.offsets[random.integers(len(files), size=32)], 100, random)
""",
)


def main() -> None:
    """Print a table."""
    arguments = docopt.docopt(__doc__)
    files, indexed, rounds = (int(arguments[name]) for name in ("--files", "--indexed", "--rounds"))
    rows = []
    with TemporaryDirectory() as name:
        root = Path(name)
        write_protocol(root, files)
        seconds, _ = starts(TRAIN, rounds, root)
        rows.append([f"`train`, {files} files of {SECONDS} s", "2 s", *shown(seconds, "s"), "", ""])
    with TemporaryDirectory() as name:
        root = Path(name)
        write_store(root, indexed)
        seconds, memory = starts(STORE, rounds, root, str(indexed))
        row = [f"store, {indexed:,} recordings of 1 s", "5 s", *shown(seconds, "s"), "500 MB"]
        rows.append([*row, shown(memory, "MB")[0]])
    header = ["what", "goal", "second start", "first start", "goal", "memory of a second start"]
    print(table(header, rows))


def starts(
    script: tuple[str, str], rounds: int, root: Path, *arguments: str
) -> tuple[list[float], list[float]]:
    """Seconds, and megabytes above those after the imports, of a first start and some others."""
    imports, work = script
    command = [sys.executable, "-c", MEASURED.format(imports=imports, work=work), str(root), *arguments]
    variables = {
        "PYANNOTE_DATABASE_CONFIG": str(root / "database.yml"),
        "PYANNOTE_AUDIO_CACHE": str(root / "cache"),
    }
    found = []
    for index in range(1 + rounds):
        print(f"  start {index + 1} of {1 + rounds}", file=sys.stderr, flush=True)
        done = subprocess.run(
            command, stdout=subprocess.PIPE, text=True, check=True, env={**os.environ, **variables}
        )
        found.append(json.loads(done.stdout.splitlines()[-1]))
    return [one[0] for one in found], [one[1] for one in found]


def shown(values: list[float], unit: str) -> tuple[str, str]:
    """Median of the second starts with the lowest and the highest, and the first start."""
    later = np.array(values[1:])
    text = f"{np.median(later):.3g} {unit} ({later.min():.3g} to {later.max():.3g})"
    return text, f"{values[0]:.3g} {unit}"


def write_protocol(root: Path, files: int) -> None:
    """Recordings of noise, with ten events each, and an experiment."""
    random = np.random.default_rng(0)
    (root / "audio").mkdir()
    (root / "experiment").mkdir()
    noise = random.integers(-3000, 3000, SECONDS * RATE, dtype=np.int16)
    uris = [f"file{index}" for index in range(files)]
    lines = []
    for index, uri in enumerate(uris):
        soundfile.write(root / "audio" / f"{uri}.wav", np.roll(noise, index), RATE)
        for onset in random.uniform(0, SECONDS - 5, size=10):
            label = ("car", "people")[index % 2]
            lines.append(f"SPEAKER {uri} 1 {onset:.3f} 2.000 <NA> <NA> {label} <NA> <NA>\n")
    (root / "events.rttm").write_text("".join(lines))
    (root / "uris.lst").write_text("".join(f"{uri}\n" for uri in uris))
    (root / "regions.uem").write_text("".join(f"{uri} 1 0.000 {SECONDS}.000\n" for uri in uris))
    (root / "database.yml").write_text(DATABASE.format(folder=root))
    (root / "experiment" / "config.yml").write_text(CONFIG)


def write_store(root: Path, count: int) -> None:
    """Recordings that hold no more than their number, and features of 100 frames for each."""
    from pyannote.audio.features.librosa_mel_spectrogram import LibrosaMelSpectrogram
    from pyannote.audio.io.arrays import save_pieces
    from pyannote.audio.store.feature_store import FeatureStore

    folder = FeatureStore(LibrosaMelSpectrogram(sample_rate=RATE, n_mels=BANDS), root / "cache").folder
    folder.mkdir(parents=True)
    features = np.random.default_rng(0).standard_normal((FRAMES, BANDS), dtype=np.float32)
    save_pieces(root / "features.npy", [features], features.shape)
    content = (root / "features.npy").read_bytes()
    started = time.perf_counter()
    for index in range(count):
        recording = root / "recordings" / f"{index // 1000}" / f"{index}.wav"
        if index % 1000 == 0:
            recording.parent.mkdir(parents=True)
        recording.write_text(str(index))
        # without the wait of `content_key` for the clock of the file system
        key = sha256(str(index).encode()).hexdigest()[:32]
        (folder / f"{key}.npy").write_bytes(content)
    print(f"  {count} stand-ins in {time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
