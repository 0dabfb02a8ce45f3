"""Batches of a thread are those without it, and the thread does not outlive what it is for."""

import itertools
import threading

import numpy as np
import pytest
import torch
from torch import nn

from pyannote.audio.augmentation.add_noise import AddNoise
from pyannote.audio.core.errors import DataError
from pyannote.audio.core.outputs import Output
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.embedding.approaches._speaker_segments import SpeakerSegments
from pyannote.audio.embedding.approaches.additive_angular_margin_loss import AdditiveAngularMarginLoss
from pyannote.audio.embedding.approaches.triplet_loss import TripletLoss
from pyannote.audio.features.librosa_mfcc import LibrosaMFCC
from pyannote.audio.labeling.tasks.dcase import Dcase as DcaseTask
from pyannote.audio.models.dcase import Dcase
from pyannote.audio.models.x_vector import XVector
from pyannote.audio.store.feature_store import FeatureStore
from pyannote.audio.train.optimizers.sgd import SGD
from pyannote.audio.train.prefetch import prefetched
from pyannote.audio.train.schedulers.constant_scheduler import ConstantScheduler
from pyannote.audio.train.schedulers.cyclic_scheduler import CyclicScheduler
from pyannote.audio.train.trainer import Trainer

RATE = 8000


def threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("prefetch")]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 50])
@pytest.mark.parametrize("ahead", [0, 1, 2, 5])
def test_items_come_in_their_order_and_the_thread_ends(count, ahead):
    with prefetched(iter(range(count)), ahead) as items:
        assert list(items) == list(range(count))
    assert not threads()


def test_items_that_count_as_nothing_come_too():
    with prefetched([None, 0, (), StopIteration], size=2) as items:
        assert list(items) == [None, 0, (), StopIteration]


def test_items_are_made_in_one_thread_beside_the_loop():
    seen = []

    def items():
        for index in range(5):
            seen.append(threading.current_thread())
            yield index

    with prefetched(items(), size=2) as ahead:
        list(ahead)
    assert len(set(seen)) == 1 and seen[0] is not threading.current_thread()


def test_no_more_is_made_than_waits():
    made = []

    def items():
        for index in itertools.count():
            made.append(index)
            yield index

    with prefetched(items(), size=2) as ahead:
        for index in range(4):
            assert next(ahead) == index
            assert index < len(made) <= index + 3
    assert len(made) <= 6


def test_errors_are_raised_where_the_item_would_come():
    def items():
        yield 1
        yield 2
        raise DataError("The third is missing.")

    seen = []
    with pytest.raises(DataError, match="third"), prefetched(items(), size=2) as ahead:
        seen.extend(itertools.islice(ahead, 2))
        next(ahead)
    assert seen == [1, 2] and not threads()


@pytest.mark.parametrize("ending", [ValueError, KeyboardInterrupt, SystemExit])
def test_whatever_ends_the_loop_ends_the_thread(ending):
    with pytest.raises(ending), prefetched(itertools.count(), size=2) as ahead:
        for index in ahead:
            if index == 3:
                raise ending
    assert not threads()


def test_a_loop_that_is_left_ends_the_thread():
    with prefetched(itertools.count(), size=2) as ahead:
        assert next(ahead) == 0
    assert not threads()


def speakers(folder, approach):
    """Training of an x-vector on five voices of noise, to which noise is added."""
    random = np.random.default_rng(0)
    files = [
        {
            "uri": str(index),
            "waveform": random.normal(size=2 * RATE),
            "sample_rate": RATE,
            "duration": 2.0,
            "events": [(0.0, 2.0, f"speaker{index}")],
        }
        for index in range(5)
    ]
    noise = AddNoise(probability=0.5)
    noise.prepare([random.normal(size=RATE).astype(np.float32)], RATE)
    extraction = LibrosaMFCC(sample_rate=RATE)
    approach.check(files)
    specifications = approach.specifications(extraction)
    approach.prepare(files, FeatureStore(extraction, folder).pack(files, [noise]), specifications)
    torch.manual_seed(0)
    model = XVector(specifications, channels=[8, 8, 8, 8, 16], dimension=8)
    approach.head = approach.make_head(model.dimension, len(specifications.classes))
    return model, approach


def triplets(folder):
    return speakers(folder, TripletLoss(segments=SpeakerSegments(per_fold=4, per_label=2, per_epoch=1e-4)))


def margins(folder):
    approach = AdditiveAngularMarginLoss(
        segments=SpeakerSegments(per_fold=5, per_label=1, min_duration=0.2, per_epoch=5e-5)
    )
    return speakers(folder, approach)


def sounds(folder):
    """Training of a detector of two events."""
    random = np.random.default_rng(0)
    files = [
        {
            "uri": str(index),
            "waveform": random.normal(size=4 * RATE),
            "sample_rate": RATE,
            "duration": 4.0,
            "regions": [(0.0, 4.0)],
            "events": [(0.5, 2.0, "car"), (1.0 + index, 1.5 + index, "dog")],
        }
        for index in range(2)
    ]
    extraction = LibrosaMFCC(sample_rate=RATE)
    task = DcaseTask({"regular": ["car", "dog"]}, duration=1.0, batch_size=4, per_epoch=2e-4)
    task.check(files)
    specifications = task.specifications(extraction)
    task.prepare(files, FeatureStore(extraction, folder).pack(files, []), specifications)
    torch.manual_seed(0)
    return Dcase(specifications, channels=4, hidden=6, dropout=0.3), task


def trained(make, folder, scheduler, ahead):
    model, task = make(folder)
    model.set_statistics(task.statistics())
    parameters = [*model.parameters(), *task.head.parameters()]
    trainer = Trainer(model, task, SGD()(parameters, 0.01), scheduler, seed=3, prefetch=ahead)
    found = trainer.find_learning_rate(steps=12)
    losses = [report.loss for report in trainer.epochs(1, 2)]
    states = [*model.state_dict().values(), *task.head.state_dict().values()]
    return found, losses, states


@pytest.mark.parametrize("make", [triplets, margins, sounds])
@pytest.mark.parametrize("rate", [0.01, "auto"])
def test_training_is_the_same_to_the_last_bit_with_and_without_the_thread(make, rate, tmp_path):
    (found, losses, states), (expected, same_losses, same_states) = (
        trained(make, tmp_path, CyclicScheduler(learning_rate=rate), ahead) for ahead in (0, 2)
    )
    assert (found is None) == (rate != "auto") and found == expected
    assert losses == same_losses and len(states) == len(same_states)
    assert all(torch.equal(one, other) for one, other in zip(states, same_states, strict=True))
    assert not threads()


class Failing:
    """A task whose batches or whose loss end in an error."""

    head = nn.Identity()
    batches_per_epoch = 4

    def __init__(self, in_batches):
        self.in_batches = in_batches

    def batches(self, epoch, seed, rank=None):
        for index in range(4):
            if self.in_batches and index == 2:
                raise DataError("A waveform is gone.")
            yield {"X": torch.zeros(1, 5, 3), "y": torch.zeros(1, dtype=torch.int64)}

    def targets(self, truth, resolution):
        return truth

    def loss(self, outputs, targets):
        raise KeyboardInterrupt


@pytest.mark.parametrize(("in_batches", "error"), [(True, DataError), (False, KeyboardInterrupt)])
def test_errors_end_an_epoch_and_its_thread(in_batches, error):
    specifications = Specifications("TripletLoss", {"X": 3}, ("a", "b"), 0.1, 0.01, RATE, Output("vector"))
    model = XVector(specifications, channels=[4] * 5, dimension=4, batch_normalize=False)
    task = Failing(in_batches)
    if in_batches:
        task.loss = lambda outputs, targets: outputs.sum()
    trainer = Trainer(model, task, SGD()(model.parameters(), 0.01), ConstantScheduler(0.01), prefetch=2)
    with pytest.raises(error):
        trainer.epoch(1)
    assert not threads()
