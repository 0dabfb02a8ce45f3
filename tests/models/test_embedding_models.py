"""Embedding networks against computations by hand, numpy and scipy, and published sizes."""

import numpy as np
import pytest
import torch
from scipy.signal import firwin, freqz
from torch import nn
from torch.nn.functional import batch_norm, linear

from pyannote.audio.config.registry import build
from pyannote.audio.config.schema import Block
from pyannote.audio.config.yaml_lines import read_yaml
from pyannote.audio.core.errors import ConfigError
from pyannote.audio.core.outputs import Output
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.models._normalization import Ball, InstanceNormalization, Ring, Sphere
from pyannote.audio.models._pooling import AttentiveStatistics, pooling_layer
from pyannote.audio.models._sinc import SincFilters, WaveformFrames
from pyannote.audio.models.clopi_net import ClopiNet
from pyannote.audio.models.ecapa_tdnn import EcapaTdnn, Excitation, Res2Convolution
from pyannote.audio.models.pyan_net import PyanNet
from pyannote.audio.models.res_net import ResNet
from pyannote.audio.models.sinc_net import SincNet
from pyannote.audio.models.tristou_net import TristouNet
from pyannote.audio.models.x_vector import XVector


def specifications(dimension=20):
    step = 1 / 16000 if dimension == 1 else 0.01
    return Specifications("TripletLoss", {"X": dimension}, ("a", "b"), 1.0, step, 16000, Output("vector"))


def frames_of(count=4, frames=50, features=20, seed=0, dtype=torch.float32):
    random = torch.Generator().manual_seed(seed)
    return torch.randn(count, frames, features, generator=random, dtype=dtype)


def instance_normalized(frames):
    values = frames.double().numpy()
    centred = values - values.mean(axis=1, keepdims=True)
    return torch.tensor(centred / np.sqrt(centred.var(axis=1, keepdims=True) + 1e-6)).to(frames.dtype)


def read_by(kind, weights, prefix, frames, units):
    """Outputs of a recurrent layer that is made anew and given the weights of `prefix`."""
    layer = kind(frames.shape[2], units, batch_first=True, bidirectional=True).to(frames.dtype)
    layer.load_state_dict({name[len(prefix) :]: weights[name] for name in weights if name.startswith(prefix)})
    return layer(frames)[0]


# recurrent networks


@pytest.mark.parametrize("rnn", ["LSTM", "GRU"])
def test_clopinet_is_what_its_description_says(rnn):
    torch.manual_seed(0)
    model = ClopiNet(specifications(), rnn=rnn, recurrent=[6, 5, 4], linear=[9, 7]).double().train()
    X, w = frames_of(dtype=torch.float64), model.state_dict()
    hidden, outputs = instance_normalized(X), []
    for index, units in enumerate([6, 5, 4]):
        hidden = read_by(getattr(nn, rnn), w, f"recurrent.layers.{index}.", hidden, units)
        outputs.append(hidden)
    hidden = torch.cat(outputs, dim=2)
    for index in (0, 2):
        hidden = linear(hidden, w[f"linear.{index}.weight"], w[f"linear.{index}.bias"]).tanh()
    summed = hidden.sum(dim=1)
    normalized = (summed - summed.mean(dim=0)) / (summed.var(dim=0, unbiased=False) + 50**2 * 1e-7).sqrt()
    expected = normalized / normalized.norm(dim=1, keepdim=True)
    assert torch.allclose(model({"X": X}), expected)


def test_clopinet_in_evaluation_uses_running_statistics():
    torch.manual_seed(0)
    model = ClopiNet(specifications(), recurrent=[6], linear=[7])
    for seed in range(5):
        model.train()({"X": frames_of(seed=seed)})
    model.eval()
    X, w = frames_of(seed=9), model.state_dict()
    pooled = model.embed(model.encode(instance_normalized(X)))
    running = w["batch_normalization.running_mean"], w["batch_normalization.running_var"]
    hidden = batch_norm(pooled, *running, eps=1e-7)
    assert torch.allclose(model({"X": X}), hidden / hidden.norm(dim=1, keepdim=True), atol=1e-6)


@pytest.mark.parametrize("batch_normalize", [True, False])
def test_a_sum_that_is_batch_normalised_does_not_grow_with_duration(batch_normalize):
    model = ClopiNet(
        specifications(), recurrent=[4], linear=[5], batch_normalize=batch_normalize, normalize=False
    )
    nn.init.zeros_(model.linear[0].weight)
    nn.init.ones_(model.linear[0].bias)
    short, long = (model.eval()({"X": frames_of(frames=frames)}) for frames in (50, 100))
    assert torch.allclose(long, short if batch_normalize else 2 * short, rtol=1e-4)


def test_tristounet_is_what_its_description_says():
    torch.manual_seed(0)
    model = TristouNet(specifications()).eval()
    X, w = frames_of(), model.state_dict()
    hidden = read_by(nn.LSTM, w, "recurrent.layers.0.", instance_normalized(X), 16).mean(dim=1)
    for index in (0, 2):
        hidden = linear(hidden, w[f"linear.{index}.weight"], w[f"linear.{index}.bias"]).tanh()
    assert torch.allclose(model({"X": X}), hidden / hidden.norm(dim=1, keepdim=True), atol=1e-5)
    # each direction: 4 gates, 20 inputs, 16 units, two biases; 32 x 16 and 16 x 16 with biases
    expected = 2 * 4 * 16 * (20 + 16 + 2) + 16 * 33 + 16 * 17
    assert sum(parameter.numel() for parameter in model.parameters()) == expected


def test_pyannet_reads_features_or_the_waveform():
    features, waveform = PyanNet(specifications()), PyanNet(specifications(1))
    assert features.resolution == 1 and waveform.resolution == 991
    assert isinstance(waveform.frames, WaveformFrames) and isinstance(features.frames, nn.Identity)


def test_pyannet_pools_the_last_recurrent_layer():
    torch.manual_seed(0)
    model = PyanNet(specifications(), recurrent=[6, 4], linear=[5], dimension=3, batch_normalize=False).eval()
    X, w = frames_of(), model.state_dict()
    hidden = instance_normalized(X)
    for index, units in enumerate([6, 4]):
        hidden = read_by(nn.LSTM, w, f"recurrent.layers.{index}.", hidden, units)
    hidden = linear(hidden, w["linear.0.weight"], w["linear.0.bias"]).tanh()
    pooled = torch.cat([hidden.mean(dim=1), (hidden.var(dim=1, unbiased=False) + 1e-6).sqrt()], dim=1)
    hidden = linear(pooled, w["output.weight"], w["output.bias"])
    assert torch.allclose(model({"X": X}), hidden / hidden.norm(dim=1, keepdim=True), atol=1e-5)


def test_the_configuration_of_the_tutorial_is_built(tmp_path):
    path = tmp_path / "config.yml"
    path.write_text(
        "architecture:\n   name: ClopiNet\n   params:\n     instance_normalize: True\n     rnn: LSTM\n"
        "     recurrent: [256, 256, 256]\n     linear: [256]\n     bidirectional: True\n"
        "     pooling: sum\n     batch_normalize: True\n     normalize: True\n"
    )
    document = read_yaml(path)
    block = Block("ClopiNet", document.content["architecture"]["params"], ("architecture",))
    model = build("architecture", block, document, specifications=specifications(59))
    assert model.dimension == 256
    assert torch.allclose(model({"X": frames_of(features=59)}).norm(dim=1), torch.ones(4), atol=1e-5)


# pooling and normalisation


@pytest.mark.parametrize("frames", [1, 2, 50])
@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("sum", lambda x: x.sum(axis=1)),
        ("mean", lambda x: x.mean(axis=1)),
        ("max", lambda x: x.max(axis=1)),
        ("statistics", lambda x: np.concatenate([x.mean(axis=1), np.sqrt(x.var(axis=1) + 1e-6)], axis=1)),
    ],
)
def test_pooling_is_that_of_numpy(kind, expected, frames):
    X = frames_of(frames=frames) + 3
    layer, dimension = pooling_layer(kind, 20)
    assert layer(X).shape == (4, dimension)
    assert np.allclose(layer(X), expected(X.double().numpy()), atol=1e-4)


def test_attentive_statistics_by_their_equations():
    torch.manual_seed(0)
    layer = AttentiveStatistics(5, hidden=3).double()
    X = frames_of(features=5, dtype=torch.float64)
    w = {name: value.numpy() for name, value in layer.state_dict().items()}
    found = layer(X).detach().numpy()
    for x, pooled in zip(X.numpy(), found, strict=True):
        context = np.concatenate([x.mean(axis=0), np.sqrt(x.var(axis=0) + 1e-6)])
        hidden = np.tanh(x @ w["frame.weight"].T + w["frame.bias"] + w["context.weight"] @ context)
        scores = np.exp(hidden @ w["score.weight"].T)
        weights = scores / scores.sum(axis=0)
        mean = (weights * x).sum(axis=0)
        deviation = np.sqrt((weights * x**2).sum(axis=0) - mean**2 + 1e-6)
        assert np.allclose(pooled, np.concatenate([mean, deviation]))


@pytest.mark.parametrize("kind", ["statistics", "attentive"])
def test_statistics_have_a_gradient_where_nothing_changes(kind):
    X = torch.ones(2, 30, 4, requires_grad=True)
    pooling_layer(kind, 4)[0](X).sum().backward()
    assert torch.isfinite(X.grad).all()


def test_instance_normalisation_is_that_of_numpy():
    X = 1e3 * frames_of() + 1e4
    assert torch.allclose(InstanceNormalization()(X), instance_normalized(X), atol=1e-3)


@pytest.mark.parametrize(
    ("layer", "length"),
    [(Sphere(), lambda n: 1), (Ball(), lambda n: n / (1 + n**2) ** 0.5), (Ring(), lambda n: 1)],
)
def test_lengths_change_and_directions_do_not(layer, length):
    X = frames_of()[:, 0]
    for scale in (1e-3, 1.0, 1e3):
        found = layer(scale * X)
        norms = (scale * X).norm(dim=1)
        assert torch.allclose(found.norm(dim=1), length(norms) * torch.ones(4), rtol=1e-4)
        assert torch.allclose(nn.functional.cosine_similarity(found, X), torch.ones(4), atol=1e-5)


@pytest.mark.parametrize("layer", [Sphere(), Ball(), Ring()])
def test_gradients_of_lengths(layer):
    X = frames_of(dtype=torch.float64)[:, 0].requires_grad_()
    assert torch.autograd.gradcheck(layer.double(), X)
    zero = torch.zeros(2, 3, requires_grad=True)
    layer.float()(zero).sum().backward()
    assert torch.isfinite(zero.grad).all() and torch.equal(layer(zero), torch.zeros(2, 3))


def test_a_ring_has_a_radius_that_is_learned():
    ring = Ring()
    ring(frames_of()[:, 0]).norm(dim=1).sum().backward()
    assert ring.log_radius.grad > 0
    with torch.no_grad():
        ring.log_radius.fill_(np.log(5))
    assert torch.allclose(ring(frames_of()[:, 0]).norm(dim=1), torch.full((4,), 5.0))


# sinc filters


@pytest.mark.parametrize("sample_rate", [8000, 16000, 44100])
def test_filters_are_those_of_scipy(sample_rate):
    filters = SincFilters(sample_rate, count=30, width=101).double()
    low, high = (cutoff.detach().numpy() * sample_rate for cutoff in filters.cutoffs())
    for index, impulse in enumerate(filters.filters().detach().numpy()):
        band = [low[index], min(high[index], sample_rate / 2 - 1e-6)]
        expected = firwin(101, band, window="hamming", pass_zero=False, scale=False, fs=sample_rate)
        assert np.allclose(impulse, expected, atol=1e-6)


def test_bands_begin_equally_wide_on_the_mel_scale():
    low, _ = SincFilters(16000, count=80).cutoffs()
    low = 16000 * low.detach().numpy()
    mel = 2595 * np.log10(1 + low / 700)
    assert np.allclose(np.diff(mel), np.diff(mel).mean(), rtol=1e-3) and low[0] == pytest.approx(60)


def test_a_band_passes_and_the_rest_does_not():
    filters = SincFilters(16000, count=40, width=1001)
    low, high = (16000 * cutoff[20].item() for cutoff in filters.cutoffs())
    middle, outside = (low + high) / 2, [low / 2, min(2 * high, 7900)]
    _, gain = freqz(filters.filters()[20].detach().numpy(), worN=[middle, *outside], fs=16000)
    assert abs(gain[0]) == pytest.approx(1, abs=0.01) and np.abs(gain[1:]).max() < 0.01


def test_outputs_are_those_of_numpy():
    filters = SincFilters(16000, count=6, width=51, stride=7)
    samples = frames_of(1, 500, 1)[0, :, 0]
    found = filters(samples[None, None])[0].detach().numpy()
    samples = samples.numpy()
    for impulse, outputs in zip(filters.filters().detach().numpy(), found, strict=True):
        assert np.allclose(np.correlate(samples, impulse, mode="valid")[::7], outputs, atol=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_bands_stay_valid_whatever_training_does(seed):
    filters = SincFilters(16000, count=40)
    torch.manual_seed(seed)
    with torch.no_grad():
        filters.low.normal_(std=10.0**-seed)
        filters.band.normal_(std=10.0**-seed)
    low, high = (16000 * cutoff for cutoff in filters.cutoffs())
    assert (low >= 29.99).all() and (high <= 8000.01).all() and (high - low >= 49.99).all()
    assert torch.isfinite(filters.filters()).all()


def test_frequencies_are_learned_at_usual_rates():
    # the band begins at 930 to 1180 Hz and moves to where the signal is
    torch.manual_seed(0)
    filters = SincFilters(16000, count=1, width=251)
    with torch.no_grad():
        filters.low.fill_(900 / 16000)
        filters.band.fill_(200 / 16000)
    tone = torch.sin(2 * torch.pi * 1230 * torch.arange(2000) / 16000)[None, None]
    optimizer = torch.optim.Adam(filters.parameters(), 1e-3)
    before = filters(tone).square().mean().item()
    for _ in range(50):
        optimizer.zero_grad()
        (-filters(tone).square().mean()).backward()
        optimizer.step()
    low, high = (16000 * cutoff.item() for cutoff in filters.cutoffs())
    assert low < 1230 < high and filters(tone).square().mean() > 3 * before


@pytest.mark.parametrize(
    ("channels", "width", "stride"), [((6, 4, 4), 251, 10), ((6,), 31, 1), ((6, 5), 9, 3)]
)
def test_the_shortest_waveform_gives_one_frame(channels, width, stride):
    frames = WaveformFrames(specifications(1), channels, width, stride)
    assert frames(frames_of(2, frames.receptive_field, 1)).shape == (2, 1, channels[-1])
    with pytest.raises(RuntimeError):
        frames(frames_of(2, frames.receptive_field - 1, 1))


# convolutional networks


def count(model):
    return sum(parameter.numel() for parameter in model.parameters())


def test_sizes_are_the_published_ones():
    # Snyder et al. 2018: 4.2 million up to segment6, of 24 features
    assert count(XVector(specifications(24), batch_normalize=False)) == 4_204_508
    # Desplanques et al. 2020, table 1: 6.2 million for 512 channels of 80 features
    assert count(EcapaTdnn(specifications(80), channels=512, hidden=128)) == pytest.approx(6.2e6, rel=0.01)


def test_a_frame_of_an_x_vector_sees_seven_frames_on_both_sides():
    model = XVector(specifications(), channels=[8] * 5, instance_normalize=False).eval()
    X = frames_of(1, 60)
    changed = X.clone()
    changed[:, 30] += 1
    with torch.inference_mode():
        one, other = (model.encode(frames)[0] for frames in (X, changed))
    # offsets {-2..2} + {-2, 0, 2} + {-3, 0, 3} reach every frame of 23 to 37
    differs = ((one - other).abs().amax(dim=1) > 1e-7).nonzero().flatten().tolist()
    assert differs == list(range(23, 38))


def test_an_x_vector_with_statistics_of_its_input_pools_them_along():
    model = XVector(specifications(), channels=[8] * 5, input_statistics="pooled", residual=True).eval()
    X = frames_of(2, 60)
    with torch.inference_mode():
        encoded = model.encode(X)
    assert torch.equal(encoded[:, :, 8 : 8 + X.shape[2]], X)
    change = encoded[:, :, 8 + X.shape[2] :]
    assert torch.equal(change[:, 10], X[:, 12] - X[:, 8])
    assert torch.equal(change[:, 0], X[:, 2] - X[:, 0])
    assert model({"X": X}).shape == (2, model.dimension)


def test_appended_statistics_are_those_of_the_normalised_input():
    model = XVector(
        specifications(), channels=[8] * 5, dimension=6, input_statistics="appended", normalize=False
    ).eval()
    X = frames_of(3, 80)
    with torch.inference_mode():
        embeddings = model({"X": X})
        frames = model.instance_normalization(model.normalized({"X": X}, "X"))
    features = X.shape[2]
    assert embeddings.shape == (3, 6 + 4 * features) and model.dimension == 6 + 4 * features
    assert torch.allclose(embeddings[:, :6].norm(dim=1), torch.ones(3), atol=1e-5)
    mean, deviation = frames.mean(dim=1), frames.std(dim=1, correction=0)
    # running statistics of a fresh batch normalisation are 0 and 1
    assert torch.allclose(
        embeddings[:, 6 : 6 + features] / embeddings[:, 6 + 2 * features : 6 + 3 * features],
        mean / deviation,
        atol=1e-3,
    )


def test_appended_statistics_count_by_the_square_of_their_length_in_a_cosine():
    X = frames_of(3, 80)
    embeddings = {}
    for length in (1.0, 0.3):
        torch.manual_seed(0)
        model = XVector(
            specifications(),
            channels=[8] * 5,
            dimension=6,
            input_statistics="appended",
            statistics_length=length,
            normalize=False,
        ).eval()
        with torch.inference_mode():
            embeddings[length] = model({"X": X})
    assert torch.equal(embeddings[0.3][:, :6], embeddings[1.0][:, :6])
    assert torch.allclose(embeddings[0.3][:, 6:].norm(dim=1), torch.full((3,), 0.3), atol=1e-5)
    one, other = embeddings[1.0][:2]
    learned, statistics = one[:6] @ other[:6], one[6:] @ other[6:]
    expected = (learned + 0.09 * statistics) / 1.09
    assert torch.cosine_similarity(*embeddings[0.3][:2], dim=0).item() == pytest.approx(
        expected.item(), abs=1e-5
    )


@pytest.mark.parametrize("length", [0.0, -1.0, float("nan"), float("inf")])
def test_a_length_of_statistics_is_positive(length):
    with pytest.raises(ConfigError, match="statistics_length must be positive"):
        XVector(specifications(), channels=[8] * 5, statistics_length=length)


def test_layers_of_an_x_vector_that_are_added_must_be_equally_wide():
    with pytest.raises(ConfigError, match="must be equal"):
        XVector(specifications(), channels=[8, 8, 16, 8, 8], residual=True)


def test_parts_of_a_res2_convolution_follow_each_other():
    torch.manual_seed(0)
    layer = Res2Convolution(12, scale=4, dilation=2).eval()
    hidden = frames_of(2, 12, 30)
    found = layer(hidden)
    parts, expected = hidden.split(3, dim=1), [hidden[:, :3]]
    for index in range(1, 4):
        convolution, _, normalization = layer.convolutions[index - 1]
        inputs = parts[index] if index == 1 else parts[index] + expected[-1]
        outputs = nn.functional.conv1d(inputs, convolution.weight, convolution.bias, padding=2, dilation=2)
        expected.append(outputs.relu() / (1 + normalization.eps) ** 0.5)
    assert torch.allclose(found, torch.cat(expected, dim=1), atol=1e-6)


def test_excitation_weighs_channels():
    torch.manual_seed(0)
    layer = Excitation(6, 3)
    hidden = frames_of(2, 6, 30)
    weights = layer(hidden) / hidden
    assert torch.allclose(weights, weights[:, :, :1].expand_as(weights), atol=1e-4)
    assert weights.min() > 0 and weights.max() < 1


def test_a_residual_network_halves_time_and_frequency_three_times():
    model = ResNet(specifications(), channels=[4, 4, 8, 8], blocks=[1, 1, 1, 1]).eval()
    with torch.inference_mode():
        assert model.stages(frames_of(2, 50).unsqueeze(1)).shape == (2, 8, 7, 3)
    convolutions = [
        layer for layer in ResNet(specifications()).stages.modules() if isinstance(layer, nn.Conv2d)
    ]
    # a ResNet-18 without its fully connected layer: 17, and three shortcuts
    assert len(convolutions) == 20


@pytest.mark.parametrize(
    ("model", "dimension", "parameters", "match"),
    [
        (ClopiNet, 20, {"normalize": "maybe"}, "normalize must be one of True, False, 'sphere'"),
        (ClopiNet, 20, {"pooling": "median"}, "pooling must be one of 'sum'"),
        (ClopiNet, 20, {"rnn": "RNN"}, "rnn must be one of 'LSTM', 'GRU'"),
        (ClopiNet, 20, {"recurrent": []}, "recurrent must be at least 1"),
        (ClopiNet, 20, {"linear": [0]}, "linear must be at least 1"),
        (TristouNet, 20, {"recurrent": [-1]}, "recurrent must be at least 1"),
        (PyanNet, 20, {"dimension": 0}, "dimension must be at least 1"),
        (PyanNet, 1, {"stride": 0}, "stride must be at least 1"),
        (SincNet, 20, {}, "reads waveforms, not features of dimension 20"),
        (SincNet, 1, {"width": 250}, "width must be odd"),
        (SincNet, 1, {"channels": []}, "channels must be at least 1"),
        (XVector, 20, {"channels": [8, 8]}, "five sizes"),
        (EcapaTdnn, 20, {"channels": 20, "scale": 8}, "divide channels"),
        (EcapaTdnn, 20, {"scale": 1}, "scale must be 2 or more"),
        (ResNet, 20, {"blocks": [1]}, "equal length"),
    ],
)
def test_senseless_parameters_are_refused(model, dimension, parameters, match):
    with pytest.raises(ConfigError, match=match):
        model(specifications(dimension), **parameters)


@pytest.mark.parametrize("channels", [[8, 16, 32, 64], [12, 24, 48, 48], [4, 4, 8, 8]], ids=str)
def test_narrow_residual_networks_train(channels):
    """With channels last in memory, gradients of widths that are no multiples of 16 corrupted memory."""
    model = ResNet(specifications(), channels=channels, instance_normalize=False).train()
    for _ in range(4):
        model({"X": frames_of(32, 100)}).square().mean().backward()
    assert all(torch.isfinite(weight.grad).all() for weight in model.parameters())


@pytest.mark.parametrize("channels", [[6], [6, 5], [6, 5, 4]])
def test_padded_frames_lie_in_the_middle_of_their_samples(channels):
    torch.manual_seed(0)
    frames = WaveformFrames(specifications(1), channels, width=31, stride=4, padded=True).double()
    # normalisation over time would spread any change over all frames
    frames.normalizations = nn.ModuleList(nn.Identity() for _ in channels)
    hop = 4 * 3 ** len(channels)
    assert frames.resolution == frames.hop == hop
    for samples in (hop, 2 * hop - 1, 40 * hop, 40 * hop + 5):
        assert frames(torch.zeros(1, samples, 1, dtype=torch.float64)).shape[1] == samples // hop
    X = frames_of(1, 40 * hop, 1, dtype=torch.float64).requires_grad_()
    frames(X)[0, 20].square().sum().backward()
    seen = X.grad[0, :, 0].nonzero()
    assert abs((seen.min() + seen.max()) / 2 - (20.5 * hop - 0.5)) <= 1 + hop / 2
    assert seen.max() - seen.min() < frames.receptive_field
