"""The rate that a range test suggests, whatever its curve; a sweep ends in time and leaves no trace."""

import copy
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from pyannote.audio.core.randomness import generator
from pyannote.audio.train.callbacks.weight_averaging import WeightAveraging
from pyannote.audio.train.optimizers.adam import Adam
from pyannote.audio.train.optimizers.adam_w import AdamW
from pyannote.audio.train.optimizers.sgd import SGD
from pyannote.audio.train.range_test import DEFAULT_RATE, restored_afterwards, smoothed, suggest, sweep
from pyannote.audio.train.schedulers.constant_scheduler import ConstantScheduler
from pyannote.audio.train.schedulers.cyclic_scheduler import CyclicScheduler
from pyannote.audio.train.schedulers.davis_king import DavisKing
from pyannote.audio.train.trainer import Trainer

RATES = np.geomspace(1e-6, 10, 101)


def falling(where, to=1.0, noise=0.0, seed=0):
    """Loss of 3 that falls to a level within the decade around a rate, and stays there."""
    curve = np.interp(np.log10(RATES / where), [-0.5, 0.5], [3.0, to])
    return curve + noise * np.random.default_rng(seed).normal(size=len(RATES))


@pytest.mark.parametrize("where", [1e-4, 1e-3, 1e-2, 0.1])
@pytest.mark.parametrize("noise", [0.0, 0.05, 0.3])
def test_the_loss_has_almost_stopped_falling(where, noise):
    for seed in range(10):
        assert where / 2 < suggest(RATES, falling(where, noise=noise, seed=seed)) < 5 * where


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("shift", [-10.0, 0.0, 10.0])
def test_unit_and_level_of_the_loss_do_not_matter(scale, shift):
    losses = falling(0.01, noise=0.1)
    assert suggest(RATES, scale * losses + shift) == pytest.approx(suggest(RATES, losses))


def test_a_rate_scales_with_the_rates():
    losses = falling(1e-3)
    assert suggest(RATES / 7, losses) == pytest.approx(suggest(RATES, losses) / 7)


@pytest.mark.parametrize("end", [math.nan, math.inf, -math.inf, 1e300])
def test_what_follows_a_loss_that_is_no_number_does_not_matter(end):
    losses = falling(1e-3)
    whole = suggest(RATES[:80], losses[:80])
    losses[80:] = np.random.default_rng(0).normal(size=21)
    losses[80] = end
    assert suggest(RATES, losses) == whole


def test_one_wild_batch_does_not_matter():
    losses = falling(1e-3)
    expected = suggest(RATES, losses)
    losses[20] = -1000.0
    losses[40] = 1000.0
    assert suggest(RATES, losses) == pytest.approx(expected, rel=0.2)


def test_the_answer_stays_below_what_ended_the_sweep():
    losses = falling(0.01)
    (count,) = np.flatnonzero(RATES < 0.02)[-1:] + 1
    assert suggest(RATES[:count], losses[:count]) == RATES[count - 1] / 10


@pytest.mark.parametrize(
    ("losses", "expected"),
    [
        ([], DEFAULT_RATE),
        (np.full(101, 2.0), DEFAULT_RATE),
        (np.zeros(101), DEFAULT_RATE),
        (np.full(101, np.nan), DEFAULT_RATE),
        (np.full(101, np.inf), DEFAULT_RATE),
        (np.geomspace(1, 1e9, 101), DEFAULT_RATE),
        ([0.7], 1e-7),
        ([0.7, 0.6], RATES[1] / 10),
    ],
    ids=["none", "flat", "zero", "nan", "infinite", "rising", "one", "two"],
)
def test_a_curve_that_says_nothing_gives_the_default(losses, expected):
    assert suggest(RATES[: len(losses)], losses) == pytest.approx(expected)


def test_noise_is_seldom_taken_for_a_fall():
    random = np.random.default_rng(0)
    assert np.mean([suggest(RATES, random.normal(size=101)) == DEFAULT_RATE for _ in range(300)]) > 0.85


@given(
    st.lists(
        st.tuples(st.floats(), st.floats() | st.sampled_from([0.0, 1.0, 1e99, -1e99, 5e-324])), max_size=130
    )
)
def test_there_is_always_a_positive_finite_rate(points):
    rates, losses = [rate for rate, _ in points], [loss for _, loss in points]
    assert 0 < suggest(rates, losses) < math.inf


@given(st.lists(st.floats(-1e6, 1e6) | st.sampled_from([math.nan, math.inf]), max_size=101))
def test_the_rate_lies_in_the_sweep(losses):
    assert 1e-7 <= suggest(RATES[: len(losses)], losses) <= 1.0


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=120))
def test_smoothing_stays_within_the_losses(losses):
    curve = smoothed(losses)
    assert len(curve) == len(losses)
    assert min(losses) - 1e-3 <= curve.min() and curve.max() <= max(losses) + 1e-3


@pytest.mark.parametrize("steps", [0, 1, 2, 50])
def test_a_sweep_rises_geometrically(steps):
    asked, told = [], []

    def progress(items, *, total, description):
        told.append((total, description))
        yield from items

    found = sweep(lambda rate: asked.append(rate) or 1.0, steps, progress)
    assert list(found.rates) == asked and found.losses == (1.0,) * steps
    assert np.allclose(asked, np.geomspace(1e-6, 10, steps))
    assert told == [(steps, "Learning rate range test")]


@pytest.mark.parametrize(
    ("loss", "last"),
    [
        (lambda rate: math.nan if rate > 0.01 else 1.0, 0.012),
        (lambda rate: math.inf if rate > 0.01 else 1.0, 0.012),
        (lambda rate: 1 + rate, 5.0),
        (lambda rate: 0.0, 10.0),
        (lambda rate: 0.0 if rate < 1e-4 else 1.0, 10.0),
    ],
)
def test_a_sweep_ends_when_the_loss_diverges(loss, last):
    found = sweep(loss, steps=100)
    assert found.rates[-1] == pytest.approx(last, rel=0.25)


# within a training


class Line(nn.Module):
    """Something to train with weights, batch statistics, and dropout."""

    resolution = 1

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.BatchNorm1d(4), nn.Dropout(0.2), nn.Linear(4, 3))

    def forward(self, batch):
        return self.layers(batch["X"])


class Points:
    """Points whose sign is that of a plane; the head learns an offset, and counts its batches."""

    batches_per_epoch = 3

    def __init__(self):
        self.head = nn.BatchNorm1d(3)
        self.drawn, self.watched = [], 0

    def batches(self, epoch, seed, rank=None):
        for index in range(self.batches_per_epoch):
            self.drawn.append((epoch, index))
            points = torch.from_numpy(generator(seed, epoch, index).normal(size=(16, 4)).astype(np.float32))
            yield {"X": points, "y": (points[:, :3] > points[:, 1:]).float()}

    def targets(self, truth, resolution):
        return truth

    def loss(self, outputs, targets):
        self.watched += 1
        return nn.functional.binary_cross_entropy_with_logits(self.head(outputs), targets)

    def measures(self):
        watched, self.watched = self.watched, 0
        return {"watched": float(watched)}


def drop_first_point(batch, random):
    return {name: value[1:] for name, value in batch.items()}


def trainer_of(scheduler, optimizer=None, seed=0):
    torch.manual_seed(7)
    model, task = Line(), Points()
    task.head.train()
    parameters = [*model.parameters(), *task.head.parameters()]
    made = (optimizer or SGD())(parameters, 0.0)
    return Trainer(model, task, made, scheduler, [drop_first_point], seed, averaging=WeightAveraging(0.5))


def state_of(trainer):
    """All that a training could carry on."""
    buffers = {
        "model": trainer.model.state_dict(),
        "head": trainer.task.head.state_dict(),
        "optimizer": trainer.optimizer.state_dict(),
        "averaging": trainer.averaging.state_dict(),
        "average": trainer.averaging.average,
        "random": torch.get_rng_state(),
        "gradients": [parameter.grad for parameter in trainer.model.parameters()],
    }
    return copy.deepcopy(buffers)


def equal(one, other):
    """Whether two states are the same to the last bit."""
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(equal, one, other))
    return one == other


OPTIMIZERS = [SGD(), Adam(), AdamW()]


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda optimizer: type(optimizer).__name__)
@pytest.mark.parametrize("epochs", [0, 1], ids=["fresh", "trained"])
def test_a_range_test_leaves_no_trace_but_the_rate(optimizer, epochs):
    trainer = trainer_of(CyclicScheduler(learning_rate=0.01), optimizer)
    list(trainer.epochs(1, epochs))
    trainer.optimizer.zero_grad(set_to_none=True)
    trainer.scheduler = CyclicScheduler()
    before = state_of(trainer)
    found = trainer.find_learning_rate()
    assert equal(state_of(trainer), before)
    assert trainer.scheduler.learning_rate == found.chosen
    assert trainer.task.measures() == {"watched": 0.0}
    assert len(found.rates) > 50 and min(found.losses) < 0.9 * found.losses[0]


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda optimizer: type(optimizer).__name__)
@pytest.mark.parametrize("kind", [CyclicScheduler, ConstantScheduler, DavisKing])
def test_training_with_auto_is_training_with_the_rate_that_was_found(kind, optimizer):
    auto = trainer_of(kind(learning_rate="auto"), optimizer)
    rate = auto.find_learning_rate().chosen
    given = trainer_of(kind(learning_rate=rate), optimizer)
    assert given.find_learning_rate() is None
    one, other = ([report.loss for report in trainer.epochs(1, 3)] for trainer in (auto, given))
    assert one == other
    assert equal(state_of(auto), state_of(given))


def test_resuming_keeps_the_rate(tmp_path):
    whole = trainer_of(CyclicScheduler())
    whole.find_learning_rate()
    list(whole.epochs(1, 2))
    torch.save({"state": whole.state_dict(), "weights": whole.weights()}, tmp_path / "epoch.pt")
    list(whole.epochs(3, 4))
    saved = torch.load(tmp_path / "epoch.pt", weights_only=True)
    resumed = trainer_of(CyclicScheduler())
    resumed.load_state_dict(saved["state"], saved["weights"])
    assert resumed.find_learning_rate() is None
    list(resumed.epochs(3, 4))
    assert equal(resumed.state_dict(), whole.state_dict())
    assert equal(dict(resumed.weights()), dict(whole.weights()))


def test_it_depends_on_the_seed_alone():
    found = [trainer_of(CyclicScheduler(), seed=seed).find_learning_rate() for seed in (0, 0, 1)]
    assert found[0] == found[1] and found[0].losses != found[2].losses


def test_batches_are_those_of_no_epoch_and_none_comes_twice():
    trainer = trainer_of(CyclicScheduler())
    found = trainer.find_learning_rate(steps=10)
    drawn = trainer.task.drawn
    assert len(found.rates) == len(drawn) == len(set(drawn)) == 10
    assert {epoch for epoch, _ in drawn} == {0, -1, -2, -3}


def test_outputs_that_are_no_numbers_end_it_even_where_the_loss_is_one():
    class Blind(Points):
        def loss(self, outputs, targets):
            return (outputs > 1e9).float().mean() + 0 * self.head.weight.sum()

    trainer = trainer_of(CyclicScheduler())
    trainer.task = Blind()
    with torch.no_grad():
        trainer.model.layers[2].bias.fill_(math.nan)
    found = trainer.find_learning_rate()
    assert len(found.losses) == 1 and math.isnan(found.losses[0]) and found.chosen == DEFAULT_RATE


def test_detection_of_anomalies_does_not_end_it():
    trainer = trainer_of(CyclicScheduler())
    with torch.no_grad():
        trainer.model.layers[2].bias.fill_(math.nan)
    with torch.autograd.set_detect_anomaly(True):
        assert trainer.find_learning_rate().chosen == DEFAULT_RATE
        assert torch.is_anomaly_enabled()


def test_what_fails_within_leaves_no_trace_either():
    trainer = trainer_of(CyclicScheduler())
    before = state_of(trainer)
    with (
        pytest.raises(KeyboardInterrupt),
        restored_afterwards((trainer.model, trainer.task.head), trainer.optimizer, torch.device("cpu")),
    ):
        trainer._step(next(iter(trainer.task.batches(0, 0))), 0, 0)
        torch.randn(3)
        raise KeyboardInterrupt
    assert equal(state_of(trainer), before)
