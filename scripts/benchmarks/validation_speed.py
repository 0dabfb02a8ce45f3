"""Measure how long validating an epoch takes, in relation to training it.

Peer: an epoch of the seed's `per_epoch: 1` (43,200 chunks of 2 s) on 12 files of 60 s, in the same run.
Validation: scores of 4 files of 60 s with overlapping chunks, exact thresholds of six classes, selection.

Usage: validation_speed.py [--architecture=NAME] [--rounds=N]

  --architecture=NAME  Dcase or Crnn [default: Dcase].
  --rounds=N           Validations; the median is printed [default: 5].
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import docopt
import torch
from common import CLASSES, synthetic_files, synthetic_pack

from pyannote.audio.core.specifications import Specifications
from pyannote.audio.inference.slide import Slide
from pyannote.audio.labeling.tasks.dcase import Dcase as DcaseTask
from pyannote.audio.models.crnn import Crnn
from pyannote.audio.models.dcase import Dcase
from pyannote.audio.train.optimizers.sgd import SGD
from pyannote.audio.train.schedulers.constant_scheduler import ConstantScheduler
from pyannote.audio.train.trainer import Trainer
from pyannote.audio.validation.detection import DetectionValidation
from pyannote.audio.validation.records import Records
from pyannote.audio.validation.reference import Reference
from pyannote.audio.validation.selection import Criterion


def main() -> None:
    """Print both times and their ratio."""
    arguments = docopt.docopt(__doc__)
    architecture = {"Dcase": Dcase, "Crnn": Crnn}[arguments["--architecture"]]
    specifications = Specifications("Dcase", {"X": 40, "long_term": 40}, tuple(CLASSES), 2.0, 0.01, 44100)
    files = synthetic_files(12, 60.0, CLASSES)
    task = DcaseTask({"regular": CLASSES}, per_epoch=1)
    task.prepare(files, synthetic_pack(files, 40), specifications)
    model = architecture(specifications)
    model.set_statistics(task.statistics())
    trainer = Trainer(model, task, SGD()(model.parameters(), 0.01), ConstantScheduler(0.01))
    training = trainer.epoch(1).seconds

    development = synthetic_files(4, 60.0, CLASSES, seed=1)
    pack = synthetic_pack(development, 40, seed=1)
    slide = Slide(model, specifications.frames)
    inputs = [
        {"X": pack.data[first:last], "long_term": pack.long_term[index]}
        for index, (first, last) in enumerate(zip(pack.offsets[:-1], pack.offsets[1:], strict=True))
    ]
    outputs = [-(-len(one["X"]) // model.resolution) for one in inputs]
    reference = Reference(development, task.labels, 0.01 * model.resolution, outputs)
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        validation = DetectionValidation(reference, Records(Path(folder), {}), Criterion())
        for epoch in range(1, int(arguments["--rounds"]) + 2):
            started = time.perf_counter()
            validation.add(epoch, lambda: [slide(one) for one in inputs])
            validation.selection()
            seconds.append(time.perf_counter() - started)
    median = statistics.median(seconds[1:])
    print(f"{arguments['--architecture']}, {torch.get_num_threads()} threads")
    print(
        f"training an epoch: {training:.1f} s; validating it: {median:.3f} s; ratio {median / training:.4f}"
    )


if __name__ == "__main__":
    main()
