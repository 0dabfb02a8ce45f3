"""Networks that score frames or chunks: each of the registry; a new file is tested as soon as it exists."""

import copy
import importlib
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.special import logsumexp
from torch import nn

from pyannote.audio.config.registry import available
from pyannote.audio.core.errors import ConfigError
from pyannote.audio.core.outputs import Output
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.models._outputs import chunk_logits

BOTH = Specifications("Dcase", {"X": 40, "long_term": 40}, ("a", "b", "c"), 2.0, 0.01, 44100)
SHORT = Specifications("Dcase", {"X": 40}, ("a", "b", "c"), 2.0, 0.01, 44100)
WAVEFORM = Specifications("Dcase", {"X": 1}, ("a", "b", "c"), 2.0, 1 / 16000, 16000)
WAVEFORM_BOTH = replace(WAVEFORM, inputs={"X": 1, "long_term": 1})
READ = {"both inputs": BOTH, "short input": SHORT, "waveform": WAVEFORM, "both, waveform": WAVEFORM_BOTH}

CLASSES = {
    name: getattr(importlib.import_module(module), name) for name, module in available("architecture").items()
}


def reads(model, specifications):
    try:
        model(specifications)
    except ConfigError:
        return False
    return True


def cases():
    """Name, kind of output and inputs: features for what takes them, the waveform for what can use it."""
    for name, found in CLASSES.items():
        for kind in [kind for kind in found.output_kinds if kind != "vector"]:
            features = reads(found, replace(SHORT, output=Output(kind)))
            yield name, kind, "short input" if features else "waveform"
            if name == "PyanNet":
                yield name, kind, "waveform"
            if kind == "frames":
                yield name, kind, "both inputs" if features else "both, waveform"


@pytest.fixture(params=cases(), ids=lambda case: "-".join(case))
def case(request):
    return request.param


@pytest.fixture
def specifications(case):
    return replace(READ[case[2]], output=Output(case[1]))


@pytest.fixture
def make(case, specifications):
    def make(seed=0):
        torch.manual_seed(seed)
        return CLASSES[case[0]](specifications)

    return make


def inputs_of(specifications, frames, count=3):
    random = torch.Generator().manual_seed(frames)
    return {
        name: torch.randn(*((count, frames) if name == "X" else (count,)), dimension, generator=random)
        for name, dimension in specifications.inputs.items()
    }


def usual(specifications):
    return 200 if specifications.inputs["X"] > 1 else 3333


def test_one_output_for_each_resolution_frames_or_chunk(make, case, specifications):
    model = make().eval()
    usual_ones = (200, 333) if specifications.inputs["X"] > 1 else (3333, 16000)
    for frames in {model.resolution, model.resolution + 1, 2 * model.resolution - 1, *usual_ones}:
        with torch.inference_mode():
            logits = model(inputs_of(specifications, frames))
        if case[1] == "frames":
            assert logits.shape == (3, frames // model.resolution, 3)
        else:
            assert chunk_logits(logits).shape == (3, 1, 3)
        assert torch.isfinite(logits).all()
    assert model.kind == case[1] and model.dimension == 3


def test_state_dict_is_all_that_there_is(make, specifications):
    model, batch = make(), inputs_of(specifications, usual(specifications))
    model.set_statistics(
        {key: (torch.rand(n), 1 + torch.rand(n)) for key, n in specifications.inputs.items()}
    )
    model.train()(batch).sum().backward()
    other = make(seed=1)
    assert not torch.equal(model.eval()(batch), other.eval()(batch))
    other.load_state_dict(copy.deepcopy(model.state_dict()))
    assert torch.equal(model.eval()(batch), other.eval()(batch))


def test_gradient_reaches_every_parameter_and_input(make, specifications):
    model = make().train()
    batch = {key: value.requires_grad_() for key, value in inputs_of(specifications, 3333, 6).items()}
    if specifications.inputs["X"] > 1:
        batch["X"] = batch["X"].detach()[:, :333].requires_grad_()
    logits = model(batch)
    nn.functional.binary_cross_entropy_with_logits(logits, torch.ones_like(logits)).backward()
    for key, parameter in [*model.named_parameters(), *batch.items()]:
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, key


def test_no_storage_is_shared(make):
    pointers = [p.data_ptr() for _, p in make().named_parameters(remove_duplicate=False)]
    assert len(set(pointers)) == len(pointers)


def test_initial_weights_depend_on_the_seed_alone(make):
    one, same, other = (torch.cat([p.flatten() for p in make(seed).parameters()]) for seed in (3, 3, 4))
    assert torch.equal(one, same) and not torch.equal(one, other)


def test_batches_do_not_mix_chunks_in_evaluation(make, specifications):
    model, batch = make().eval(), inputs_of(specifications, usual(specifications))
    with torch.inference_mode():
        together = model(batch)
        alone = torch.cat([model({key: value[[i]] for key, value in batch.items()}) for i in range(3)])
    assert torch.allclose(together, alone, atol=1e-5)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("chunks", ["one", "all"])
def test_silence_gives_numbers(make, specifications, training, chunks):
    model, batch = make().train(training), inputs_of(specifications, usual(specifications), 4)
    batch["X"][slice(1) if chunks == "one" else slice(None)] = 0.0
    logits = model(batch)
    logits.square().mean().backward()
    assert torch.isfinite(logits).all()
    assert all(torch.isfinite(parameter.grad).all() for parameter in model.parameters())


def test_the_score_of_a_chunk_is_the_log_of_the_mean_of_exponentials(case, specifications):
    name, kind, _ = case
    if kind != "chunk":
        pytest.skip("scores of frames")
    torch.manual_seed(0)
    chunk = CLASSES[name](specifications).eval()
    frames = CLASSES[name](replace(specifications, output=Output("frames"))).eval()
    frames.load_state_dict(chunk.state_dict())
    batch = inputs_of(specifications, usual(specifications))
    with torch.inference_mode():
        logits, expected = chunk_logits(chunk(batch))[:, 0].numpy(), frames(batch).double().numpy()
    expected = logsumexp(expected, axis=1) - np.log(expected.shape[1])
    assert logits == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("name", CLASSES)
def test_a_kind_that_a_network_does_not_give_is_refused(name):
    found = CLASSES[name]
    for kind in ("frames", "vector", "chunk"):
        if kind not in found.output_kinds:
            with pytest.raises(ConfigError, match=f"{name} gives .*, and Dcase needs"):
                found(replace(SHORT, output=Output(kind)))
