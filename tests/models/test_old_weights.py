"""Weights of trainings by earlier versions load, and give the outputs of those versions.

`tests/data/states` holds one file a network: a few steps of training by the code of that time, its
parameters, specifications, weights, a batch, and the outputs in evaluation.
"""

import importlib
from pathlib import Path

import pytest
import torch

from pyannote.audio.config.registry import available
from pyannote.audio.core.outputs import Output
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.inference.weights import load_weights

STATES = sorted((Path(__file__).parents[1] / "data" / "states").glob("*.pt"))

SEED_0 = {
    "ClopiNet": 216.29214387541288,
    "Crnn": 260.4919846486009,
    "Dcase": 71.25629069239949,
    "EcapaTdnn": 170.57906443508546,
    "PyanNet": 115.26331910653971,
    "ResNet": 787.3433157320251,
    "SincNet": 29.861397087341174,
    "TristouNet": 629.0087263540445,
    "XVector": 56.20559371262789,
}
"""Sum of the magnitudes of all fresh weights, drawn with seed 0 by the code of that time."""


def old_model(path):
    state = torch.load(path, weights_only=True)
    name = state["architecture"]
    found = getattr(importlib.import_module(available("architecture")[name]), name)
    kind = "vector" if state["output"].ndim == 2 else "frames"
    written = {**state["specifications"], "classes": tuple(state["specifications"]["classes"])}
    return state, found(Specifications(**written, output=Output(kind)), **state["parameters"])


def test_there_are_states_of_networks_for_frames_and_for_vectors():
    assert {"Dcase", "Crnn", "XVector", "ClopiNet", "PyanNet", "SincNet"} <= {path.stem for path in STATES}


@pytest.mark.parametrize("path", STATES, ids=lambda path: path.stem)
def test_old_weights_give_their_outputs(path):
    state, model = old_model(path)
    with torch.inference_mode():
        assert not torch.allclose(model.eval()(state["inputs"]), state["output"], atol=1e-3)
        load_weights(model, state["weights"], path)
        assert torch.allclose(model.eval()(state["inputs"]), state["output"], atol=1e-5)


@pytest.mark.parametrize("path", STATES, ids=lambda path: path.stem)
def test_weights_keep_their_names_and_their_order(path):
    """Averages of weights are kept by name, and states of optimizers by position."""
    state, model = old_model(path)
    assert [name for name, _ in model.named_parameters()] == state["order"]
    assert list(model.state_dict()) == list(state["weights"])


@pytest.mark.parametrize("path", STATES, ids=lambda path: path.stem)
def test_fresh_weights_are_those_that_a_seed_gave(path):
    torch.manual_seed(0)
    _, model = old_model(path)
    total = sum(weight.detach().double().abs().sum().item() for weight in model.parameters())
    assert total == pytest.approx(SEED_0[path.stem], rel=1e-6)
