"""Optimizers against their formulas and torch's own."""

import pytest
import torch
from torch import nn

from pyannote.audio.core.errors import ConfigError
from pyannote.audio.train.optimizers.adam import Adam
from pyannote.audio.train.optimizers.adam_w import AdamW
from pyannote.audio.train.optimizers.sgd import SGD


def trajectory(make, steps=20):
    """Weights while the square of their distance to (3, -1) is minimised."""
    weights = nn.Parameter(torch.tensor([0.5, 0.5], dtype=torch.float64))
    optimizer = make([weights])
    found = []
    for _ in range(steps):
        optimizer.zero_grad()
        (weights - torch.tensor([3.0, -1.0])).square().sum().backward()
        optimizer.step()
        found.append(weights.detach().clone())
    return torch.stack(found)


@pytest.mark.parametrize(
    ("ours", "torchs"),
    [
        (SGD(), lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True)),
        (SGD(momentum=0.0), lambda p: torch.optim.SGD(p, lr=0.05)),
        (SGD(0.8, nesterov=False), lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.8)),
        (SGD(weight_decay=0.1), lambda p: torch.optim.SGD(p, 0.05, 0.9, 0, 0.1, nesterov=True)),
        (Adam(), lambda p: torch.optim.Adam(p, lr=0.05)),
        (Adam(weight_decay=0.1), lambda p: torch.optim.Adam(p, lr=0.05, weight_decay=0.1)),
        (AdamW(), lambda p: torch.optim.AdamW(p, lr=0.05, weight_decay=0.01)),
        (AdamW(weight_decay=0.1), lambda p: torch.optim.AdamW(p, lr=0.05, weight_decay=0.1)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_steps_are_those_of_torch(ours, torchs):
    assert torch.allclose(trajectory(lambda p: ours(p, learning_rate=0.05)), trajectory(torchs))


def test_nesterov_momentum_by_hand():
    weight = nn.Parameter(torch.tensor([1.0], dtype=torch.float64))
    optimizer = SGD(momentum=0.5)([weight], learning_rate=0.1)
    position, velocity = 1.0, 0.0
    for _ in range(10):
        optimizer.zero_grad()
        weight.square().sum().backward()
        optimizer.step()
        velocity = 0.5 * velocity + 2 * position
        position -= 0.1 * (2 * position + 0.5 * velocity)
        assert weight.item() == pytest.approx(position)


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        (SGD, {"momentum": 1.0}),
        (SGD, {"momentum": -0.1}),
        (SGD, {"weight_decay": -1.0}),
        (Adam, {"weight_decay": -1.0}),
        (AdamW, {"weight_decay": -1.0}),
    ],
)
def test_senseless_parameters_are_refused(kind, arguments):
    with pytest.raises(ConfigError):
        kind(**arguments)
