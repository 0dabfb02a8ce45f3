"""What a network is shown is the same to the last bit, however many threads and processes draw it."""

import importlib
import inspect

import numpy as np
import pytest
import torch

from pyannote.audio.augmentation.add_noise import AddNoise
from pyannote.audio.augmentation.mixup import Mixup
from pyannote.audio.augmentation.time_frequency_masking import TimeFrequencyMasking
from pyannote.audio.config.registry import available
from pyannote.audio.core.ranks import Rank
from pyannote.audio.embedding.approaches._speaker_segments import SpeakerSegments
from pyannote.audio.features.librosa_mfcc import LibrosaMFCC
from pyannote.audio.models.dcase import Dcase
from pyannote.audio.models.x_vector import XVector
from pyannote.audio.store.feature_store import FeatureStore
from pyannote.audio.train.optimizers.sgd import SGD
from pyannote.audio.train.schedulers.constant_scheduler import ConstantScheduler
from pyannote.audio.train.single_process import SingleProcess
from pyannote.audio.train.trainer import Trainer

RATE, SECONDS, EPOCHS = 8000, 3.0, 2

FEW = [(2, 1, 1), (1, 2, 2)]
"""Files read at once, batches drawn ahead (by a thread), and processes, to be compared with (1, 0, 1)."""

ALL = [*FEW, (2, 0, 1), (1, 2, 1), (2, 2, 1), (1, 0, 2), (2, 1, 2), (1, 1, 3)]

TASKS = available("task")
LABELS = {"regular": ["a", "b"], "ignore": [f"speaker{index}" for index in range(5)]}
APPROACHES = available("approach")


class Part(SingleProcess):
    """One of several processes, whose outputs stand for those of the others, too."""

    def __init__(self, rank):
        self.rank = rank

    @property
    def position(self):
        return (self.rank.rank, self.rank.size)

    def gather(self, outputs, count):
        return outputs[torch.arange(count) % len(outputs)]


def recordings():
    """Recordings of five speakers, or of two kinds of sounds."""
    random = np.random.default_rng(0)
    return [
        {
            "uri": str(index),
            "database": "D",
            "waveform": random.normal(size=round(SECONDS * RATE)).astype(np.float32),
            "sample_rate": RATE,
            "duration": SECONDS,
            "regions": [(0.0, SECONDS)],
            "events": [(0.2, 1.7, "ab"[index % 2]), (1.0, 2.8, f"speaker{index}")],
        }
        for index in range(5)
    ]


def task_of(name):
    """Two to five batches an epoch."""
    kinds = TASKS if name in TASKS else APPROACHES
    make = getattr(importlib.import_module(kinds[name]), name)
    if name in TASKS:
        needed = {"labels_spec": LABELS} if "labels_spec" in inspect.signature(make).parameters else {}
        short = {"span": 0.1} if "span" in inspect.signature(make).parameters else {}
        return make(**needed, **short, duration=0.5, batch_size=7, per_epoch=2e-4)
    return make(
        segments=SpeakerSegments(
            min_duration=0.3, max_duration=0.6, per_fold=4, per_label=2, per_epoch=1.5e-4
        )
    )


def network_of(task, specifications):
    torch.manual_seed(0)
    if type(task).__name__ in TASKS:
        return Dcase(specifications, channels=4, hidden=4, pooling=(2, 2, 1, 1))
    model = XVector(specifications, channels=[4] * 5, dimension=4)
    task.head = task.make_head(model.dimension, len(specifications.classes))
    return model


def shown(name, mixed, folder, parallel, ahead, ranks):
    """Inputs and truth of each step of some epochs; features are changed, too, or not."""
    files, extraction, task = recordings(), LibrosaMFCC(sample_rate=RATE), task_of(name)
    task.check(files)
    noise = AddNoise(probability=0.7)
    noise.prepare([np.random.default_rng(1).normal(size=RATE).astype(np.float32)], RATE)
    pack = FeatureStore(extraction, folder, parallel).pack(files, [noise])
    specifications = task.specifications(extraction)
    task.prepare(files, pack, specifications)
    model = network_of(task, specifications)
    model.set_statistics(task.statistics())
    steps = []

    def note(module, arguments):
        (batch,) = arguments
        steps.append({key: value.clone() for key, value in batch.items()})

    model.register_forward_pre_hook(note)
    augmentations = [TimeFrequencyMasking(), Mixup()] if name in TASKS else [TimeFrequencyMasking()]
    trainer = Trainer(
        model,
        task,
        SGD()([*model.parameters(), *task.head.parameters()], 0.0),
        ConstantScheduler(0.01),
        augmentations=augmentations if mixed else [],
        seed=3,
        prefetch=ahead,
        ranks=ranks,
    )
    list(trainer.epochs(1, EPOCHS))
    return steps


def joined(parts):
    """Rows of all processes, one process after the other; the truth, which all have, is that of the first."""
    return [
        {key: step[0][key] if key == "y" else torch.cat([own[key] for own in step]) for key in step[0]}
        for step in zip(*parts, strict=True)
    ]


def content(steps):
    return [{key: (value.shape, value.numpy().tobytes()) for key, value in step.items()} for step in steps]


@pytest.mark.parametrize("ways", [FEW, pytest.param(ALL, marks=pytest.mark.slow)], ids=["few", "all"])
@pytest.mark.parametrize("mixed", [False, True], ids=["waveforms", "features"])
@pytest.mark.parametrize("name", [*TASKS, *APPROACHES])
def test_the_same_samples_in_all_ways(name, mixed, ways, tmp_path, promise):
    expected = content(shown(name, mixed, tmp_path / "1", 1, 0, SingleProcess()))
    assert len(expected) > EPOCHS and expected[0] != expected[len(expected) // EPOCHS]
    for parallel, ahead, size in ways:
        ranks = [Part(Rank(rank, size)) for rank in range(size)]
        parts = [shown(name, mixed, tmp_path / str(parallel), parallel, ahead, rank) for rank in ranks]
        assert content(joined(parts)) == expected, (parallel, ahead, size)
    promise(
        "A network is shown the same samples, whoever draws them.",
        f"Inputs and truth of each step, with noise{' and changed features' * mixed}, 1 or 2 files read at "
        "once, 0, 1 or 2 batches drawn ahead by a thread, and 1 process or more.",
        f"{name}: {len(expected)} batches in {len(ways)} other ways, 0 bytes differ",
    )
