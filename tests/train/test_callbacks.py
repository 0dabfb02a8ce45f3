"""Weight averaging against a loop, early stopping by hand."""

import pytest
import torch
from torch import nn

from pyannote.audio.core.errors import ConfigError
from pyannote.audio.train.callbacks.early_stopping import EarlyStopping
from pyannote.audio.train.callbacks.weight_averaging import WeightAveraging


@pytest.mark.parametrize("decay", [0.0, 0.5, 0.99])
def test_average_is_the_running_mean_of_all_weights(decay):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    averaging = WeightAveraging(decay)
    averaging.start(model)
    expected = {name: value.double().clone() for name, value in model.state_dict().items()}
    for step in range(1, 40):
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(torch.randn_like(parameter))
        model(torch.randn(5, 3))
        averaging.update(model)
        weight = min(decay, (1 + step) / (10 + step))
        for name, value in model.state_dict().items():
            if value.is_floating_point():
                expected[name] = weight * expected[name] + (1 - weight) * value.double()
            else:
                expected[name] = value
    assert averaging.average.keys() == model.state_dict().keys()
    for name, value in averaging.average.items():
        assert torch.allclose(value.double(), expected[name].double(), atol=1e-5), name
    assert averaging.average["1.num_batches_tracked"] == 39
    fresh = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    fresh.load_state_dict(averaging.average)


def test_the_model_itself_is_left_alone():
    model = nn.Linear(2, 2)
    averaging = WeightAveraging()
    averaging.start(model)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    averaging.average["weight"].add_(1)
    averaging.update(model)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize("decay", [-0.1, 1.0, float("nan")])
def test_senseless_decay_is_refused(decay):
    with pytest.raises(ConfigError):
        WeightAveraging(decay)


@pytest.mark.parametrize(
    ("patience", "validated", "expected"),
    [
        (1, [], []),
        (1, [1, 2, 3], ["a", "b"]),
        (2, [1, 2, 3], ["a"]),
        (2, [1, 2, 3, 4], ["a", "b"]),
        (3, [1, 2, 3, 4, 5], ["a", "b"]),
        (4, [1, 2, 3, 4, 5], ["a"]),
        (2, [2, 4], []),  # validations count, not epochs
        (2, [2, 4, 6], ["b", "a"]),
    ],
)
def test_a_class_stops_when_enough_validations_brought_nothing(patience, validated, expected):
    best = {"a": 1 if 1 in validated else 2, "b": 2, "c": validated[-1] if validated else 0}
    assert sorted(EarlyStopping(patience).stopped(best, validated)) == sorted(expected)


def test_senseless_patience_is_refused():
    with pytest.raises(ConfigError):
        EarlyStopping(patience=0)
