"""How much longer is a training of embeddings than the model's own forward, backward and update?

Peer: the same model and optimizer on the same batches, which lie ready in memory, with the mean squared
distance to fixed vectors for a loss. Both arms take turns, on waveforms of noise that are made here. What the
loss takes, triplets included, is measured by itself, on embeddings that lie ready. Goal: 1.1.

Usage: embedding_speed.py [options]

  --setups=NAMES  Any of "clopi_net", "clopi_net noise" and "x_vector noise", separated by commas
                  (default: all).
  --threads=LIST  Numbers of torch threads [default: 1,2].
  --steps=N       Steps of each arm in a round (default: 3 of ClopiNet, 16 of the x-vector).
  --rounds=N      Rounds; medians are printed [default: 5].
  --prefetch=N       Batches of augmented waveforms that are drawn ahead, as by `train` [default: 2].
  --float32       Never multiply in bfloat16.
"""

from __future__ import annotations

import copy
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import docopt
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from pyannote.audio.augmentation.add_noise import AddNoise
from pyannote.audio.core.windows import DAY
from pyannote.audio.embedding.approaches._speaker_segments import SpeakerSegments
from pyannote.audio.embedding.approaches.additive_angular_margin_loss import AdditiveAngularMarginLoss
from pyannote.audio.embedding.approaches.base import Approach
from pyannote.audio.embedding.approaches.triplet_loss import TripletLoss
from pyannote.audio.features.base import FeatureExtraction
from pyannote.audio.features.librosa_mel_spectrogram import LibrosaMelSpectrogram
from pyannote.audio.features.librosa_mfcc import LibrosaMFCC
from pyannote.audio.models.clopi_net import ClopiNet
from pyannote.audio.models.x_vector import XVector
from pyannote.audio.store.feature_store import FeatureStore
from pyannote.audio.train.allocator import tune_allocator
from pyannote.audio.train.optimizers.adam_w import AdamW
from pyannote.audio.train.optimizers.sgd import SGD
from pyannote.audio.train.schedulers.constant_scheduler import ConstantScheduler
from pyannote.audio.train.trainer import Trainer

SPEAKERS, SECONDS, RATE = 150, 10.0, 16000

Batches = list[dict[str, Tensor]]


@dataclass(frozen=True)
class Setup:
    """What is trained, each part still to be made."""

    extraction: Callable[[], FeatureExtraction]
    model: Callable[..., nn.Module]
    approach: Callable[..., Approach]
    optimizer: Callable[..., torch.optim.Optimizer]
    augmentations: Callable[[], list[AddNoise]]
    steps: int


SEED = Setup(
    extraction=LibrosaMFCC,
    model=ClopiNet,
    approach=partial(TripletLoss, "cosine", "sigmoid", 0.0, "all"),
    optimizer=SGD(),
    augmentations=list,
    steps=3,
)
SETUPS = {
    "clopi_net": SEED,
    "clopi_net noise": Setup(
        **{**vars(SEED), "augmentations": lambda: [AddNoise(snr_min=10, snr_max=20)]},
    ),
    "x_vector noise": Setup(
        extraction=partial(LibrosaMelSpectrogram, n_mels=64),
        model=partial(
            XVector,
            channels=[128, 128, 128, 128, 256],
            dimension=128,
            instance_normalize=False,
            normalize=False,
        ),
        approach=lambda: AdditiveAngularMarginLoss(
            segments=SpeakerSegments(duration=2.0, per_fold=64, per_label=1)
        ),
        optimizer=AdamW(weight_decay=0.01),
        augmentations=lambda: [AddNoise(snr_min=5, snr_max=20, probability=0.6)],
        steps=16,
    ),
}


def waves(count: int, seconds: float, seed: int) -> list[NDArray[np.float32]]:
    """Waveforms of white noise."""
    random = np.random.default_rng(seed)
    return [0.1 * random.standard_normal(int(seconds * RATE), dtype=np.float32) for _ in range(count)]


def trainer_of(setup: Setup, steps: int, ahead: int, folder: Path) -> Trainer:
    """What `train` makes of a configuration."""
    extraction = setup.extraction()
    files: list[Any] = [
        {
            "uri": str(index),
            "waveform": waveform,
            "sample_rate": RATE,
            "duration": SECONDS,
            "events": [(0.0, SECONDS, f"speaker{index:03d}")],
        }
        for index, waveform in enumerate(waves(SPEAKERS, SECONDS, seed=0))
    ]
    augmentations = setup.augmentations()
    for augmentation in augmentations:
        augmentation.prepare(waves(20, 60.0, seed=1), RATE)
    approach = setup.approach()
    approach.per_epoch = steps * approach.batch_seconds / DAY
    approach.check(files)
    specifications = approach.specifications(extraction)
    approach.prepare(files, FeatureStore(extraction, folder).pack(files, augmentations), specifications)
    model: Any = setup.model(specifications)
    model.set_statistics(approach.statistics())
    approach.head = approach.make_head(model.dimension, len(specifications.classes))
    parameters = [*model.parameters(), *approach.head.parameters()]
    optimizer, scheduler = setup.optimizer(parameters, 0.001), ConstantScheduler(0.001)
    return Trainer(model, approach, optimizer, scheduler, prefetch=ahead if augmentations else 0)


def timed(work: Callable[..., Any], *arguments: Any) -> float:
    """Seconds that some work takes."""
    started = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - started


def model_alone(
    model: nn.Module, optimizer: torch.optim.Optimizer, batches: Batches, towards: Tensor
) -> None:
    """Forward, backward and update on batches that lie ready."""
    model.train()
    for batch in batches:
        loss = mse_loss(model(batch), towards)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()


def loss_alone(approach: Approach, embeddings: list[Tensor], labels: list[Tensor]) -> None:
    """Forward and backward of the loss on embeddings that lie ready."""
    for one, speakers in zip(embeddings, labels, strict=True):
        approach.loss(one, speakers).backward()


def measure(setup: Setup, steps: int, rounds: int, ahead: int, float32: bool) -> dict[str, list[float]]:
    """Milliseconds of a step in each arm and round."""
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        trainer = trainer_of(setup, steps, ahead, Path(folder))
        approach: Any = trainer.task
        trained: Any = trainer.model
        trained.half_precision = trained.half_precision and not float32
        model = copy.deepcopy(trained)
        optimizer = setup.optimizer(model.parameters(), 0.001)
        seconds: dict[str, list[float]] = {"train": [], "alone": [], "loss": [], "draw": []}
        for epoch in range(rounds + 1):
            ready: Batches = []
            draw = timed(lambda epoch=epoch, ready=ready: ready.extend(approach.batches(epoch, seed=0)))
            labels = [batch["y"] for batch in ready]
            towards = torch.randn(len(labels[0]), model.dimension)
            embeddings = [torch.randn_like(towards).requires_grad_() for _ in ready]
            alone = timed(model_alone, model, optimizer, ready, towards)
            train = timed(trainer.epoch, epoch)
            loss = timed(loss_alone, approach, embeddings, labels)
            # the first round warms up
            if epoch:
                for arm, value in {"train": train, "alone": alone, "loss": loss, "draw": draw}.items():
                    seconds[arm].append(1000 * value / steps)
    return seconds


def main() -> None:
    """Print a row for each setup and number of threads."""
    arguments = docopt.docopt(__doc__)
    names = [name.strip() for name in (arguments["--setups"] or ",".join(SETUPS)).split(",")]
    rounds, ahead = int(arguments["--rounds"]), int(arguments["--ahead"])
    tune_allocator()
    print(
        "| setup | threads | step | model alone | drawing alone | goal | training / model alone | loss "
        "| share of the loss |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for name in names:
        for threads in map(int, arguments["--threads"].split(",")):
            torch.set_num_threads(threads)
            steps = int(arguments["--steps"] or SETUPS[name].steps)
            arms = measure(SETUPS[name], steps, rounds, ahead, arguments["--float32"])
            train, alone, loss, draw = (np.array(arms[arm]) for arm in ("train", "alone", "loss", "draw"))
            ratio = train / alone
            print(
                f"| {name} | {threads} | {np.median(train):.1f} ms | {np.median(alone):.1f} ms "
                f"| {np.median(draw):.1f} ms | 1.10 "
                f"| {np.median(ratio):.3f} ({ratio.min():.3f} to {ratio.max():.3f}) "
                f"| {np.median(loss):.2f} ms | {100 * np.median(loss / train):.2f} % |",
                flush=True,
            )
    print(
        "\nDrawing is that of a batch, augmented and featured, while nothing else is done. One torch thread "
        "leaves the other core to the thread that draws ahead; two leave none, and the step is longer by "
        "what drawing takes."
    )


if __name__ == "__main__":
    main()
