"""What is on and off, and that the network stays the same whatever is."""

import copy
from dataclasses import replace

import pytest
import torch
from torch import nn

from pyannote.audio.core.outputs import Output
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.models.clopi_net import ClopiNet
from pyannote.audio.models.dcase import Dcase
from pyannote.audio.models.x_vector import XVector
from pyannote.audio.train.acceleration import Acceleration
from pyannote.audio.train.allocator import tune_allocator
from pyannote.audio.train.optimizers.adam import Adam
from pyannote.audio.train.optimizers.sgd import SGD

CPU, GPU = torch.device("cpu"), torch.device("cuda")
SPECS = Specifications("Dcase", {"X": 6}, ("a", "b"), 0.3, 0.01, 16000)
VECTOR = replace(SPECS, output=Output("vector"))
BATCH = {"X": torch.randn(4, 30, 6)}


def detector():
    torch.manual_seed(0)
    return Dcase(SPECS, channels=8, hidden=6, pooling=(2, 2, 1, 1), dropout=0.0)


def embedding():
    torch.manual_seed(0)
    return XVector(VECTOR, channels=[8, 8, 8, 8, 16], dimension=8, instance_normalize=False)


class TestChoice:
    @pytest.mark.parametrize("choice", ["on", "off"])
    @pytest.mark.parametrize("device", [CPU, GPU], ids=str)
    def test_what_is_asked_for_is_done(self, choice, device):
        for model in (detector(), embedding()):
            assert Acceleration.choose(model, device, 1, choice, "off").mixed == (choice == "on")
            assert Acceleration.choose(model, device, 1, "off", choice).compiled == (choice == "on")

    @pytest.mark.parametrize("native", [False, True])
    def test_embeddings_take_16_bits_where_the_processor_multiplies_them(self, native, monkeypatch):
        monkeypatch.setattr("pyannote.audio.models._encoder.has_native_bfloat16", lambda: native)
        assert Acceleration.choose(embedding(), CPU).mixed == native
        assert not Acceleration.choose(detector(), CPU).mixed

    def test_on_gpus_convolutions_gain_where_batches_are_large(self, monkeypatch):
        monkeypatch.setattr("pyannote.audio.train.acceleration.find_spec", lambda name: True)
        monkeypatch.setattr("shutil.which", lambda name: name)
        small, large = (Acceleration.choose(embedding(), GPU, chunks) for chunks in (60, 256))
        assert (small.mixed, small.compiled, large.mixed, large.compiled) == (False, False, True, True)
        assert Acceleration.choose(detector(), GPU, 4096) == Acceleration()
        recurrent = ClopiNet(VECTOR, recurrent=[4], linear=[4])
        assert Acceleration.choose(recurrent, GPU, 256) == Acceleration(mixed=True)
        monkeypatch.setattr("shutil.which", lambda name: None)
        assert not Acceleration.choose(embedding(), GPU, 256).compiled

    def test_graphs_are_of_gpus(self, monkeypatch):
        monkeypatch.setattr("pyannote.audio.train.acceleration.graphs_supported", lambda: True)
        assert Acceleration.choose(detector(), GPU, graphs="auto").graphs
        assert not Acceleration.choose(detector(), GPU, graphs="off").graphs
        assert not Acceleration.choose(detector(), CPU, graphs="on").graphs
        monkeypatch.setattr("pyannote.audio.train.acceleration.graphs_supported", lambda: False)
        assert not Acceleration.choose(detector(), GPU, graphs="on").graphs
        assert str(Acceleration(graphs=True)) == "float32, not compiled, as a CUDA graph"

    def test_the_log_says_which(self):
        assert str(Acceleration()) == "float32, not compiled"
        assert str(Acceleration(mixed=True, compiled=True)) == "bfloat16 and float32, compiled"


class TestForward:
    def test_without_any_it_is_the_model(self):
        model = detector()
        assert torch.equal(Acceleration().forward(model)(BATCH), model(BATCH))

    def test_16_bits_give_nearly_the_same_in_32(self):
        model = detector()
        plain, mixed = model(BATCH), Acceleration(mixed=True).forward(model)(BATCH)
        assert mixed.dtype == torch.float32 and {value.dtype for value in model.parameters()} == {mixed.dtype}
        assert torch.allclose(plain, mixed, atol=0.05) and not torch.equal(plain, mixed)
        mixed.sum().backward()
        assert all(parameter.grad.dtype == torch.float32 for parameter in model.parameters())

    def test_embeddings_take_them_in_some_layers_only(self):
        outputs = {}
        for mixed in (False, True):
            model = embedding()
            outputs[mixed] = Acceleration(mixed=mixed).forward(model)(BATCH)
            assert model.half_precision == mixed and outputs[mixed].dtype == torch.float32
        assert not torch.equal(outputs[False], outputs[True])

    def test_what_is_compiled_is_the_model_with_its_own_weights(self, monkeypatch):
        seen = []
        monkeypatch.setattr(torch, "compile", lambda forward: seen.append(forward) or forward)
        model = detector()
        names = set(model.state_dict())
        forward = Acceleration(compiled=True).forward(model)
        assert seen == [model] and forward is model and set(model.state_dict()) == names


@pytest.mark.parametrize("optimizer", [SGD(), Adam()], ids=lambda one: type(one).__name__)
def test_fused_steps_are_those_of_the_textbook_implementation(optimizer):
    one, other = nn.Linear(5, 3), nn.Linear(5, 3)
    other.load_state_dict(copy.deepcopy(one.state_dict()))
    fused = optimizer(one.parameters(), 0.1)
    plain = type(fused)(other.parameters(), **{**fused.defaults, "fused": None})
    for index in range(5):
        for module in (one, other):
            torch.manual_seed(index)
            for parameter in module.parameters():
                parameter.grad = torch.randn(parameter.shape)
        fused.step()
        plain.step()
    assert torch.allclose(one.weight, other.weight, atol=1e-5) and fused.param_groups[0]["fused"]


def test_memory_is_kept_where_glibc_hands_it_out(monkeypatch):
    assert tune_allocator() in (True, False)
    monkeypatch.setattr("sys.platform", "darwin")
    assert not tune_allocator()
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("ctypes.CDLL", lambda name: object())
    assert not tune_allocator()
