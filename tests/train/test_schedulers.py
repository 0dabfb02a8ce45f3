"""Learning rates by hand, and DavisKing against Monte Carlo."""

import numpy as np
import pytest
import torch
from scipy.stats import linregress

from pyannote.audio.core.errors import ConfigError, UsageError
from pyannote.audio.train.schedulers.constant_scheduler import ConstantScheduler
from pyannote.audio.train.schedulers.cosine_scheduler import CosineScheduler
from pyannote.audio.train.schedulers.cyclic_scheduler import CyclicScheduler
from pyannote.audio.train.schedulers.davis_king import DavisKing, _probability_of_decrease
from pyannote.audio.train.schedulers.one_cycle_scheduler import OneCycleScheduler


def optimizer_of(kind, **arguments):
    return kind([torch.nn.Parameter(torch.zeros(1))], lr=1.0, **arguments)


def test_constant_rate_reaches_the_optimizer():
    optimizer = optimizer_of(torch.optim.SGD)
    assert ConstantScheduler(0.03).apply(optimizer, 5, 10) == 0.03
    assert optimizer.param_groups[0]["lr"] == 0.03


@pytest.mark.parametrize("epochs", [0.5, 1, 3])
def test_cycle_goes_from_smallest_to_largest_and_back(epochs):
    steps = 40
    scheduler = CyclicScheduler(learning_rate=0.2, epochs_per_cycle=epochs, ratio=0.05)
    cycle = int(epochs * steps)
    rates = [scheduler.rate(step, steps) for step in range(3 * cycle)]
    expected = np.interp(np.arange(3 * cycle) % cycle, [0, cycle / 2, cycle], [0.01, 0.2, 0.01])
    assert np.allclose(rates, expected)


@pytest.mark.parametrize(
    ("kind", "arguments", "read"),
    [
        (torch.optim.SGD, {"momentum": 0.9}, lambda group: group["momentum"]),
        (torch.optim.Adam, {}, lambda group: group["betas"][0]),
        (torch.optim.AdamW, {}, lambda group: group["betas"][0]),
    ],
)
def test_momentum_cycles_the_other_way(kind, arguments, read):
    optimizer = optimizer_of(kind, **arguments)
    scheduler = CyclicScheduler(learning_rate=0.2, epochs_per_cycle=2, momentum=(0.8, 0.9))
    found = []
    for step in (0, 5, 10, 15, 20):
        scheduler.apply(optimizer, step, steps_per_epoch=10)
        found.append(read(optimizer.param_groups[0]))
    assert np.allclose(found, [0.9, 0.85, 0.8, 0.85, 0.9])


@pytest.mark.parametrize("seed", range(5))
def test_probability_of_a_falling_line_is_that_of_a_t_test(seed):
    losses = np.random.default_rng(seed).normal(size=12) - 0.05 * np.arange(12)
    fit = linregress(np.arange(12), losses, alternative="less")
    assert _probability_of_decrease(losses.tolist()) == pytest.approx(1 - fit.pvalue, abs=1e-9)


def test_rate_stays_while_the_loss_falls():
    scheduler = DavisKing(learning_rate=1.0, factor=0.1, patience=5)
    for epoch in range(30):
        scheduler.observe(1 / (1 + epoch))
    assert scheduler.rate(0, 1) == 1.0


def test_rate_falls_each_time_that_the_loss_has_not_fallen_for_long_enough():
    scheduler = DavisKing(learning_rate=1.0, factor=0.1, patience=5)
    rates = []
    for epoch in range(15):
        scheduler.observe(0.5 + 0.1 * epoch)
        rates.append(round(scheduler.rate(0, 1), 6))
    assert rates == [1.0] * 4 + [0.1] * 5 + [0.01] * 5 + [0.001]


def test_a_constant_loss_is_not_falling():
    scheduler = DavisKing(learning_rate=1.0, factor=0.5, patience=3)
    for _ in range(3):
        scheduler.observe(0.25)
    assert scheduler.rate(0, 1) == 0.5


@pytest.mark.parametrize("cut", range(0, 25, 4))
def test_davis_king_goes_on_where_it_was(cut):
    losses = np.random.default_rng(3).random(25).tolist()
    whole, first, second = (DavisKing(learning_rate=1.0, patience=4) for _ in range(3))
    for loss in losses:
        whole.observe(loss)
    for loss in losses[:cut]:
        first.observe(loss)
    second.load_state_dict(first.state_dict())
    for loss in losses[cut:]:
        second.observe(loss)
    assert second.rate(0, 1) == whole.rate(0, 1) and second.state_dict() == whole.state_dict()


def test_a_cycle_without_a_rate_leaves_it_open():
    scheduler = CyclicScheduler(epochs_per_cycle=14)
    assert scheduler.is_open
    scheduler.learning_rate = 0.4
    assert scheduler.rate(7 * 10, steps_per_epoch=10) == 0.4


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf")])
def test_a_senseless_rate_cannot_be_found(rate):
    scheduler = CyclicScheduler()
    with pytest.raises(ConfigError, match="positive"):
        scheduler.learning_rate = rate
    assert scheduler.is_open


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        (ConstantScheduler, {"learning_rate": 0.0}),
        (ConstantScheduler, {"learning_rate": float("nan")}),
        (ConstantScheduler, {"learning_rate": float("inf")}),
        (CyclicScheduler, {"learning_rate": -1.0}),
        (CyclicScheduler, {"learning_rate": 1.0, "epochs_per_cycle": 0}),
        (CyclicScheduler, {"learning_rate": 1.0, "ratio": 0.0}),
        (CyclicScheduler, {"learning_rate": 1.0, "momentum": (0.9, 0.8)}),
        (CyclicScheduler, {"learning_rate": 1.0, "momentum": (0.9, 1.0)}),
        (CyclicScheduler, {"learning_rate": 1.0, "momentum": (0.9,)}),
        (DavisKing, {"learning_rate": 0.0}),
        (DavisKing, {"factor": 1.0}),
        (DavisKing, {"patience": 2}),
    ],
)
def test_senseless_parameters_are_refused(kind, arguments):
    with pytest.raises(ConfigError):
        kind(**arguments)


@pytest.mark.parametrize("warm_up", [0.0, 0.25])
def test_cosine_falls_as_that_of_torch(warm_up):
    scheduler = CosineScheduler(learning_rate=0.2, epochs=4, warm_up=warm_up, ratio=0.1)
    optimizer = optimizer_of(torch.optim.SGD)
    rise = int(40 * warm_up)
    optimizer.param_groups[0]["initial_lr"] = 0.2
    optimizer.param_groups[0]["lr"] = 0.2
    torchs = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=39 - rise, eta_min=0.02)
    rates = [scheduler.rate(step, 10) for step in range(40)]
    assert np.allclose(rates[:rise], 0.2 * np.arange(1, rise + 1) / max(1, rise))
    for rate in rates[rise:]:
        assert rate == pytest.approx(optimizer.param_groups[0]["lr"], abs=1e-9)
        optimizer.step()
        torchs.step()


def test_one_cycle_rises_and_falls_in_straight_lines():
    scheduler = OneCycleScheduler(0.2, epochs=4, warm_up=0.25, ratio=0.1, momentum=(0.8, 0.9))
    optimizer = optimizer_of(torch.optim.Adam)
    height = np.interp(np.arange(40), [-1, 9, 10, 39], [0, 1, 1, 0])
    for step in range(40):
        assert scheduler.apply(optimizer, step, 10) == pytest.approx(0.2 * (0.1 + 0.9 * height[step]))
        assert optimizer.param_groups[0]["betas"][0] == pytest.approx(0.9 - 0.1 * height[step])


@pytest.mark.parametrize("kind", [CosineScheduler, OneCycleScheduler])
class TestPlanned:
    def test_a_plan_is_that_of_the_configuration_or_else_of_the_command(self, kind):
        given, left = kind(0.1, epochs=7), kind(0.1)
        for scheduler in (given, left):
            scheduler.plan(30)
        assert (given.planned, left.planned) == (7, 30)
        assert left.rate(30 * 5 - 1, 5) == pytest.approx(0.1 * left.ratio)

    def test_without_a_plan_there_is_no_rate(self, kind):
        with pytest.raises(UsageError, match="--to"):
            kind(0.1).rate(0, 10)

    def test_a_resumed_training_keeps_its_plan(self, kind):
        begun, longer, other = kind(0.1), kind(0.1), kind(0.1, epochs=9)
        begun.plan(20)
        for scheduler in (longer, other):
            scheduler.plan(40)
            scheduler.load_state_dict(begun.state_dict())
        assert (longer.planned, other.planned) == (20, 9)
        assert [longer.rate(step, 3) for step in range(80)] == [begun.rate(step, 3) for step in range(80)]
        assert longer.rate(90, 3) == longer.rate(59, 3)

    @pytest.mark.parametrize("wrong", [{"epochs": 0}, {"warm_up": 1.0}, {"ratio": 0.0}, {"warm_up": -0.1}])
    def test_values_out_of_range_are_refused(self, kind, wrong):
        with pytest.raises(ConfigError):
            kind(0.1, **wrong)
