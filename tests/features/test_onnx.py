"""Onnx: frames of a network in a file, equal to those of torch and NumPy, and files that are refused."""

import pickle
import re
import sys
import warnings
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from numpy.lib.stride_tricks import sliding_window_view
from onnx import TensorProto, helper
from onnx_files import convolution, write
from torch import nn

from pyannote.audio.core.errors import ConfigError, DataError
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.features import LibrosaMelSpectrogram, Onnx
from pyannote.audio.models.crnn import Crnn
from pyannote.audio.store.feature_store import FeatureStore

RATE = 8000


def sound(seconds, rate=RATE, seed=0):
    samples = np.random.default_rng(seed).normal(scale=0.1, size=round(seconds * rate)).astype(np.float32)
    return {"waveform": samples, "sample_rate": rate}


def random_weights(dimension=3, window=240):
    return np.random.default_rng(1).normal(size=(dimension, 1, window)).astype(np.float32)


def by_hand(waveform, weights, hop, pads=(0, 0)):
    """Frames of a convolution, by NumPy in double precision."""
    windows = sliding_window_view(np.pad(waveform.astype(float), pads), weights.shape[2])[::hop]
    return windows @ weights[:, 0].T.astype(float)


@pytest.fixture
def file(tmp_path):
    return convolution(tmp_path / "a.onnx", random_weights(), hop=160, pads=(40, 40))


@pytest.mark.parametrize(
    ("window", "hop", "pads"),
    [(240, 160, (0, 0)), (240, 160, (40, 40)), (160, 160, (80, 80)), (1, 1, (0, 0))],
)
def test_frames_are_those_of_the_convolution_worked_by_hand(tmp_path, window, hop, pads):
    weights, recording = random_weights(window=window), sound(1.03)
    path = convolution(tmp_path / "a.onnx", weights, hop, pads)
    frames = Onnx(str(path), sample_rate=RATE, excerpt=0.2, context=0.1)(recording)
    expected = by_hand(recording["waveform"], weights, hop, pads)
    assert frames.data.shape == expected.shape and frames.data.dtype == np.float32
    assert np.abs(frames.data - expected).max() < 1e-5
    # the centre of the window of frame 3 among the samples, whose times are their numbers
    centre = (3 * hop - pads[0] + (window - 1) / 2) / RATE
    assert frames.sliding_window[3].middle == pytest.approx(centre)
    assert frames.sliding_window.step == pytest.approx(hop / RATE)


def test_a_long_window_without_padding_does_not_delay_frames(tmp_path):
    """Frame k is centred on (k + 1/2) steps: a click at 0.5 s is found there, not half a window earlier."""
    path = convolution(tmp_path / "a.onnx", np.ones((1, 1, 1600)), hop=160)
    click = np.zeros(RATE, dtype=np.float32)
    click[RATE // 2] = 1
    frames = Onnx(str(path), sample_rate=RATE)({"waveform": click, "sample_rate": RATE})
    active = np.flatnonzero(frames.data[:, 0] > 0.5)
    assert (active.min() + active.max() + 1) / 2 * 0.02 == pytest.approx(0.5, abs=0.02)
    assert len(frames.data) == 50
    assert frames.sliding_window[10].middle == pytest.approx(0.21, abs=1e-3)


def test_excerpts_with_context_equal_the_whole(tmp_path):
    """Three layers see 5 frames to each side: excerpts of 8 frames, with that context, change nothing."""
    torch.manual_seed(0)
    layers = nn.Sequential(
        nn.Conv1d(1, 8, 240, 80, padding=80), nn.ReLU(), nn.Conv1d(8, 8, 5, 2, padding=2), nn.ReLU(),
        nn.Conv1d(8, 4, 5, padding=2),
    )  # fmt: skip
    path = exported(Rows(layers), torch.zeros(1, 1600), tmp_path / "a.onnx")
    recording = sound(7.01)
    with torch.no_grad():
        whole = Rows(layers)(torch.from_numpy(recording["waveform"])[None])[0].numpy()
    enough = Onnx(str(path), sample_rate=RATE, excerpt=0.2, context=0.1)
    assert np.abs(enough(recording).data - whole).max() < 1e-5
    without = Onnx(str(path), sample_rate=RATE, excerpt=0.2, context=0.0)(recording).data
    assert without.shape == whole.shape and np.abs(without - whole).max() > 0.01
    # any part has the bits of the whole
    reader = enough.open(recording)
    assert np.array_equal(reader.read(13, 101), enough(recording).data[13:101])
    assert np.array_equal(np.concatenate(list(reader.pieces(7))), enough(recording).data)


class Rows(nn.Module):
    """Waveforms of shape (batch, samples) through layers, to (batch, frames, channels)."""

    def __init__(self, layers):
        super().__init__()
        self.layers = layers

    def forward(self, waveforms):
        return self.layers(waveforms[:, None]).transpose(1, 2)


class OfFrames(nn.Module):
    """A network of this toolkit, which takes a dictionary, for the exporter, which takes tensors."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, frames):
        return self.model({"X": frames})


def exported(module, example, path):
    module.eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module, (example,), str(path), input_names=["in"], output_names=["out"],
            dynamic_axes={"in": {1: "length"}, "out": {1: "frames"}}, dynamo=False,
        )  # fmt: skip
    return path


def test_a_network_of_this_toolkit_reads_mel_bands(tmp_path):
    """Crnn, exported: its output is that of torch on the bands of LibrosaMelSpectrogram."""
    torch.manual_seed(0)
    specifications = Specifications("Dcase", {"X": 40}, ("a", "b", "c"), 2.0, 0.02, RATE)
    model = OfFrames(Crnn(specifications, recurrent=8, hidden=8)).eval()
    path = exported(model, torch.zeros(1, 100, 40), tmp_path / "crnn.onnx")
    mel = {"n_mels": 40, "duration": 0.04, "step": 0.02}
    recording = sound(4.0)
    bands = LibrosaMelSpectrogram(sample_rate=RATE, **mel)(recording).data
    with torch.no_grad():
        expected = model(torch.from_numpy(bands)[None])[0].numpy()
    features = Onnx(str(path), sample_rate=RATE, mel=mel)
    frames = features(recording)
    assert frames.data.shape == expected.shape and np.abs(frames.data - expected).max() < 1e-5
    assert features.step == pytest.approx(model.model.resolution * 0.02)
    assert features.parameters["mel"]["version"] == LibrosaMelSpectrogram.version


def test_inputs_without_a_batch_and_a_named_output(tmp_path):
    nodes = [
        helper.make_node("Reshape", ["x", "shape"], ["frames"]),
        helper.make_node("Neg", ["frames"], ["negative"]),
    ]
    path = write(
        tmp_path / "a.onnx", nodes, {"x": ["n"]}, {"frames": ["t", 1], "negative": ["t", 1]},
        {"shape": np.array([-1, 1])},
    )  # fmt: skip
    recording = sound(0.1)
    first = Onnx(str(path), sample_rate=RATE)
    second = Onnx(str(path), sample_rate=RATE, output="negative")
    assert np.array_equal(first(recording).data, -second(recording).data)
    assert np.array_equal(first(recording).data[:, 0], recording["waveform"])
    assert first.output == "frames" and first.parameters != second.parameters
    with pytest.raises(ConfigError, match="no output 'logits'; it has 'frames', 'negative'"):
        Onnx(str(path), sample_rate=RATE, output="logits")


def test_recordings_at_another_rate_are_resampled(file):
    low = sound(1.0)
    high = {"waveform": np.repeat(low["waveform"], 2), "sample_rate": 2 * RATE}
    features = Onnx(str(file), sample_rate=RATE)
    assert len(features(high).data) == len(features(low).data) == 50


def test_an_edited_file_gives_new_features(file, tmp_path):
    """The store may not give the old ones, though path, size and time of the file are the same."""
    recording, cache = sound(1.0), tmp_path / "cache"
    before = Onnx(str(file), sample_rate=RATE)
    old = FeatureStore(before, cache).get(recording)
    convolution(file, 2 * random_weights(), hop=160, pads=(40, 40))
    after = Onnx(str(file), sample_rate=RATE)
    assert before.parameters != after.parameters
    new = FeatureStore(after, cache).get(recording)
    assert np.allclose(new, 2 * old, atol=1e-5) and np.abs(new - old).max() > 0.1
    with pytest.raises(ConfigError, match=r"sha256 is .*it is another network"):
        Onnx(str(file), sample_rate=RATE, **before.found)
    # a copy elsewhere shares features
    copy = tmp_path / "copy.onnx"
    copy.write_bytes(file.read_bytes())
    assert Onnx(str(copy), sample_rate=RATE).parameters == after.parameters


def test_a_file_that_changes_after_it_was_opened_is_refused(file):
    features = Onnx(str(file), sample_rate=RATE, excerpt=0.5)
    convolution(file, 3 * random_weights(), hop=160, pads=(40, 40))
    other = pickle.loads(pickle.dumps(features))
    from pyannote.audio.features._onnx_networks import network

    network.cache_clear()
    with pytest.raises(ConfigError, match="It has changed"):
        other(sound(1.0))


def test_what_is_given_is_compared_with_the_network(file):
    name = str(file)
    assert Onnx(name, sample_rate=RATE, step=0.02, duration=0.03).sliding_window.duration == 0.03
    with pytest.raises(ConfigError, match=r"step is 0.01 s; the network gives one frame each 160 samples"):
        Onnx(name, sample_rate=RATE, step=0.01)
    with pytest.raises(ConfigError, match=r"step is 0.02 s; .*0.01 s at 16000 Hz"):
        Onnx(name, sample_rate=16000, step=0.02)
    with pytest.raises(ConfigError, match=r"duration is 0.001 s; allowed are 0.02"):
        Onnx(name, sample_rate=RATE, duration=0.001)
    for wrong in ({"excerpt": 0.0}, {"context": -1.0}, {"context": float("nan")}, {"sample_rate": 1}):
        with pytest.raises(ConfigError, match=next(iter(wrong))):
            Onnx(name, **{"sample_rate": RATE, **wrong})
    with pytest.raises(ConfigError, match="mel has no parameter 'bands'"):
        Onnx(name, mel={"bands": 40})
    with pytest.raises(ConfigError, match="n_mels"):
        Onnx(name, mel={"n_mels": 40.5})


def identity(tmp_path, shape, out=None, kind=TensorProto.FLOAT):
    nodes = [helper.make_node("Cast", ["x"], ["y"], to=TensorProto.FLOAT)]
    return write(tmp_path / "a.onnx", nodes, {"x": shape}, {"y": out or shape}, kind=kind)


@pytest.mark.parametrize(
    ("shape", "kind"),
    [([1, 16000], 1), ([4, "n"], 1), ([1, "t", 40], 1), ([], 1), ([1, "n"], TensorProto.DOUBLE)],
)
def test_inputs_that_are_no_waveform_are_refused(tmp_path, shape, kind):
    path = identity(tmp_path, shape, kind=kind)
    with pytest.raises(ConfigError, match=re.escape("needed is float32 of shape (1, samples) or (samples,)")):
        Onnx(str(path))


def test_mel_bands_of_another_number_are_refused(tmp_path):
    path = identity(tmp_path, [1, "t", 40])
    assert Onnx(str(path), mel={"n_mels": 40}).dimension == 40
    with pytest.raises(ConfigError, match=r"\(1, t, 40\); needed is float32 of shape \(1, frames, 64\)"):
        Onnx(str(path), mel={"n_mels": 64})


def test_outputs_of_another_rank_are_refused(tmp_path):
    path = identity(tmp_path, ["n"])
    with pytest.raises(ConfigError, match=r"output 'y' has shape \(32000,\) .*\(1, frames, dimension\)"):
        Onnx(str(path))
    nodes = [helper.make_node("Unsqueeze", ["x", "axes"], ["y"])]
    path = write(tmp_path / "c.onnx", nodes, {"x": [1, "n"]}, {"y": [1, 1, "n"]}, {"axes": np.array([1])})
    with pytest.raises(ConfigError, match="fewer than two frames"):  # values before frames
        Onnx(str(path))
    nodes = [helper.make_node("ReduceMean", ["x"], ["y"], axes=[1], keepdims=1)]
    pooled = write(tmp_path / "b.onnx", nodes, {"x": [1, "n"]}, {"y": [1, 1]})
    with pytest.raises(ConfigError, match="fewer than two frames"):
        Onnx(str(pooled))


def test_frames_without_a_constant_step_are_refused(tmp_path):
    nodes = [
        helper.make_node("Unsqueeze", ["x", "axes"], ["a"]),
        helper.make_node("Concat", ["a", "a"], ["b"], axis=1),
    ]
    path = write(tmp_path / "a.onnx", nodes, {"x": [1, "n"]}, {"b": [1, "t", 1]}, {"axes": np.array([2])})
    with pytest.raises(ConfigError, match="constant step"):
        Onnx(str(path))


def test_two_inputs_are_refused(tmp_path):
    nodes = [helper.make_node("Add", ["x", "mask"], ["y"])]
    path = write(tmp_path / "a.onnx", nodes, {"x": [1, "n"], "mask": [1, "n"]}, {"y": [1, "n"]})
    with pytest.raises(ConfigError, match=r"2 inputs \('x', 'mask'\); one is needed"):
        Onnx(str(path))


@pytest.mark.parametrize("content", [b"", b"abc", 500])
def test_damaged_files_are_refused(file, content):
    file.write_bytes(file.read_bytes()[:content] if isinstance(content, int) else content)
    with pytest.raises(ConfigError, match=r"a\.onnx: onnxruntime cannot load it"):
        Onnx(str(file))


def test_missing_files_and_folders_are_refused(tmp_path):
    for path in (tmp_path / "none.onnx", tmp_path):
        with pytest.raises(ConfigError, match="There is no such file"):
            Onnx(str(path))


def test_weights_in_other_files_are_refused(file):
    """Their content would not be part of the checksum, so that an edit gave old features."""
    onnx.save_model(
        onnx.load(file), str(file), save_as_external_data=True, location="weights", size_threshold=0
    )
    assert Path(file.parent / "weights").exists()
    with pytest.raises(ConfigError, match="keeps weights in other files"):
        Onnx(str(file))


def test_nan_and_infinity_are_refused(tmp_path):
    """The logarithm of silence: noise gives numbers, zeros do not."""
    nodes = [
        helper.make_node("Abs", ["x"], ["a"]),
        helper.make_node("Log", ["a"], ["l"]),
        helper.make_node("Unsqueeze", ["l", "axes"], ["y"]),
    ]
    path = write(tmp_path / "a.onnx", nodes, {"x": [1, "n"]}, {"y": [1, "t", 1]}, {"axes": np.array([2])})
    features = Onnx(str(path), sample_rate=RATE)
    assert np.isfinite(features(sound(0.1)).data).all()
    with pytest.raises(DataError, match="gives NaN or infinity from 0 s"):
        features({"waveform": np.zeros(100), "sample_rate": RATE})


def test_recordings_shorter_than_the_window_are_refused(tmp_path):
    path = convolution(tmp_path / "a.onnx", random_weights(window=240), hop=160)
    with pytest.raises(DataError, match=r"has 239 samples; the network .* needs 240"):
        Onnx(str(path), sample_rate=RATE)({"waveform": np.zeros(239), "sample_rate": RATE})


def test_a_missing_onnxruntime_is_a_sentence(file, monkeypatch):
    from pyannote.audio.features._onnx_networks import network

    network.cache_clear()
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ConfigError, match="not installed") as caught:
        Onnx(str(file), context=1.5)
    assert "pip install onnxruntime" in caught.value.fix
