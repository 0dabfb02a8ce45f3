"""Every feature extraction gives torch the numbers of NumPy, or says that it reads no waveforms."""

import importlib
import inspect

import numpy as np
import pytest
import torch

from pyannote.audio.config.registry import available
from pyannote.audio.core.errors import ConfigError
from pyannote.audio.features.base import FeatureExtraction

# another rate, window and choice of columns than by default, wherever a class has such parameters
OTHER = {
    "sample_rate": 22050,
    "duration": 0.031,
    "step": 0.0125,
    "n_mels": 30,
    "coefs": 12,
    "e": True,
    "De": False,
    "DD": False,
}


def extractions():
    for name, module in available("feature_extraction").items():
        found = getattr(importlib.import_module(module), name)
        parameters = inspect.signature(found).parameters
        if issubclass(found, FeatureExtraction) and all(
            one.default is not inspect.Parameter.empty for one in parameters.values()
        ):
            yield pytest.param(found(), id=name)
            other = {key: value for key, value in OTHER.items() if key in parameters}
            yield pytest.param(found(**other), id=f"{name}-other")


EVERY = list(extractions())


def framing_of(extraction):
    """Framing, of what reads waveforms; what does not must say so in both ways alike."""
    try:
        return extraction.framing
    except ConfigError:
        with pytest.raises(ConfigError, match="no waveforms"):
            extraction.of_tensors(torch.zeros(1, 8000))
        pytest.skip("no waveforms")


def noise(*shape, seed=0):
    return np.random.default_rng(seed).normal(scale=0.1, size=shape).astype(np.float32)


def assert_equal(found, expected):
    assert found.shape == expected.shape and found.dtype == np.float32
    near = np.isclose(found, expected, rtol=1e-6, atol=1e-4)
    assert near.mean() > 0.99
    # of a single frequency that cancels out, the rounding of the others is left
    power, same = (10 ** (values[~near].astype(np.float64) / 10) for values in (found, expected))
    np.testing.assert_allclose(power, same, rtol=0, atol=1e-6)


def test_there_are_some():
    assert {"LibrosaMFCC", "LibrosaMelSpectrogram", "LibrosaSpectrogram", "RawAudio"} <= {
        type(one.values[0]).__name__ for one in EVERY
    }


@pytest.mark.parametrize("extraction", EVERY)
class TestFeatureTensors:
    @pytest.mark.parametrize("frames", [1, 2, 8, 9, 10, 205])
    def test_equal_those_of_numpy(self, extraction, frames):
        waveforms = noise(3, framing_of(extraction).samples(frames))
        waveforms[1] *= 1e-3
        waveforms[2] = 0
        found = extraction.of_tensors(torch.from_numpy(waveforms))
        assert_equal(found.numpy(), extraction.of_excerpts(waveforms))

    def test_excerpts_of_several_lengths_are_those_of_each_by_itself(self, extraction):
        framing = framing_of(extraction)
        lengths = [1, 3, 8, 9, 12, 40]
        waveforms = noise(len(lengths), framing.samples(40))
        found = extraction.of_tensors(torch.from_numpy(waveforms), torch.tensor(lengths)).numpy()
        for waveform, features, length in zip(waveforms, found, lengths, strict=True):
            alone = extraction.of_excerpts(waveform[None, : framing.samples(length)])[0]
            assert_equal(features[:length], alone)

    def test_neither_coarser_products_nor_autocast_change_them(self, extraction):
        waveforms = torch.from_numpy(noise(2, framing_of(extraction).samples(50)))
        expected = extraction.of_tensors(waveforms)
        before = torch.get_float32_matmul_precision()
        torch.set_float32_matmul_precision("medium")
        try:
            with torch.autocast("cpu", dtype=torch.bfloat16):
                found = extraction.of_tensors(waveforms)
        finally:
            torch.set_float32_matmul_precision(before)
        assert torch.equal(found, expected)

    def test_recordings_are_those_of_numpy_in_whole_and_in_part(self, extraction, monkeypatch):
        framing_of(extraction)
        monkeypatch.setattr(type(extraction), "piece", 100)
        for samples in (1, 700, 50_000):
            file = {"waveform": noise(samples), "sample_rate": extraction.sample_rate}
            on_device, expected = extraction.open_on(file, torch.device("cpu")), extraction.open(file)
            assert on_device.frames == expected.frames
            whole = np.concatenate(list(expected.pieces(100)))
            assert_equal(np.concatenate(list(on_device.pieces(100))), whole)
            for first, last in [(0, 1), (len(whole) - 1, len(whole)), (len(whole) // 2, len(whole))]:
                assert_equal(on_device.read(first, last), whole[first:last])

    def test_shapes_alone_are_enough(self, extraction):
        """On the device "meta", anything that looked at a value would raise."""
        waveforms = torch.empty(2, framing_of(extraction).samples(30), device="meta")
        found = extraction.of_tensors(waveforms, torch.full((2,), 30, device="meta"))
        assert found.shape == (2, 30, extraction.dimension)
