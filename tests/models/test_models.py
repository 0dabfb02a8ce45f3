"""Networks for scores against computations by hand; no shared weights; stored normalisation."""

import pytest
import torch
from torch import nn
from torch.nn.functional import conv1d, linear, max_pool1d, relu

from pyannote.audio.core.errors import ConfigError
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.models.crnn import Crnn
from pyannote.audio.models.dcase import Dcase

BOTH = Specifications("Dcase", {"X": 16, "long_term": 16}, ("a", "b", "c"), 1.0, 0.01, 16000)
SHORT = Specifications("Dcase", {"X": 16}, ("a", "b", "c"), 1.0, 0.01, 16000)

MODELS = {
    "dcase": lambda specs: Dcase(specs, channels=8, hidden=10, pooling=(3, 2, 2, 1)),
    "dcase, batch normalised": lambda specs: Dcase(
        specs, channels=8, hidden=10, pooling=(3, 2, 2, 1), batch_normalize=True
    ),
    "crnn": lambda specs: Crnn(specs, channels=(4, 4, 6), recurrent=5),
}


def batch_of(specs, frames=60, count=5, seed=0):
    random = torch.Generator().manual_seed(seed)
    batch = {"X": torch.randn(count, frames, 16, generator=random)}
    if "long_term" in specs.inputs:
        batch["long_term"] = torch.randn(count, 16, generator=random)
    return batch


@pytest.fixture(params=MODELS)
def make(request):
    def make(specs=BOTH):
        torch.manual_seed(0)
        return MODELS[request.param](specs)

    return make


def test_dcase_is_what_its_description_says():
    torch.manual_seed(0)
    model = Dcase(BOTH, channels=8, hidden=10, pooling=(3, 3, 2, 1)).eval()
    batch = batch_of(BOTH)
    w = model.state_dict()

    def convolved(hidden, name, pooling):
        return max_pool1d(
            relu(conv1d(hidden, w[f"{name}.0.weight"], w[f"{name}.0.bias"], padding=1)), pooling
        )

    hidden = convolved(convolved(batch["X"].transpose(1, 2), "short.0", 3), "short.1", 3)
    long = relu(linear(batch["long_term"], w["long.0.weight"], w["long.0.bias"]))
    long = relu(linear(long, w["long.2.weight"], w["long.2.bias"]))
    hidden = convolved(convolved(hidden + long[:, :, None], "joint.0", 2), "joint.1", 1).transpose(1, 2)
    hidden = relu(linear(hidden, w["output.0.weight"], w["output.0.bias"]))
    expected = linear(hidden, w["output.3.weight"], w["output.3.bias"])
    assert torch.allclose(model(batch), expected, atol=1e-6)


def test_long_branch_equals_convolutions_of_width_1():
    model = Dcase(BOTH, channels=8)
    batch = batch_of(BOTH)["long_term"]
    first, second = (layer for layer in model.long if isinstance(layer, nn.Linear))
    hidden = relu(conv1d(batch[:, :, None], first.weight[:, :, None], first.bias))
    hidden = relu(conv1d(hidden, second.weight[:, :, None], second.bias))
    assert torch.allclose(model.long(batch), hidden[:, :, 0], atol=1e-6)


@pytest.mark.parametrize("specs", [BOTH, SHORT], ids=["both inputs", "short input"])
def test_no_weight_is_shared(make, specs):
    model = make(specs).eval()
    names = [name for name, _ in model.named_parameters(remove_duplicate=False)]
    assert len(names) == len(list(model.parameters()))
    assert len({parameter.data_ptr() for parameter in model.parameters()}) == len(names)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    for name, parameter in model.named_parameters():
        with torch.no_grad():
            parameter.add_(1.0)
        changed = {
            other for other, value in model.state_dict().items() if not torch.equal(value, before[other])
        }
        assert changed == {name}
        with torch.no_grad():
            parameter.copy_(before[name])


@pytest.mark.parametrize("specs", [BOTH, SHORT], ids=["both inputs", "short input"])
def test_all_gradients_differ(make, specs):
    model = make(specs).train()
    model(batch_of(specs)).square().sum().backward()
    gradients = [parameter.grad for parameter in model.parameters()]
    assert all(gradient is not None and gradient.abs().sum() > 0 for gradient in gradients)
    for index, one in enumerate(gradients):
        for other in gradients[index + 1 :]:
            assert one.shape != other.shape or not torch.allclose(one, other)


def test_gradients_are_those_of_finite_differences(make):
    model = make().double().eval()
    batch = {
        name: value.double().requires_grad_() for name, value in batch_of(BOTH, frames=24, count=2).items()
    }
    weights = torch.randn(2, 24 // model.resolution, 3, dtype=torch.float64)

    def loss(x, long_term):
        return (model({"X": x, "long_term": long_term}) * weights).sum()

    assert torch.autograd.gradcheck(
        loss, (batch["X"], batch["long_term"]), eps=1e-7, atol=1e-4, fast_mode=True
    )


def test_each_frame_length_from_the_resolution_upward(make):
    model = make().eval()
    for frames in range(model.resolution, 5 * model.resolution + 2):
        assert model(batch_of(BOTH, frames)).shape == (5, frames // model.resolution, 3)


def test_a_chunk_does_not_depend_on_its_batch(make):
    model = make().eval()
    with torch.inference_mode():
        batch = batch_of(BOTH)
        together = model(batch)
        alone = torch.cat([model({key: value[[i]] for key, value in batch.items()}) for i in range(5)])
    assert torch.allclose(together, alone, atol=1e-6)


def test_outputs_depend_on_both_inputs_and_on_their_own_time(make):
    model = make().eval()
    batch = batch_of(BOTH)
    with torch.inference_mode():
        scores = model(batch)
        other = model({**batch, "long_term": batch["long_term"].flip(0)})
        changed = batch["X"].clone()
        changed[:, -1 * model.resolution :] += 5
        late = model({**batch, "X": changed})
    assert (scores - other).abs().max() > 1e-4
    assert (scores[:, -1] - late[:, -1]).abs().max() > 1e-4
    assert scores.std(dim=1).min() > 0


def test_without_long_term_input_none_is_needed(make):
    assert make(SHORT)(batch_of(SHORT)).shape[2] == 3


def test_normalisation_is_measured_on_training_data_and_stored(make):
    model, fresh = make().eval(), make().eval()
    batch = batch_of(BOTH)
    shifted = {"X": batch["X"] * 7 - 30, "long_term": batch["long_term"] * 2 + 5}
    model.set_statistics(
        {
            "X": (torch.full((16,), -30.0), torch.full((16,), 7.0)),
            "long_term": (torch.full((16,), 5.0), torch.full((16,), 2.0)),
        }
    )
    assert torch.allclose(model(shifted), fresh(batch), atol=1e-5)
    assert not torch.allclose(fresh(shifted), fresh(batch), atol=1e-2)
    fresh.load_state_dict(model.state_dict())
    assert torch.equal(fresh(shifted), model(shifted))
    assert not {name for name, _ in model.named_parameters()} & {"X_mean", "X_scale"}


def test_a_band_that_never_changes_is_centred_and_not_blown_up(make):
    model = make()
    deviation = torch.ones(16)
    deviation[3] = 0
    model.set_statistics({"X": (torch.full((16,), -100.0), deviation)})
    assert torch.equal(model.normalized({"X": torch.full((1, 4, 16), -100.0)}, "X"), torch.zeros(1, 4, 16))
    assert model.normalized({"X": torch.full((1, 4, 16), -99.0)}, "X").max() == 1


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        (Dcase, {"pooling": (3, 3, 3)}),
        (Dcase, {"pooling": (3, 3, 3, 0)}),
        (Dcase, {"dropout": 1.0}),
        (Dcase, {"dropout": -0.1}),
        (Dcase, {"channels": 0}),
        (Dcase, {"hidden": 0}),
        (Crnn, {"channels": (4, 4)}),
        (Crnn, {"recurrent": 0}),
        (Crnn, {"layers": 0}),
        (Crnn, {"dropout": 1.0}),
    ],
)
def test_senseless_parameters_are_refused(kind, arguments):
    with pytest.raises(ConfigError):
        kind(BOTH, **arguments)
