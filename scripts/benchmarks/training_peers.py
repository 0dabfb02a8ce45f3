"""How does the training loop compare with those of others?

Each is compared with the model alone: forward, backward and update on batches that lie ready in memory. In
the first table, all train the network Dcase with one optimizer, one loss and one synthetic training set of
16 min: this project; a plain loop over a `DataLoader` of PyTorch, whose data set cuts one chunk for each
sample; and `fit` of Lightning's trainer, over the same `DataLoader` and over batches that lie ready, without
validation, checkpoints, records or a bar. In the second table, pyannote.audio 4 trains its own network
PyanNet on its task VoiceActivityDetection, likewise; beside it is Crnn of this project with as many recurrent
layers and units, two bidirectional ones of 128, on the same files.

This project is charged with whole epochs. The clock of the others starts at the end of their first step, so
that setting up and starting workers is free. Goal: 1.1, and less than any peer.

Usage: training_peers.py [options]

  --batches=N        Batches of 32 of each arm in a round; a third as many of 256 [default: 60].
  --rounds=N         Rounds; medians are printed [default: 5].
  --steps=N          Batches of 32 of each arm in a round in the second table [default: 8].
  --pyannote=PYTHON  Python of an environment where pyannote.audio 4 is installed. Without it, that which the
                     environment variable PYANNOTE_AUDIO_4 names; without both, it is not measured.
"""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import docopt
import numpy as np
import torch
from common import CLASSES, median, ratio, synthetic_files, synthetic_pack, table, timed, turns
from numpy.typing import NDArray
from pyannote.core import Segment
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from pyannote.audio.core.specifications import Specifications
from pyannote.audio.core.windows import DAY
from pyannote.audio.database.corpora.annotated_file import AnnotatedFile
from pyannote.audio.database.corpora.writing import write_database
from pyannote.audio.database.protocols import Recording
from pyannote.audio.database.synthetic.street import write_wav
from pyannote.audio.features.librosa_mel_spectrogram import LibrosaMelSpectrogram
from pyannote.audio.io.lines import AnnotatedEvent
from pyannote.audio.labeling.tasks.dcase import Dcase as DcaseTask
from pyannote.audio.labeling.tasks.multilabel_detection import MultilabelDetection
from pyannote.audio.models.crnn import Crnn
from pyannote.audio.models.dcase import Dcase
from pyannote.audio.store.feature_store import FeatureStore
from pyannote.audio.store.packs import Pack
from pyannote.audio.train.optimizers.sgd import SGD
from pyannote.audio.train.schedulers.constant_scheduler import ConstantScheduler
from pyannote.audio.train.trainer import Trainer

Batch = dict[str, Tensor]
Seconds = dict[str, NDArray[np.float64]]

GOAL = 1.1
RATE = 16000
OUR_DRAWING, THEIR_DRAWING = "drawing, ours", "drawing, DataLoader"
NOT_MEASURED = (
    "pyannote.audio 4 was not measured. To measure it, install it into an environment of its own, and name "
    "the Python of that with `--pyannote=PYTHON` or the environment variable `PYANNOTE_AUDIO_4`."
)


class Chunks(Dataset[Batch]):
    """Chunks at random places of a training set, each cut when it is asked for."""

    def __init__(self, task: DcaseTask, files: Sequence[Recording], pack: Pack, count: int) -> None:
        self.features = torch.from_numpy(pack.data)
        self.long_term = torch.from_numpy(pack.long_term)
        parts = [
            task.labels.raster(file["events"] or (), int(last - first), 0.01)
            for file, (first, last) in zip(files, pairwise(pack.offsets), strict=True)
        ]
        self.activity = torch.from_numpy(np.concatenate(parts)).float()
        self.frames = round(task.duration / 0.01)
        random = np.random.default_rng(0)
        self.files = random.integers(len(files), size=count)
        lengths = np.diff(pack.offsets)[self.files] - self.frames
        self.starts = pack.offsets[self.files] + (random.random(count) * lengths).astype(int)

    def __len__(self) -> int:
        """Count the chunks."""
        return len(self.starts)

    def __getitem__(self, index: int) -> Batch:
        """Features, long-term vector and activity of a chunk."""
        chunk = slice(self.starts[index], self.starts[index] + self.frames)
        return {
            "X": self.features[chunk],
            "long_term": self.long_term[self.files[index]],
            "y": self.activity[chunk],
        }


@dataclass
class Learner:
    """A copy of a model, with an optimizer and a task: what each arm trains."""

    trainer: Trainer

    def loss(self, batch: Batch) -> Tensor:
        """Loss of a batch, with its targets, or with activity that they are made of."""
        task: Any = self.trainer.task
        outputs = self.trainer.model(batch)
        ready = batch.get("targets")
        targets = task.targets(batch["y"], self.trainer.model.resolution) if ready is None else ready
        loss: Tensor = task.loss(outputs, targets)
        return loss

    def learn(self, batches: Iterable[Batch]) -> Iterator[float]:
        """Forward, backward and update; gives the time after each."""
        self.trainer.model.train()
        for batch in batches:
            loss = self.loss(batch)
            self.trainer.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            self.trainer.optimizer.step()
            yield time.perf_counter()


def learner_of(trainer: Trainer) -> Learner:
    """Copy of what a trainer trains."""
    model = copy.deepcopy(trainer.model)
    return Learner(Trainer(model, trainer.task, SGD()(model.parameters(), 0.01), ConstantScheduler(0.01)))


def alone(learner: Learner, ready: Sequence[Batch]) -> float:
    """Seconds of a step on batches that lie ready."""
    return timed(lambda: list(learner.learn(ready))) / len(ready)


def plain(learner: Learner, loader: DataLoader[Batch]) -> float:
    """Seconds of a step of a plain loop, from the end of the first one on."""
    ends = list(learner.learn(loader))
    return (ends[-1] - ends[0]) / (len(ends) - 1)


def ours(trainer: Trainer) -> float:
    """Seconds of a step of our loop: those of an epoch, over its batches."""
    return trainer.epoch(1).seconds / trainer.task.batches_per_epoch


def with_targets(trainer: Trainer) -> list[Batch]:
    """Batches of an epoch, with targets, for the model alone."""
    task: Any = trainer.task
    return [
        {**batch, "targets": task.targets(batch["y"], trainer.model.resolution)}
        for batch in task.batches(1, seed=0)
    ]


def arms_of(size: int, count: int) -> dict[str, Callable[[], float]]:
    """What is compared in the first table: the model alone, our loop and those of others."""
    specifications = Specifications("Dcase", {"X": 40, "long_term": 40}, tuple(CLASSES), 2.0, 0.01, 44100)
    files = synthetic_files(16, 60.0, CLASSES)
    pack = synthetic_pack(files, 40)
    task = DcaseTask({"regular": CLASSES}, batch_size=size, per_epoch=count * size * 2.0 / DAY)
    task.prepare(files, pack, specifications)
    model = Dcase(specifications)
    model.set_statistics(task.statistics())
    trainer = Trainer(model, task, SGD()(model.parameters(), 0.01), ConstantScheduler(0.01))
    ready, chunks = with_targets(trainer), Chunks(task, files, pack, size * count)
    loaders = {
        f"{workers or 'no'} workers": DataLoader(chunks, size, shuffle=True, num_workers=workers)
        for workers in (0, 2)
    }
    arms: dict[str, Callable[[], float]] = {
        "alone": partial(alone, learner_of(trainer), ready),
        "ours": partial(ours, trainer),
        OUR_DRAWING: lambda: timed(lambda: list(task.batches(1, seed=0))) / count,
        THEIR_DRAWING: lambda: timed(lambda: list(loaders["no workers"])) / count,
    }
    for name, loader in loaders.items():
        arms[f"plain loop, {name}"] = partial(plain, learner_of(trainer), loader)
    try:
        import peer_lightning
    except ImportError:
        return arms
    lying = DataLoader(ready, batch_size=None)
    for name, batches in {**loaders, "batches that lie ready": lying}.items():
        learner = learner_of(trainer)
        module = peer_lightning.Learner(learner.trainer.model, learner.loss, learner.trainer.optimizer)
        arms[f"Lightning, {name}"] = partial(peer_lightning.step_of_fit, module, count, batches)
    return arms


def on_one_network(batches: int, rounds: int) -> str:
    """Make the first table."""
    seconds: dict[int, Seconds] = {}
    for size, count in {32: batches, 256: max(2, batches // 3)}.items():
        print(f"batches of {size} ...", file=sys.stderr, flush=True)
        seconds[size] = turns(arms_of(size, count), rounds)
    header = ["what", "goal"]
    for size in seconds:
        header += [f"batch {size}: time / model alone", "beside the model, a step", "samples/s"]
    rows = [
        [
            {"alone": "the model alone", "ours": "**this project**"}.get(name, name),
            GOAL if name == "ours" else "",
            *(cell for size, arms in seconds.items() for cell in figures(arms[name], arms["alone"], size)),
        ]
        for name in seconds[32]
        if name not in (OUR_DRAWING, THEIR_DRAWING)
    ]
    if not any("Lightning" in name for name in seconds[32]):
        rows.append(["Lightning: not installed (`pip install lightning`)", *[""] * 7])
    notes = [
        f"Of a step of {size}, drawing the batch takes {1000 * median(arms[OUR_DRAWING]):.2f} ms here, and "
        f"{1000 * median(arms[THEIR_DRAWING]):.2f} ms in a `DataLoader` without workers."
        for size, arms in seconds.items()
    ]
    return f"{table(header, rows)}\n\n{' '.join(notes)}"


def figures(spent: NDArray[np.float64], alone: NDArray[np.float64], size: int) -> list[str]:
    """Ratio, milliseconds of a step beside the model, and samples a second."""
    if spent is alone:
        return ["1", "", f"{size / median(spent):,.0f}"]
    beside = 1000 * median(spent - alone)
    return [ratio(spent, alone), f"{beside:.2f} ms", f"{size / median(spent):,.0f}"]


def noise_files(folder: Path) -> list[Recording]:
    """Recordings of noise, 16 of 60 s, with annotation that says when somebody speaks."""
    random = np.random.default_rng(0)
    files = synthetic_files(16, 60.0, ["speech"])
    for file in files:
        file["audio"] = folder / f"{file['uri']}.wav"
        write_wav(file["audio"], 0.1 * random.standard_normal(60 * RATE), RATE, "PCM_16")
    return files


def database_of(files: Sequence[Recording], folder: Path) -> Path:
    """Write these recordings as a protocol of pyannote.database."""
    annotated = [
        AnnotatedFile(file["uri"], file["audio"], file["duration"], events_of(file)) for file in files
    ]
    return write_database(
        folder / "database", "Peers", annotated, {"Protocol": {"train": [file["uri"] for file in files]}}
    )


def events_of(file: Recording) -> list[AnnotatedEvent]:
    """Events of a recording, as they are written."""
    return [
        AnnotatedEvent(file["uri"], Segment(onset, offset), label, file["audio"], line)
        for line, (onset, offset, label) in enumerate(file["events"] or ())
    ]


def ours_on_files(files: Sequence[Recording], folder: Path, steps: int, rounds: int) -> tuple[Seconds, float]:
    """Seconds of a step of our loop and of its model alone, and those that the features have taken."""
    extraction = LibrosaMelSpectrogram(RATE, n_mels=40)
    started = time.perf_counter()
    pack = FeatureStore(extraction, folder).pack(files)
    featured = time.perf_counter() - started
    task = MultilabelDetection({"regular": ["speech"]}, per_epoch=steps * 32 * 2.0 / DAY)
    specifications = task.specifications(extraction)
    task.prepare(files, pack, specifications)
    model = Crnn(specifications, recurrent=128, layers=2)
    model.set_statistics(task.statistics())
    trainer = Trainer(model, task, SGD()(model.parameters(), 0.01), ConstantScheduler(0.01))
    arms = {
        "alone": partial(alone, learner_of(trainer), with_targets(trainer)),
        "ours": partial(ours, trainer),
    }
    return turns(arms, rounds), featured


def pyannote_on_files(python: str, database: Path, steps: int, rounds: int) -> tuple[Seconds, str]:
    """Seconds of a step of pyannote.audio 4, and its version."""
    # its packages share names with ours, which PYTHONPATH would show it first
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    script = Path(__file__).with_name("peer_pyannote.py")
    numbers = map(str, (steps, rounds, 32, torch.get_num_threads()))
    done = subprocess.run(
        [python, script, database, *numbers], stdout=subprocess.PIPE, text=True, env=environment
    )
    if done.returncode:
        raise SystemExit(f"{python} {script.name} has failed with status {done.returncode}.")
    answer = json.loads(done.stdout.splitlines()[-1])
    seconds = {name: np.array(spent) for name, spent in answer["seconds"].items()}
    return seconds, f"pyannote.audio {answer['version']} with PyTorch {answer['torch']}"


def on_their_networks(python: str | None, steps: int, rounds: int) -> str:
    """Make the second table, and say what is beside it."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        files = noise_files(folder)
        print("our own network on files ...", file=sys.stderr, flush=True)
        arms, featured = ours_on_files(files, folder / "features", steps, rounds)
        rows = [["**this project**, Crnn", GOAL, *figures(arms["ours"], arms["alone"], 32)]]
        version = ""
        if python:
            print("pyannote.audio 4 ...", file=sys.stderr, flush=True)
            peers, version = pyannote_on_files(python, database_of(files, folder), steps, rounds)
            rows += [
                [f"pyannote.audio 4, {name}", "", *figures(spent, peers["alone"], 32)]
                for name, spent in peers.items()
                if name != "alone"
            ]
    header = ["what", "goal", "batch 32: time / its own model alone", "beside the model, a step", "samples/s"]
    notes = [
        "The networks differ, and so do their samples a second.",
        f"Features of the 16 files took this project {featured:.1f} s, once, which is not in the table.",
        f"Measured: {version}." if python else NOT_MEASURED,
    ]
    return f"{table(header, rows)}\n\n{' '.join(notes)}"


def main() -> None:
    """Print both tables."""
    arguments = docopt.docopt(__doc__)
    batches, rounds, steps = (int(arguments[name]) for name in ("--batches", "--rounds", "--steps"))
    print(on_one_network(batches, rounds), end="\n\n", flush=True)
    python = arguments["--pyannote"] or os.environ.get("PYANNOTE_AUDIO_4")
    print(on_their_networks(python, steps, rounds))


if __name__ == "__main__":
    main()
