"""What every embedding model of the registry must do; a new file is tested as soon as it exists."""

import copy
import importlib
import inspect

import pytest
import torch

from pyannote.audio.config.registry import available, check_parameters
from pyannote.audio.config.schema import Block
from pyannote.audio.config.yaml_lines import read_yaml
from pyannote.audio.core.errors import ConfigError
from pyannote.audio.core.outputs import Output
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.models._normalization import InstanceNormalization

FEATURES = Specifications("TripletLoss", {"X": 24}, ("a", "b", "c"), 1.0, 0.01, 16000, Output("vector"))
WAVEFORM = Specifications("TripletLoss", {"X": 1}, ("a", "b", "c"), 1.0, 1 / 16000, 16000, Output("vector"))

CLASSES = {
    name: getattr(importlib.import_module(module), name) for name, module in available("architecture").items()
}
MODELS = {name: found for name, found in CLASSES.items() if "vector" in found.output_kinds}


def reads(model, specifications):
    try:
        model(specifications)
    except ConfigError:
        return False
    return True


# features for what takes them, the waveform for what has a use for it
CASES = [(name, FEATURES) for name, model in MODELS.items() if reads(model, FEATURES)]
CASES += [(name, WAVEFORM) for name in MODELS if name in {"PyanNet"} or (name, FEATURES) not in CASES]
IDS = [f"{name}-{'waveform' if specs is WAVEFORM else 'features'}" for name, specs in CASES]


def batch_of(specifications, frames, count=3):
    random = torch.Generator().manual_seed(frames)
    return {"X": torch.randn(count, frames, specifications.inputs["X"], generator=random)}


def usual(specifications):
    return 50 if specifications is FEATURES else 6000


@pytest.fixture(params=CASES, ids=IDS)
def case(request):
    return request.param


@pytest.fixture
def specifications(case):
    return case[1]


@pytest.fixture
def make(case):
    def make(seed=0, **parameters):
        torch.manual_seed(seed)
        return MODELS[case[0]](case[1], **parameters)

    return make


def test_one_vector_a_chunk_of_any_duration(make, specifications):
    model = make().eval()
    assert model.dimension > 1
    lengths = (5, 6, 333, 2000) if specifications is FEATURES else (4000, 16000, 40001)
    for frames in {model.resolution, model.resolution + 1, *lengths}:
        with torch.inference_mode():
            embeddings = model(batch_of(specifications, frames))
        assert embeddings.shape == (3, model.dimension)
        assert torch.isfinite(embeddings).all()


def test_features_of_five_frames_are_enough(make, specifications):
    assert make().resolution <= (5 if specifications is FEATURES else 1600)


def test_training_takes_chunks_of_any_duration(make, specifications):
    model = make().train()
    for frames in (model.resolution, model.resolution + 1, usual(specifications)):
        model.zero_grad()
        embeddings = model(batch_of(specifications, frames, 4))
        (embeddings * torch.randn(4, model.dimension)).sum().backward()
        assert embeddings.shape == (4, model.dimension) and torch.isfinite(embeddings).all()
        assert all(torch.isfinite(parameter.grad).all() for parameter in model.parameters())


def test_different_chunks_have_different_embeddings(make, specifications):
    with torch.inference_mode():
        embeddings = make().eval()(batch_of(specifications, usual(specifications)))
    assert torch.pdist(embeddings).min() > 1e-4


def test_chunks_are_embedded_each_for_itself(make, specifications):
    model = make().train()
    batch = batch_of(specifications, usual(specifications))
    model(batch)
    model.eval()
    with torch.inference_mode():
        together = model(batch)
        alone = torch.cat([model({"X": batch["X"][[index]]}) for index in range(3)])
    assert torch.allclose(together, alone, atol=1e-5)


def test_evaluation_changes_nothing(make, specifications):
    model, batch = make().eval(), batch_of(specifications, usual(specifications))
    assert torch.equal(model(batch), model(batch))
    before = copy.deepcopy(model.state_dict())
    model(batch)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_state_dict_is_all_that_there_is(make, specifications):
    model, batch = make(), batch_of(specifications, usual(specifications))
    dimension = specifications.inputs["X"]
    model.set_statistics({"X": (torch.rand(dimension), 1 + torch.rand(dimension))})
    model.train()(batch).sum().backward()
    other = make(seed=1)
    assert not torch.equal(model.eval()(batch), other.eval()(batch))
    other.load_state_dict(copy.deepcopy(model.state_dict()))
    assert torch.equal(model.eval()(batch), other.eval()(batch))


@pytest.mark.parametrize("training", [True, False])
def test_gradient_reaches_every_parameter_and_input(make, specifications, training):
    model = make().train(training)
    batch = batch_of(specifications, usual(specifications), 6)
    batch["X"].requires_grad_()
    (model(batch) * torch.randn(6, model.dimension)).sum().backward()
    for name, parameter in [*model.named_parameters(), ("X", batch["X"])]:
        assert parameter.grad is not None and parameter.grad.abs().max() > 1e-7, name
    assert (batch["X"].grad.flatten(1).abs().sum(dim=1) > 0).all()


def test_no_storage_is_shared(make):
    pointers = [parameter.data_ptr() for _, parameter in make().named_parameters(remove_duplicate=False)]
    assert len(set(pointers)) == len(pointers)


def test_initial_weights_depend_on_the_seed_alone(make):
    one, same, other = (
        torch.cat([parameter.flatten() for parameter in make(seed).parameters()]) for seed in (3, 3, 4)
    )
    assert torch.equal(one, same) and not torch.equal(one, other)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("value", [0.0, -3.7, 1000.0])
@pytest.mark.parametrize("chunks", ["one", "all"])
def test_silence_and_constants_give_numbers(make, specifications, training, value, chunks):
    model = make().train(training)
    batch = batch_of(specifications, model.resolution + 20, 4)
    batch["X"][slice(1) if chunks == "one" else slice(None)] = value
    batch["X"].requires_grad_()
    embeddings = model(batch)
    (embeddings * torch.randn(4, model.dimension)).sum().backward()
    assert torch.isfinite(embeddings).all()
    assert torch.isfinite(batch["X"].grad).all()
    assert all(torch.isfinite(parameter.grad).all() for parameter in model.parameters())


@pytest.mark.parametrize("instance_normalize", [True, False])
def test_instance_normalisation_takes_level_and_gain_away(make, specifications, instance_normalize):
    model = make()
    if not isinstance(model.instance_normalization, InstanceNormalization):
        pytest.skip("this network has no instance normalisation")
    model = make(instance_normalize=instance_normalize).eval()
    batch = batch_of(specifications, usual(specifications))
    with torch.inference_mode():
        same = torch.allclose(model(batch), model({"X": 3 * batch["X"] + 7}), atol=1e-3)
    assert same == instance_normalize


@pytest.mark.parametrize(
    ("normalize", "holds"),
    [
        (True, lambda norms: torch.allclose(norms, torch.ones(3), atol=1e-5)),
        ("sphere", lambda norms: torch.allclose(norms, torch.ones(3), atol=1e-5)),
        ("ball", lambda norms: (norms < 1).all() and norms.std() > 0),
        ("ring", lambda norms: torch.allclose(norms, norms[:1].expand(3), atol=1e-5)),
        (False, lambda norms: norms.std() > 1e-5),
    ],
)
def test_embeddings_lie_where_normalize_says(make, specifications, normalize, holds):
    with torch.inference_mode():
        model = make(normalize=normalize).eval()
        assert holds(model(batch_of(specifications, usual(specifications))).norm(dim=1))


def test_multiplying_in_16_bits_changes_little_and_training_alone(make, specifications):
    model, batch = make(), batch_of(specifications, usual(specifications), 8)
    found = {}
    for training in (True, False):
        for half in (True, False):
            model.half_precision = half
            # the same units are dropped
            torch.manual_seed(0)
            found[training, half] = model.train(training)(batch).detach()
    similarity = torch.nn.functional.cosine_similarity(found[True, True], found[True, False])
    assert found[True, True].dtype == torch.float32 and similarity.min() > 0.95
    model.load_state_dict(make().state_dict())
    model.eval()
    model.half_precision = True
    half = model(batch)
    model.half_precision = False
    assert torch.equal(half, model(batch))


def test_double_precision_stays_double(make, specifications):
    batch = {name: value.double() for name, value in batch_of(specifications, usual(specifications)).items()}
    for training in (True, False):
        assert make().double().train(training)(batch).dtype == torch.float64


@pytest.mark.parametrize(
    ("parameter", "value", "allowed"),
    [
        ("normalize", "maybe", "'sphere', 'ball', 'ring'"),
        ("normalize", 1, "True"),
        ("dimension", "x", "a whole number"),
    ],
)
def test_values_that_mean_nothing_are_refused_with_their_line(case, tmp_path, parameter, value, allowed):
    name, _ = case
    if parameter not in inspect.signature(MODELS[name]).parameters:
        pytest.skip(f"{name} has no {parameter}")
    path = tmp_path / "config.yml"
    path.write_text(f"architecture:\n  name: {name}\n  params:\n    {parameter}: {value}\n")
    block = Block(name, {parameter: value}, ("architecture",))
    with pytest.raises(ConfigError, match=f"{parameter} of {name} must be") as caught:
        check_parameters(MODELS[name], block, read_yaml(path), injected=("specifications",))
    assert caught.value.line == 4 and allowed in str(caught.value)
