"""Noise and rooms on a device: equal to the host for equal random numbers, with the same distribution."""

import numpy as np
import pytest
import torch

from pyannote.audio.augmentation.add_noise import AddNoise
from pyannote.audio.augmentation.add_noise_from_gaps import AddNoiseFromGaps
from pyannote.audio.augmentation.reverb import Reverb

RATE = 8000
CPU = torch.device("cpu")


def noise(seed, *shape):
    return np.random.default_rng(seed).normal(scale=0.1, size=shape).astype(np.float32)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def decibels(one, other):
    """Ratio of powers of each row, in double precision."""
    own, others = (np.mean(np.square(x, dtype=np.float64), axis=-1) for x in (one, other))
    return 10 * np.log10(own / others)


def prepared(kind, *sounds, **options):
    augmentation = kind(**options)
    augmentation.prepare(list(sounds), RATE)
    return augmentation


def rooms(probability=1.0):
    """Reverb with a pool of its own, which needs no library."""
    reverb = Reverb(probability=probability)
    decay = np.exp(-np.arange(2000) / 300)
    reverb._pool, reverb._direct = (3 * noise(7, 5, 2000) * decay).astype(np.float32), 16
    reverb._pool[:, 16] = 1
    return reverb


@pytest.mark.parametrize("kind", [AddNoise, AddNoiseFromGaps])
@pytest.mark.parametrize("samples", [1, 900, 8000, 30000])
def test_noise_is_that_of_the_host(kind, samples):
    sounds = [noise(0, 3 * RATE), noise(1, 1000), np.zeros(RATE, np.float32), noise(2, RATE)]
    augmentation = prepared(kind, *sounds, snr_min=-5, snr_max=30, probability=0.7)
    waveforms = noise(3, 200, samples) * np.logspace(-3, 1, 200, dtype=np.float32)[:, None]
    waveforms[::9] = 0
    drawn = np.random.default_rng(4).random((4, 200))
    expected = augmentation.add(waveforms, drawn)
    found = augmentation.to(CPU).add(torch.from_numpy(waveforms), torch.from_numpy(drawn)).numpy()
    assert found.dtype == np.float32
    scale = np.abs(expected).max(axis=1, keepdims=True).clip(1e-9)
    np.testing.assert_allclose(found / scale, expected / scale, rtol=0, atol=1e-6)
    changed = (expected != waveforms).any(axis=1)
    assert np.array_equal((found != waveforms).any(axis=1), changed) and 0 < changed.sum() < 200


@pytest.mark.parametrize(("low", "high"), [(10, 20), (-5, -5), (0, 40)])
def test_ratios_are_exact_and_fill_their_range(low, high):
    augmentation = prepared(
        AddNoise, noise(0, 3 * RATE), 1e-3 * noise(1, RATE // 2), snr_min=low, snr_max=high
    )
    waveforms = noise(2, 300, RATE)
    added = augmentation.to(CPU)(torch.from_numpy(waveforms), generator()).numpy() - waveforms
    found = decibels(waveforms, added)
    assert found.min() > low - 0.1 and found.max() < high + 0.1
    if high > low:
        assert np.histogram(found, bins=5, range=(low, high))[0].min() > 30


def test_sounds_are_drawn_as_often_as_on_the_host():
    sounds = np.full(9 * RATE, 0.5, np.float32), np.full(RATE, -0.5, np.float32)
    waveforms = torch.from_numpy(noise(0, 2000, 100))
    for kind, share in ((AddNoiseFromGaps, 0.9), (AddNoise, 0.5)):
        augmentation = prepared(kind, *sounds, snr_min=0, snr_max=0, probability=0.6)
        added = (augmentation.to(CPU)(waveforms, generator()) - waveforms).mean(dim=1)
        changed = added[added != 0]
        assert len(changed) / 2000 == pytest.approx(0.6, abs=0.04)
        assert (changed > 0).float().mean().item() == pytest.approx(share, abs=0.04)


@pytest.mark.parametrize("samples", [1, 900, 8000])
def test_rooms_are_those_of_the_host(samples):
    augmentation = rooms()
    waveforms = noise(3, 40, samples)
    waveforms[::9] = 0
    random = np.random.default_rng(4)
    which, changed = random.integers(5, size=40), random.random(40) < 0.7
    expected = augmentation.move(waveforms, which, changed)
    moved = augmentation.to(CPU).move(
        torch.from_numpy(waveforms), torch.from_numpy(which), torch.from_numpy(changed)
    )
    assert moved.dtype == torch.float32
    np.testing.assert_allclose(moved.numpy(), expected, rtol=0, atol=1e-6)
    assert np.array_equal(moved.numpy()[~changed], waveforms[~changed])


def test_rooms_are_drawn_from_the_whole_pool_for_a_share_of_the_chunks():
    augmentation = rooms(probability=0.5)
    click = torch.zeros(1000, 2500)
    click[:, 0] = 1
    heard = augmentation.to(CPU)(click, generator()).numpy()
    changed = (heard != click.numpy()).any(axis=1)
    assert changed.mean() == pytest.approx(0.5, abs=0.05)
    used = {row[17:40].tobytes() for row in (heard / heard[:, :1])[changed].round(3)}
    assert len(used) == 5


@pytest.mark.parametrize("make", [lambda: prepared(AddNoise, noise(0, RATE)), rooms], ids=["noise", "rooms"])
def test_results_depend_on_the_generator_and_input_is_not_modified(make):
    waveforms = torch.from_numpy(noise(3, 6, 4000))
    before, state = waveforms.clone(), torch.get_rng_state()
    augmentation = make().to(CPU)
    first, same, other = (augmentation(waveforms, generator(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, same) and not torch.equal(first, other)
    assert torch.equal(waveforms, before) and torch.equal(torch.get_rng_state(), state)
    assert torch.isfinite(augmentation(torch.zeros(2, 4000), generator())).all()


def test_memory_is_that_of_the_tensors():
    assert prepared(AddNoise, noise(0, RATE), noise(0, 10)).nbytes == 4 * RATE
    assert rooms().nbytes == 4 * 5 * 2000
