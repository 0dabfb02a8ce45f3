"""What every augmentation of waveforms must do; a new file is tested as soon as it exists."""

import importlib
import importlib.util

import numpy as np
import pytest
import torch

from pyannote.audio.augmentation._waveform import WaveformAugmentation
from pyannote.audio.config.registry import available

RATE = 16000


def augmentation_class(name):
    return getattr(importlib.import_module(available("data_augmentation")[name]), name)


NAMES = [
    name
    for name in available("data_augmentation")
    if issubclass(augmentation_class(name), WaveformAugmentation)
]


def noise(seed, *shape):
    return np.random.default_rng(seed).normal(scale=0.1, size=shape).astype(np.float32)


def prepared(name, seconds=(3.0, 1.0), **given):
    """Augmentation with defaults, and a small pool where it has one."""
    if name == "Reverb":
        pytest.importorskip("pyroomacoustics")
        given = {"responses": 4, **given}
    augmentation = augmentation_class(name)(**given)
    augmentation.prepare([noise(n, round(length * RATE)) for n, length in enumerate(seconds)], RATE)
    return augmentation


def test_there_are_some():
    assert {"AddNoise", "AddNoiseFromGaps", "Reverb"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
class TestWaveformAugmentation:
    @pytest.mark.parametrize(("count", "samples"), [(1, 16000), (7, 8000), (3, 801), (2, 60000), (1, 1)])
    def test_keeps_shape_and_type(self, name, count, samples):
        waveforms = noise(9, count, samples)
        changed = prepared(name)(waveforms, np.random.default_rng(0))
        assert (changed.shape, changed.dtype) == (waveforms.shape, np.float32)
        assert np.isfinite(changed).all()

    def test_leaves_what_it_is_given_as_it_is(self, name):
        waveforms = noise(9, 4, 8000)
        before = waveforms.copy()
        changed = prepared(name)(waveforms, np.random.default_rng(0))
        assert np.array_equal(waveforms, before) and not np.shares_memory(changed, waveforms)

    def test_gives_what_may_be_written_to(self, name):
        waveforms = noise(9, 4, 8000)
        waveforms.flags.writeable = False
        prepared(name)(waveforms, np.random.default_rng(0))[:] = 0

    def test_changes_each_chunk(self, name):
        waveforms = noise(9, 6, 8000)
        changed = prepared(name)(waveforms, np.random.default_rng(0))
        assert (changed != waveforms).any(axis=1).all()

    def test_draws_from_the_generator_that_it_is_given_alone(self, name):
        augmentation, waveforms = prepared(name), noise(9, 6, 8000)
        state, own = torch.get_rng_state(), str(np.random.get_state())  # noqa: NPY002
        first = augmentation(waveforms, np.random.default_rng(5))
        second = augmentation(waveforms, np.random.default_rng(5))
        other = augmentation(waveforms, np.random.default_rng(6))
        assert np.array_equal(first, second) and not np.array_equal(first, other)
        assert torch.equal(state, torch.get_rng_state())
        assert own == str(np.random.get_state())  # noqa: NPY002

    def test_what_is_prepared_twice_is_the_same(self, name):
        waveforms = noise(9, 6, 8000)
        one, other = (prepared(name)(waveforms, np.random.default_rng(5)) for _ in range(2))
        assert np.array_equal(one, other)

    @pytest.mark.parametrize("level", [0, 1e-30, 1e-12, 1e4])
    def test_any_level_stays_finite(self, name, level):
        waveforms = (level * noise(9, 6, 8000)).astype(np.float32)
        waveforms[0] = 0
        changed = prepared(name)(waveforms, np.random.default_rng(0))
        assert np.isfinite(changed).all()
        assert not changed[0].any()

    def test_silent_sounds_stay_finite(self, name):
        augmentation, waveforms = prepared(name), noise(9, 6, 8000)
        augmentation.prepare([np.zeros(RATE, dtype=np.float32)] * 2, RATE)
        assert np.isfinite(augmentation(waveforms, np.random.default_rng(0))).all()

    def test_sounds_may_be_shorter_than_the_chunk(self, name):
        waveforms = noise(9, 6, 3 * RATE)
        changed = prepared(name, seconds=(0.5, 0.7))(waveforms, np.random.default_rng(0))
        assert changed.shape == waveforms.shape and (changed != waveforms).any(axis=1).all()
        # the last third is changed, too
        assert (changed != waveforms)[:, 2 * RATE :].any(axis=1).all()

    def test_sounds_may_be_mapped_read_only(self, name, tmp_path):
        np.save(tmp_path / "sound.npy", noise(1, 2 * RATE))
        augmentation = prepared(name)
        augmentation.prepare([np.load(tmp_path / "sound.npy", mmap_mode="r")], RATE)
        assert np.isfinite(augmentation(noise(9, 2, 8000), np.random.default_rng(0))).all()

    @pytest.mark.parametrize("probability", [0.0, 0.3, 1.0])
    def test_a_share_of_the_chunks_is_changed(self, name, probability):
        augmentation, waveforms = prepared(name, probability=probability), noise(9, 400, 200)
        changed = (augmentation(waveforms, np.random.default_rng(0)) != waveforms).any(axis=1)
        assert changed.mean() == pytest.approx(probability, abs=0.08 if 0 < probability < 1 else 0)
