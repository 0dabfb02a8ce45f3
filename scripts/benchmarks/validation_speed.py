"""How long does validating an epoch take, in relation to training it?

Peer: an epoch of the seed's `per_epoch: 1` (43,200 chunks of 2 s) on 12 files of 60 s, of which a part is
trained and the rest computed from it. Validation: scores of 4 files of 60 s with overlapping chunks, exact
thresholds of six classes, selection. Goal: 1 % of a training, so that validating each epoch is not felt.

Usage: validation_speed.py [options]

  --share=S   Part of an epoch that is trained in each round [default: 0.05].
  --rounds=N  Rounds; medians are shown [default: 5].
"""

from __future__ import annotations

import tempfile
from functools import partial
from itertools import count, pairwise
from pathlib import Path

import docopt
import numpy as np
from common import CLASSES, interleaved, median, ratio, synthetic_files, synthetic_pack, table

from pyannote.audio.core.specifications import Specifications
from pyannote.audio.inference.slide import Inputs, Slide
from pyannote.audio.labeling.tasks.dcase import Dcase as DcaseTask
from pyannote.audio.models.base import Model
from pyannote.audio.models.crnn import Crnn
from pyannote.audio.models.dcase import Dcase
from pyannote.audio.train.allocator import tune_allocator
from pyannote.audio.train.optimizers.sgd import SGD
from pyannote.audio.train.schedulers.constant_scheduler import ConstantScheduler
from pyannote.audio.train.trainer import Trainer
from pyannote.audio.validation.criterion import Criterion
from pyannote.audio.validation.detection import Detection
from pyannote.audio.validation.records import Records
from pyannote.audio.validation.reference import Reference

SPECIFICATIONS = Specifications("Dcase", {"X": 40, "long_term": 40}, tuple(CLASSES), 2.0, 0.01, 44100)


def trainer_of(model: Model, share: float) -> Trainer:
    """Trainer whose epochs are a part of those of the seed."""
    files = synthetic_files(12, 60.0, CLASSES)
    task = DcaseTask({"regular": CLASSES}, per_epoch=share)
    task.prepare(files, synthetic_pack(files, 40), SPECIFICATIONS)
    model.set_statistics(task.statistics())
    return Trainer(model, task, SGD()(model.parameters(), 0.01), ConstantScheduler(0.01))


def validation_of(model: Model) -> tuple[Detection, list[Inputs]]:
    """Validation of four files, and their inputs."""
    files = synthetic_files(4, 60.0, CLASSES, seed=1)
    pack = synthetic_pack(files, 40, seed=1)
    inputs = [
        {"X": pack.data[first:last], "long_term": pack.long_term[index]}
        for index, (first, last) in enumerate(pairwise(pack.offsets))
    ]
    outputs = [-(-len(one["X"]) // model.resolution) for one in inputs]
    labels = DcaseTask({"regular": CLASSES}).labels
    events = [labels.events(file["events"] or ()) for file in files]
    reference = Reference(files, labels.classes, events, 0.01 * model.resolution, outputs)
    return Detection(None, None, lambda: inputs, reference, {}, "", Criterion()), inputs


def row(architecture: type[Dcase] | type[Crnn], share: float, rounds: int, folder: Path) -> list[str]:
    """Time both."""
    model = architecture(SPECIFICATIONS)
    trainer = trainer_of(model, share)
    validation, inputs = validation_of(model)
    records = Records(folder, {})
    slide, epochs = Slide(model, SPECIFICATIONS.frames), count(1)

    def validate() -> None:
        epoch, scores = next(epochs), np.concatenate([slide(one) for one in inputs])
        records.save(epoch, [scores])
        validation.add(epoch, scores)
        validation.selection()

    spent = interleaved({"train": partial(_train, trainer, count(1)), "validate": validate}, rounds)
    training = spent["train"] / share
    return [
        architecture.__name__,
        "1 %",
        f"{ratio(100 * spent['validate'], training)} %",
        f"{1000 * median(spent['validate']):.0f} ms, {median(training):.1f} s",
    ]


def _train(trainer: Trainer, epochs: count[int]) -> None:
    trainer.epoch(next(epochs))


def main() -> None:
    """Print the table."""
    arguments = docopt.docopt(__doc__)
    tune_allocator()  # as `validate` does
    rows = []
    for architecture in (Dcase, Crnn):
        with tempfile.TemporaryDirectory() as folder:
            rows.append(
                row(architecture, float(arguments["--share"]), int(arguments["--rounds"]), Path(folder))
            )
    print(table(["network", "goal", "validation, in relation to training", "both"], rows))


if __name__ == "__main__":
    main()
