"""How much longer is a training than the model's own forward, backward and update?

Peer: the same model and optimizer on the same batches, which lie ready in memory; both arms take turns. The
rows with augmentation add that of the tutorial, and its averaging of weights, to the training alone.
Goal: 1.1.

Usage: training_speed.py [options]

  --models=LIST   Any of Dcase and Crnn [default: Dcase,Crnn].
  --sizes=LIST    Chunks of a batch [default: 32,256].
  --seconds=S     Time of the model alone in a round, about [default: 0.8].
  --rounds=N      Rounds; medians are printed [default: 5].
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import docopt
import torch
from common import CLASSES, interleaved, median, ratio, synthetic_files, synthetic_pack, table, timed

from pyannote.audio.config.registry import build
from pyannote.audio.config.schema import load_config
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.core.windows import DAY
from pyannote.audio.labeling.tasks.dcase import Dcase as DcaseTask
from pyannote.audio.models.crnn import Crnn
from pyannote.audio.models.dcase import Dcase
from pyannote.audio.train.allocator import tune_allocator
from pyannote.audio.train.callbacks.weight_averaging import WeightAveraging
from pyannote.audio.train.epoch_augmentations import begin_epoch
from pyannote.audio.train.optimizers.sgd import SGD
from pyannote.audio.train.schedulers.cosine_scheduler import CosineScheduler
from pyannote.audio.train.trainer import Trainer

CONFIG = Path(__file__).parents[2] / "tutorials" / "models" / "dcase" / "config.yml"
MODELS: dict[str, Any] = {"Dcase": Dcase, "Crnn": Crnn}
SPECIFICATIONS = Specifications("Dcase", {"X": 40, "long_term": 40}, tuple(CLASSES), 2.0, 0.01, 44100)


class Loop:
    """A training, and the same model alone."""

    def __init__(self, name: str, size: int, augmented: bool) -> None:
        files = synthetic_files(16, 60.0, CLASSES)
        self.size, self.epoch = size, 0
        self.task = DcaseTask({"regular": CLASSES}, batch_size=size)
        self.task.prepare(files, synthetic_pack(files, 40), SPECIFICATIONS)
        model = MODELS[name](SPECIFICATIONS)
        model.set_statistics(self.task.statistics())
        augmentations, averaging = from_tutorial() if augmented else ([], None)
        self.trainer = Trainer(
            model,
            self.task,
            SGD()(model.parameters(), 0.01),
            # all epochs lie in the part of the training in which events are pasted
            CosineScheduler(0.01, epochs=10**9, warm_up=0.0),
            augmentations,
            averaging=averaging,
        )
        self.set_steps(2)

    def set_steps(self, steps: int) -> None:
        """Set the length of an epoch, and lay its batches ready."""
        self.task.per_epoch = steps * self.size * 2.0 / DAY
        self.ready = [
            {**batch, "targets": self.task.targets(batch["y"], self.trainer.model.resolution)}
            for batch in self.task.batches(1, seed=0)
        ]

    def train(self) -> None:
        """Train for an epoch."""
        self.epoch += 1
        self.trainer.epoch(self.epoch)

    def alone(self) -> None:
        """Forward, backward and update on batches that lie ready."""
        trainer = self.trainer
        trainer.model.train()
        for batch in self.ready:
            loss = self.task.loss(trainer.model(batch), batch["targets"])
            trainer.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            trainer.optimizer.step()


def from_tutorial() -> tuple[list[Any], WeightAveraging]:
    """Augmentations and averaging that the tutorial's configuration names."""
    config = load_config(CONFIG)
    augmentations = [build("data_augmentation", block, config.document) for block in config.data_augmentation]
    averaging = [build("callbacks", block, config.document) for block in config.callbacks]
    return augmentations, next(one for one in averaging if isinstance(one, WeightAveraging))


def row(name: str, size: int, augmented: bool, seconds: float, rounds: int) -> list[object]:
    """A row of the table."""
    loop = Loop(name, size, augmented)
    loop.alone()
    loop.set_steps(max(3, round(2 * seconds / timed(loop.alone))))
    arms = interleaved({"train": loop.train, "alone": loop.alone}, rounds)
    spent = median(arms["train"])
    samples = f"{len(loop.ready) * size / spent:,.0f}"
    return [name, "yes" if augmented else "no", size, "1.10", ratio(arms["train"], arms["alone"]), samples]


def parts(size: int, rounds: int) -> str:
    """What augmentation adds to a step, part by part."""
    loop = Loop("Dcase", size, augmented=True)
    trainer, batch = loop.trainer, next(iter(loop.task.batches(1, seed=0)))
    begin_epoch(trainer.augmentations, loop.task, 1, trainer.scheduler.planned)
    random = torch.Generator().manual_seed(0)
    steps: dict[str, Any] = {
        type(one).__name__: lambda one=one: [one(batch, random) for _ in range(20)]
        for one in trainer.augmentations
    }
    averaging: Any = trainer.averaging
    steps["averaging of weights"] = lambda: [averaging.update(trainer.model) for _ in range(20)]
    spent = interleaved(steps, rounds)
    listed = ", ".join(f"{name} {1e6 * median(seconds) / 20:.0f}" for name, seconds in spent.items())
    return f"Microseconds of a step of {size} that the tutorial's augmentation takes by itself: {listed}."


def main() -> None:
    """Print a row for each model, with and without augmentation, and size of batches."""
    arguments = docopt.docopt(__doc__)
    seconds, rounds = float(arguments["--seconds"]), int(arguments["--rounds"])
    tune_allocator()
    rows = []
    for name in arguments["--models"].split(","):
        for augmented in (False, True):
            for size in map(int, arguments["--sizes"].split(",")):
                rows.append(row(name, size, augmented, seconds, rounds))
                print(rows[-1], file=sys.stderr)
    print(f"{torch.get_num_threads()} threads.\n")
    print(table(["model", "augmented", "batch", "goal", "training / model alone", "samples/s"], rows))
    print()
    for size in map(int, arguments["--sizes"].split(",")):
        print(parts(size, rounds))


if __name__ == "__main__":
    main()
