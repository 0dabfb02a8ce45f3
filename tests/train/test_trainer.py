"""The training loop: against a loop written out, and resumed without a trace."""

import copy
import itertools

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from pyannote.audio.augmentation.base import TrainingFrames
from pyannote.audio.augmentation.mixup import Mixup
from pyannote.audio.augmentation.time_frequency_masking import TimeFrequencyMasking
from pyannote.audio.core.errors import DataError
from pyannote.audio.core.randomness import generator, torch_seed
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.io.checkpoint import Checkpoints
from pyannote.audio.models.dcase import Dcase
from pyannote.audio.train.callbacks.weight_averaging import WeightAveraging
from pyannote.audio.train.optimizers.adam import Adam
from pyannote.audio.train.optimizers.adam_w import AdamW
from pyannote.audio.train.optimizers.sgd import SGD
from pyannote.audio.train.schedulers.constant_scheduler import ConstantScheduler
from pyannote.audio.train.schedulers.cosine_scheduler import CosineScheduler
from pyannote.audio.train.schedulers.cyclic_scheduler import CyclicScheduler
from pyannote.audio.train.schedulers.davis_king import DavisKing
from pyannote.audio.train.schedulers.one_cycle_scheduler import OneCycleScheduler
from pyannote.audio.train.trainer import Trainer

SPECS = Specifications("Dcase", {"X": 6, "long_term": 6}, ("a", "b"), 0.3, 0.01, 16000)


class Synthetic:
    """Chunks whose classes are the signs of two of their bands."""

    batches_per_epoch = 4

    def __init__(self):
        self.head = nn.Identity()

    def measures(self):
        return {}

    def training_frames(self):
        return TrainingFrames(torch.zeros(3, 6), torch.ones(3, 2), [0, 3], 0.01)

    def batches(self, epoch, seed, rank=None):
        for index in range(self.batches_per_epoch):
            random = generator(seed, epoch, index, 99)
            features = torch.from_numpy(random.normal(size=(8, 24, 6)).astype(np.float32))
            features[:, :, :2] += 2 * torch.from_numpy(random.choice([-1, 1], size=(8, 1, 2)))
            yield {"X": features, "long_term": features.mean(dim=1), "y": (features[:, :, :2] > 0).float()}

    def targets(self, activity, resolution):
        outputs = activity.shape[1] // resolution
        return activity.reshape(len(activity), outputs, resolution, -1).mean(dim=2)

    def loss(self, logits, targets):
        return binary_cross_entropy_with_logits(logits, targets)


OPTIMIZERS = {"SGD": SGD(), "Adam": Adam(), "AdamW": AdamW()}
SCHEDULERS = {
    "constant": lambda: ConstantScheduler(0.05),
    "cyclic": lambda: CyclicScheduler(learning_rate=0.05, epochs_per_cycle=1.7),
    "davis king": lambda: DavisKing(learning_rate=0.05, patience=3, factor=0.5),
    "cosine": lambda: CosineScheduler(learning_rate=0.05),
    "one cycle": lambda: OneCycleScheduler(learning_rate=0.05, epochs=4),
}


def trainer_of(optimizer="SGD", scheduler="constant", averaging=False, seed=0, weights=1, augment=True):
    torch.manual_seed(weights)
    model = Dcase(SPECS, channels=4, hidden=6, pooling=(2, 2, 1, 1), batch_normalize=True)
    rate = SCHEDULERS[scheduler]()
    rate.plan(6)
    return Trainer(
        model=model,
        task=Synthetic(),
        optimizer=OPTIMIZERS[optimizer](model.parameters(), rate.learning_rate),
        scheduler=rate,
        augmentations=[TimeFrequencyMasking(), Mixup()] if augment else [],
        seed=seed,
        averaging=WeightAveraging(0.9) if averaging else None,
    )


def equal(one, other):
    """Whether two states are the same to the last bit."""
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(equal, one, other))
    return one == other


@pytest.mark.parametrize(
    ("optimizer", "scheduler", "averaging"), list(itertools.product(OPTIMIZERS, SCHEDULERS, [False, True]))
)
def test_resumed_training_equals_an_uninterrupted_one_to_the_last_bit(
    tmp_path, optimizer, scheduler, averaging
):
    checkpoints = Checkpoints(tmp_path)
    whole = trainer_of(optimizer, scheduler, averaging)
    losses = {}
    for report in whole.epochs(1, 6):
        losses[report.epoch] = report.loss
        if report.epoch in (2, 5):
            checkpoints.save(report.epoch, whole.weights(), whole.state_dict())
    for cut in (2, 5):
        torch.manual_seed(12345)
        torch.randn(7)
        resumed = trainer_of(optimizer, scheduler, averaging, weights=cut)
        resumed.load_state_dict(checkpoints.load_state(cut), checkpoints.load_weights(cut))
        assert {report.epoch: report.loss for report in resumed.epochs(cut + 1, 6)} == {
            epoch: losses[epoch] for epoch in range(cut + 1, 7)
        }
        assert equal(resumed.weights(), whole.weights())
        assert equal(resumed.state_dict(), whole.state_dict())


def test_augmentations_know_epoch_plan_and_training_files():
    told = []

    class Noted(Mixup):
        def begin(self, training, epoch, planned):
            told.append((len(training.frames), epoch, planned))

    trainer = trainer_of(scheduler="cosine")
    trainer.augmentations = [Mixup(), Noted()]
    for _ in trainer.epochs(4, 6):
        pass
    assert told == [(3, 4, 6), (3, 5, 6), (3, 6, 6)]


def test_one_epoch_is_the_loop_written_out():
    trainer = trainer_of(augment=False)
    model = copy.deepcopy(trainer.model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, nesterov=True, fused=True)
    report = trainer.epoch(3)
    task, losses = Synthetic(), []
    torch.manual_seed(torch_seed(0, 3))
    model.train()
    for batch in task.batches(3, 0):
        loss = task.loss(model(batch), task.targets(batch["y"], model.resolution))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert equal(trainer.weights(), dict(model.state_dict()))
    assert report.loss == pytest.approx(np.mean(losses))
    assert (report.epoch, report.samples, report.learning_rate) == (3, 32, 0.05)
    assert report.outputs.shape == report.targets.shape == (8, 6, 2) and not report.outputs.requires_grad
    assert report.features.shape == (8, 24, 6) and report.seconds > 0


def test_it_learns():
    trainer = trainer_of("Adam", augment=False)
    losses = [report.loss for report in trainer.epochs(1, 30)]
    assert losses[-1] < 0.6 * losses[0]


def test_seeds_and_epochs_differ_and_repeat():
    losses = {(seed, epoch): trainer_of(seed=seed).epoch(epoch).loss for seed in (0, 1) for epoch in (1, 2)}
    assert len(set(losses.values())) == 4
    assert trainer_of(seed=1).epoch(2).loss == losses[1, 2]


def test_what_is_drawn_elsewhere_changes_nothing():
    one, other = trainer_of(), trainer_of()
    one.epoch(1)
    torch.randn(100)
    np.random.default_rng().random(10)
    other.epoch(1)
    torch.randn(3)
    assert one.epoch(2).loss == other.epoch(2).loss


def test_averaged_weights_are_given_and_trained_ones_go_on():
    plain, averaged = trainer_of(), trainer_of(averaging=True)
    for epoch in (1, 2):
        assert plain.epoch(epoch).loss == averaged.epoch(epoch).loss
    assert equal(dict(plain.model.state_dict()), dict(averaged.model.state_dict()))
    assert not torch.equal(plain.weights()["output.0.weight"], averaged.weights()["output.0.weight"])


def test_scheduler_sees_steps_since_the_start_of_training():
    class Recorder(ConstantScheduler):
        def rate(self, step, steps_per_epoch):
            seen.append((step, steps_per_epoch))
            return 0.1 / (1 + step)

    seen = []
    trainer = trainer_of()
    trainer.scheduler = Recorder()
    report = trainer.epoch(3)
    assert seen == [(8, 4), (9, 4), (10, 4), (11, 4)]
    assert report.learning_rate == 0.1 / 12


def test_epochs_without_end_and_none_left():
    trainer = trainer_of()
    assert [report.epoch for report in itertools.islice(trainer.epochs(1, None), 3)] == [1, 2, 3]
    assert list(trainer.epochs(4, 3)) == []


def test_progress_is_told_of_each_batch():
    told = []

    def progress(items, *, total, description):
        for index, item in enumerate(items):
            told.append((index, total, description))
            yield item

    trainer_of().epoch(2, progress)
    assert told == [(index, 4, "Epoch 2") for index in range(4)]


def test_a_loss_that_is_no_number_ends_training_with_a_sentence():
    trainer = trainer_of()
    with torch.no_grad():
        next(trainer.model.parameters()).fill_(float("nan"))
    with pytest.raises(DataError, match=r"loss of epoch 7 is nan.*smaller learning_rate"):
        trainer.epoch(7)


def test_any_module_with_a_resolution_can_be_trained():
    class Plain(nn.Module):
        resolution = 3

        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(6, 2)

        def forward(self, batch):
            return self.layer(batch["X"].reshape(len(batch["X"]), -1, 3, 6).mean(dim=2))

    model = Plain()
    optimizer = SGD()(model.parameters(), 0.1)
    report = Trainer(model, Synthetic(), optimizer, ConstantScheduler(0.1)).epoch(1)
    assert report.outputs.shape == (8, 8, 2)
