"""Measure how much longer a training takes than the model's own forward, backward and update.

Peer: the same model and optimizer on the same batches, which lie ready in memory. Both arms take turns.

Usage: training_speed.py [options]

  --architecture=NAME  Dcase or Crnn [default: Dcase].
  --batches=N          Batches of each arm in a round [default: 100].
  --rounds=N           Rounds; medians are printed [default: 5].
  --augmented          With the augmentation and the averaging of weights of the tutorial's config.yml.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import Any

import docopt
import numpy as np
import torch
from common import CLASSES, synthetic_files, synthetic_pack

from pyannote.audio.config.registry import build
from pyannote.audio.config.schema import load_config
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.core.windows import DAY
from pyannote.audio.labeling.tasks.dcase import Dcase as DcaseTask
from pyannote.audio.models.crnn import Crnn
from pyannote.audio.models.dcase import Dcase
from pyannote.audio.train.callbacks.weight_averaging import WeightAveraging
from pyannote.audio.train.optimizers.sgd import SGD
from pyannote.audio.train.schedulers.constant_scheduler import ConstantScheduler
from pyannote.audio.train.trainer import Trainer

CONFIG = Path(__file__).parents[2] / "tutorials" / "models" / "dcase" / "config.yml"


def model_alone(trainer: Trainer, batches: list[dict[str, torch.Tensor]]) -> float:
    """Seconds of forward, backward and update on batches that lie ready."""
    trainer.model.train()
    started = time.perf_counter()
    for batch in batches:
        loss = trainer.task.loss(trainer.model(batch), batch["targets"])
        trainer.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        trainer.optimizer.step()
    return time.perf_counter() - started


def from_tutorial() -> tuple[list[Any], WeightAveraging]:
    """Augmentations and averaging that the tutorial's configuration names."""
    config = load_config(CONFIG)
    augmentations = [build("data_augmentation", block, config.document) for block in config.data_augmentation]
    averaging = [build("callbacks", block, config.document) for block in config.callbacks]
    return augmentations, next(one for one in averaging if isinstance(one, WeightAveraging))


def main() -> None:
    """Print the ratio for batches of 32 and of 256 chunks."""
    arguments = docopt.docopt(__doc__)
    count, rounds = int(arguments["--batches"]), int(arguments["--rounds"])
    architecture = {"Dcase": Dcase, "Crnn": Crnn}[arguments["--architecture"]]
    specifications = Specifications("Dcase", {"X": 40, "long_term": 40}, tuple(CLASSES), 2.0, 0.01, 44100)
    files = synthetic_files(16, 60.0, CLASSES)
    pack = synthetic_pack(files, 40)
    print(
        f"{arguments['--architecture']}, {torch.get_num_threads()} threads, {count} batches, {rounds} rounds"
    )
    for size in (32, 256):
        task = DcaseTask({"regular": CLASSES}, batch_size=size, per_epoch=count * size * 2.0 / DAY)
        task.prepare(files, pack, specifications)
        model = architecture(specifications)
        model.set_statistics(task.statistics())
        optimizer = SGD()(model.parameters(), 0.01)
        augmentations, averaging = from_tutorial() if arguments["--augmented"] else ([], None)
        trainer = Trainer(model, task, optimizer, ConstantScheduler(0.01), augmentations, averaging=averaging)
        ready = [
            {**batch, "targets": task.targets(batch["y"], model.resolution)}
            for batch in task.batches(1, seed=0)
        ]
        seconds: dict[str, list[float]] = {"train": [], "alone": []}
        for epoch in range(rounds + 1):
            alone = model_alone(trainer, ready)
            train = trainer.epoch(epoch + 1).seconds
            # the first round warms up
            if epoch:
                seconds["alone"].append(alone)
                seconds["train"].append(train)
        ratios = np.divide(seconds["train"], seconds["alone"])
        print(
            f"batch {size}: {count * size / statistics.median(seconds['train']):.0f} samples/s; "
            f"training / model alone: {np.median(ratios):.3f} (from {ratios.min():.3f} to {ratios.max():.3f})"
        )


if __name__ == "__main__":
    main()
