"""Weights that no network has are refused in a sentence, and those of each network are not."""

import pytest
import torch
from torch import nn

from pyannote.audio.core.errors import CheckpointError
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.inference.weights import load_weights
from pyannote.audio.models.dcase import Dcase

SPECS = Specifications("Dcase", {"X": 6, "long_term": 6}, ("a", "b"), 0.3, 0.01, 16000)

NAME = "X_mean"


def model_of():
    torch.manual_seed(0)
    return Dcase(SPECS, channels=4, hidden=6, batch_normalize=True)


def weights_of():
    return {name: value.clone() for name, value in model_of().state_dict().items()}


def changed(value):
    return lambda weights: {**weights, NAME: value(weights[NAME])}


FAULTS = {
    "integer key": (
        lambda weights: {**weights, 3: torch.zeros(1)},
        "The key 3 of the weights is not a name but of type int",
    ),
    "tuple key": (lambda weights: {**weights, ("a",): torch.zeros(1)}, "is not a name"),
    "number": (changed(lambda _: 0.5), "is not a tensor but of type float"),
    "list": (changed(lambda value: value.tolist()), "is not a tensor but of type list"),
    "none": (changed(lambda _: None), "is not a tensor"),
    "doubled": (changed(torch.Tensor.double), "holds numbers of torch.float64 instead of torch.float32"),
    "halved": (changed(torch.Tensor.half), "holds numbers of torch.float16"),
    "whole": (changed(torch.Tensor.long), "holds numbers of torch.int64"),
    "complex": (changed(lambda value: value + 0j), "holds numbers of torch.complex64"),
    "expanded": (changed(lambda value: value[:1].expand(6)), "one number in several places"),
    "windows": (changed(lambda _: torch.zeros(7).unfold(0, 6, 1)), "one number in several places"),
    "sparse": (changed(lambda value: (value + 1).to_sparse()), "is not a plain tensor"),
    "meta": (changed(lambda value: value.to("meta")), "is not a plain tensor"),
    "infinite": (changed(lambda value: value + torch.tensor(float("inf"))), "(inf) is not a finite number"),
    "not a number": (changed(lambda value: value * float("nan")), "(nan) is not a finite number"),
    "shared": (lambda weights: {**weights, "X_scale": weights[NAME]}, "share memory"),
    "missing": (lambda weights: {name: weights[name] for name in weights if name != NAME}, "do not fit"),
    "unknown": (lambda weights: {**weights, "other": torch.zeros(1)}, "do not fit"),
    "another shape": (changed(lambda value: value[:3].clone()), "do not fit"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_a_sentence(fault, tmp_path):
    change, words = FAULTS[fault]
    with pytest.raises(CheckpointError) as caught:
        load_weights(model_of(), change(weights_of()), tmp_path / "0001.pt")
    assert words in caught.value.message and caught.value.message.endswith(".")
    assert caught.value.file == tmp_path / "0001.pt" and caught.value.fix


@pytest.mark.parametrize(
    "same",
    [
        lambda value: value,
        lambda value: value.t().contiguous().t() if value.ndim == 2 else value,
        lambda value: torch.cat([value, value])[: len(value)] if value.ndim else value,
        lambda value: torch.stack([value, value], dim=-1)[..., 1],
    ],
    ids=["as saved", "columns first", "part of a tensor", "every second number"],
)
def test_numbers_may_lie_in_memory_as_they_like(same, tmp_path):
    expected, model = weights_of(), model_of()
    nn.init.zeros_(next(model.parameters()))
    load_weights(model, {name: same(value) for name, value in expected.items()}, tmp_path)
    for name, value in model.state_dict().items():
        assert torch.equal(value, expected[name])


def test_weights_that_the_network_itself_shares(tmp_path):
    """Also parameters of one storage, as recurrent layers have them on a GPU, share nothing."""
    model = model_of()
    model.tied = nn.Linear(3, 3)
    model.tied_too = model.tied
    load_weights(model, model.state_dict(), tmp_path)
    flat = torch.zeros(sum(value.numel() for value in model.state_dict().values()))
    parts, start = {}, 0
    for name, value in model.state_dict().items():
        if value.is_floating_point():
            parts[name] = flat[start : start + value.numel()].view(value.shape)
            start += value.numel()
        else:
            parts[name] = value
    load_weights(model, parts, tmp_path)
