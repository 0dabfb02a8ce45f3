"""How many samples a second does a GPU train on, and how much of the time is it busy?

Limit: the model's own forward, backward and update in the same numbers, not recorded, on batches that lie
ready on the device; both arms take turns. Goal: 1.1 times that. Features lie on the device, where batches are
drawn and augmented. "graphs" are steps that are recorded as a CUDA graph, which `train` does by itself in
detection; they are measured beside the model that is launched kernel by kernel.

"busy" is the sum of the times of all kernels, as torch's profiler reports them, by the wall time of as many
steps without the profiler. Below 1, the processor that launches kernels limits, not the GPU; kernels that run
side by side come to more than 1.

The second table is of features: of one minute that lies in memory, to frames in memory, on the device and by
NumPy on one core.

Usage: gpu_speed.py [options]

  --device=NAME  cuda or cpu; on a CPU, nothing is told of a GPU [default: cuda].
  --sizes=LIST   Chunks of a batch [default: 32,256,4096].
  --models=LIST  Any of Dcase, Crnn, XVector [default: Dcase,Crnn,XVector].
  --arms=LIST    Any of float32, augmented, graphs, augmented-graphs, mixed, compiled, mixed-compiled, each on
                 top of the plain network; augmented is with the augmentation and averaging of the tutorial
                 (default: all).
  --seconds=S    Time for each arm of a round, about [default: 0.1].
  --rounds=N     Rounds; medians are printed [default: 5].
  --limit=S      Rows that would begin after so many seconds are left out, and named [default: 300].
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import docopt
import numpy as np
import torch
from common import CLASSES, NOT_HERE, interleaved, median, ratio, synthetic_files, synthetic_pack, table
from torch import Tensor

from pyannote.audio.augmentation.chunk_mixing import ChunkMixing
from pyannote.audio.augmentation.frequency_shift import FrequencyShift
from pyannote.audio.augmentation.random_equalization import RandomEqualization
from pyannote.audio.augmentation.time_stretch import TimeStretch
from pyannote.audio.core.errors import ToolkitError
from pyannote.audio.core.outputs import Output
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.core.windows import DAY
from pyannote.audio.embedding.approaches._speaker_segments import SpeakerSegments
from pyannote.audio.embedding.approaches.additive_angular_margin_loss import AdditiveAngularMarginLoss
from pyannote.audio.features.frames import FrameReader
from pyannote.audio.features.librosa_mel_spectrogram import LibrosaMelSpectrogram
from pyannote.audio.features.librosa_mfcc import LibrosaMFCC
from pyannote.audio.labeling.tasks.dcase import Dcase as DcaseTask
from pyannote.audio.models.crnn import Crnn
from pyannote.audio.models.dcase import Dcase
from pyannote.audio.models.x_vector import XVector
from pyannote.audio.store.packs import Pack
from pyannote.audio.train.acceleration import Acceleration
from pyannote.audio.train.callbacks.weight_averaging import WeightAveraging
from pyannote.audio.train.optimizers.adam import Adam
from pyannote.audio.train.schedulers.constant_scheduler import ConstantScheduler
from pyannote.audio.train.trainer import Trainer

PROFILED = 50
"""Most steps that are profiled."""

SPEAKERS = 150


ARMS = {
    "float32": Acceleration(),
    "augmented": Acceleration(),
    "graphs": Acceleration(graphs=True),
    "augmented-graphs": Acceleration(graphs=True),
    "mixed": Acceleration(mixed=True),
    "compiled": Acceleration(compiled=True),
    "mixed-compiled": Acceleration(mixed=True, compiled=True),
}


class Loop:
    """A training, and the same model alone.

    Parameters
    ----------
    name : str
        Model.
    size : int
        Chunks of a batch.
    arm : str
        One of `ARMS`.
    device : torch.device
        Where all of it happens.
    """

    def __init__(self, name: str, size: int, arm: str, device: torch.device) -> None:
        self.size, self.device, self.epoch = size, device, 0
        self.task, specifications = embedding(size, device) if name == "XVector" else detection(size, device)
        torch.manual_seed(0)
        model: Any = MODELS[name](specifications)
        model.set_statistics(self.task.statistics())
        if name == "XVector":
            self.task.head = self.task.make_head(model.dimension, SPEAKERS).to(device)
        model.to(device)
        parameters = [*model.parameters(), *self.task.head.parameters()]
        augmented = arm.startswith("augmented")
        mixing = [] if name == "XVector" else [ChunkMixing(share=0.5, gain=0)]
        stretch = [] if name == "XVector" else [TimeStretch(0.25)]
        self.trainer = Trainer(
            model=model,
            task=self.task,
            optimizer=Adam()(parameters, 0.001),
            scheduler=ConstantScheduler(0.001),
            augmentations=[*stretch, RandomEqualization(6, 3), *mixing, FrequencyShift(3)] * augmented,
            device=device,
            averaging=WeightAveraging(0.998) if augmented else None,
            acceleration=ARMS[arm],
        )

    def set_steps(self, steps: int) -> None:
        """Set the length of an epoch."""
        chunk = 2.0 * self.size
        self.task.per_epoch = steps * chunk / DAY
        assert self.task.batches_per_epoch == steps

    def train(self) -> None:
        """Train for an epoch; reading its loss waits for the device."""
        self.epoch += 1
        self.trainer.epoch(self.epoch)

    def alone(self, ready: list[dict[str, Tensor]]) -> None:
        """Forward, backward and update on batches that lie ready."""
        trainer = self.trainer
        trainer.model.train()
        for batch in ready:
            loss = self.task.loss(trainer._forward(batch), batch["targets"])
            trainer.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            trainer.optimizer.step()
        float(loss.detach())

    def ready(self, count: int) -> list[dict[str, Tensor]]:
        """Batches that lie ready, few of them, again and again."""
        drawn = []
        for _, batch in zip(range(min(count, 4)), self.task.batches(0, 0), strict=False):
            targets = self.task.targets(batch["y"], self.trainer.model.resolution)
            drawn.append({**batch, "targets": targets})
        return [drawn[index % len(drawn)] for index in range(count)]


def detection(size: int, device: torch.device) -> tuple[Any, Specifications]:
    """Task of `dcase`, ready to draw batches on a device."""
    specifications = Specifications("Dcase", {"X": 40, "long_term": 40}, tuple(CLASSES), 2.0, 0.01, 44100)
    files = synthetic_files(16, 60.0, CLASSES)
    task = DcaseTask({"regular": CLASSES}, batch_size=size, target="share", per_epoch=4 * size * 2.0 / DAY)
    task.prepare(files, moved(synthetic_pack(files, 40), device), specifications)
    return task, specifications


def embedding(size: int, device: torch.device) -> tuple[Any, Specifications]:
    """Approach to embedding, ready to draw batches of one segment of each speaker, or of more."""
    files = synthetic_files(SPEAKERS, 10.0, [])
    for index, file in enumerate(files):
        file["events"] = [(0.0, 10.0, f"speaker{index:03d}")]
    speakers = min(size, 128)
    task = AdditiveAngularMarginLoss(
        segments=SpeakerSegments(duration=2.0, per_fold=speakers, per_label=size // speakers)
    )
    task.per_epoch = 4 * size * 2.0 / DAY
    task.check(files)
    inputs = {"X": 64}
    specifications = Specifications(
        "Approach",
        inputs,
        tuple(f"speaker{n:03d}" for n in range(SPEAKERS)),
        2.0,
        0.01,
        16000,
        Output("vector"),
    )
    task.prepare(files, moved(synthetic_pack(files, 64), device), specifications)
    return task, specifications


def moved(pack: Pack, device: torch.device) -> Pack:
    """A pack on a device, as `train` moves it."""
    return pack.to(device)


MODELS: dict[str, Callable[[Specifications], Any]] = {"Dcase": Dcase, "Crnn": Crnn, "XVector": XVector}


def busy(loop: Loop, steps: int, seconds: float) -> str:
    """Share of the time of so many steps in which kernels run."""
    if loop.device.type != "cuda":
        return "no GPU"
    from torch.profiler import ProfilerActivity, profile

    count = min(steps, PROFILED)
    loop.set_steps(count)
    with profile(activities=[ProfilerActivity.CUDA]) as profiler:
        loop.train()
        torch.cuda.synchronize()
    kernels = sum(event.self_device_time_total for event in profiler.key_averages()) / 1e6
    return f"{100 * kernels / (seconds * count / steps):.0f} %"


def row(name: str, size: int, arm: str, device: torch.device, seconds: float, rounds: int) -> list[Any]:
    """A row of the table."""
    loop = Loop(name, size, arm, device)
    # compiling and recording take place here
    loop.set_steps(5)
    loop.train()
    loop.alone(loop.ready(3))
    started = time.perf_counter()
    loop.train()
    steps = max(3, min(1000, round(3 * seconds / (time.perf_counter() - started))))
    loop.set_steps(steps)
    ready = loop.ready(steps)
    arms = interleaved({"train": loop.train, "alone": lambda: loop.alone(ready)}, rounds)
    spent = median(arms["train"])
    return [
        name,
        size,
        arm,
        f"{steps * size / spent:,.0f}",
        f"{1000 * spent / steps:.2f} ms",
        "1.10",
        ratio(arms["train"], arms["alone"]),
        busy(loop, steps, spent),
    ]


def features(device: torch.device, rounds: int) -> list[list[Any]]:
    """Rows of the table of features."""
    rows = []
    for extraction in (LibrosaMelSpectrogram(44100, n_mels=40), LibrosaMFCC()):
        noise = np.random.default_rng(0).standard_normal(60 * extraction.sample_rate).astype(np.float32)
        file = {"waveform": 0.1 * noise, "sample_rate": extraction.sample_rate}
        arms = interleaved(
            {
                "device": lambda one=extraction, file=file: read(one.open_on(file, device)),
                "numpy": lambda one=extraction, file=file: read(one.open(file)),
            },
            rounds,
            warmup=2,
        )
        speed = 60 / median(arms["device"])
        rows.append([type(extraction).__name__, f"{speed:,.0f} x", ratio(arms["numpy"], arms["device"])])
    return rows


def read(reader: FrameReader) -> None:
    """Compute all frames."""
    for _ in reader.pieces(8192):
        pass


def main() -> None:
    """Print a row for each model, arm and size."""
    given = docopt.docopt(__doc__)
    device, rounds = torch.device(given["--device"]), int(given["--rounds"])
    if device.type == "cuda" and not torch.cuda.is_available():
        print("There is no GPU on this machine.", file=sys.stderr)
        raise SystemExit(NOT_HERE)
    started, rows, left_out = time.perf_counter(), [], []
    # the plain rows first: compiling takes longest
    for arm in (given["--arms"] or ",".join(ARMS)).split(","):
        for name in given["--models"].split(","):
            for size in map(int, given["--sizes"].split(",")):
                if time.perf_counter() - started > float(given["--limit"]):
                    left_out.append(f"{name} {size} {arm}")
                    continue
                try:
                    rows.append(row(name, size, arm, device, float(given["--seconds"]), rounds))
                except (RuntimeError, ToolkitError, torch._dynamo.exc.TorchDynamoException) as error:
                    rows.append(
                        [name, size, arm, "", "", "1.10", f"failed: {str(error).splitlines()[0]}", ""]
                    )
                print(rows[-1], f"{time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True)
                torch.compiler.reset()
    header = [
        "model",
        "batch",
        "computed in",
        "samples/s",
        "step",
        "goal",
        "training / model alone",
        "GPU busy",
    ]
    print(table(header, rows))
    print()
    print(table(["features", "real time", "NumPy on one core / device"], features(device, rounds)))
    if left_out:
        print(f"\nLeft out for want of time: {', '.join(left_out)}.")


if __name__ == "__main__":
    main()
