"""Augmentations against loops over chunks, frames and bands."""

import numpy as np
import pytest
import torch

from pyannote.audio.augmentation.chunk_mixing import ChunkMixing
from pyannote.audio.augmentation.frequency_shift import FrequencyShift
from pyannote.audio.augmentation.mixup import Mixup
from pyannote.audio.augmentation.random_equalization import RandomEqualization
from pyannote.audio.augmentation.time_frequency_masking import TimeFrequencyMasking
from pyannote.audio.augmentation.time_stretch import TimeStretch
from pyannote.audio.core.errors import ConfigError


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def batch_of(count=16, frames=50, bands=12, seed=0):
    random = torch.Generator().manual_seed(seed)
    return {
        "X": 10 * torch.randn(count, frames, bands, generator=random) - 40,
        "long_term": 10 * torch.randn(count, bands, generator=random) - 40,
        "y": (torch.rand(count, frames, 3, generator=random) > 0.5).float(),
    }


@pytest.mark.parametrize("seed", range(3))
def test_mixup_blends_inputs_and_targets_with_the_same_weight(seed):
    batch = batch_of()
    changed = Mixup(alpha=0.5)(batch, seeded(seed))
    weights = []
    for index in range(16):
        found = []
        for other in range(16):
            difference = batch["long_term"][index] - batch["long_term"][other]
            if other == index:
                weight = torch.tensor(1.0)
            else:
                weight = ((changed["long_term"][index] - batch["long_term"][other]) / difference).median()
            blends = [
                torch.allclose(
                    changed[name][index],
                    weight * batch[name][index] + (1 - weight) * batch[name][other],
                    atol=1e-3,
                )
                for name in batch
            ]
            found += [float(weight)] if all(blends) else []
        assert found, index
        weights.append(found[0])
    assert min(weights) >= 0.5 - 1e-4 and max(weights) <= 1 + 1e-4
    assert len({round(weight, 3) for weight in weights}) > 4


def test_share_says_how_many_chunks_are_blended():
    batch = batch_of(count=2000, frames=2, bands=2)
    changed = Mixup(alpha=1.0, share=0.3)(batch, seeded(0))
    share = (changed["X"] != batch["X"]).flatten(1).any(dim=1).float().mean()
    assert 0.25 < share < 0.35


@pytest.mark.parametrize("gain", [0.0, 6.0])
def test_chunk_mixing_adds_power(gain):
    batch = batch_of()
    changed = ChunkMixing(share=0.5, gain=gain)(batch, seeded(1))
    power = {name: 10 ** (batch[name].double().numpy() / 10) for name in ("X", "long_term")}
    mixed = 0
    for index in range(16):
        if torch.equal(changed["X"][index], batch["X"][index]):
            assert all(torch.equal(changed[name][index], batch[name][index]) for name in batch)
            continue
        mixed += 1
        added = 10 ** (changed["X"][index].double().numpy() / 10) - power["X"][index]
        factors = np.array([np.median(added / power["X"][other]) for other in range(16)])
        fits = [
            np.allclose(added, factor * power["X"][other], rtol=2e-2, atol=1e-3 * added.max())
            and 10 ** (-gain / 10) * 0.98 <= factor <= 10 ** (gain / 10) * 1.02
            and torch.equal(changed["y"][index], torch.maximum(batch["y"][index], batch["y"][other]))
            for other, factor in enumerate(factors)
        ]
        assert sum(fits) == 1
        other = fits.index(True)
        long = 10 ** (changed["long_term"][index].double().numpy() / 10) - power["long_term"][index]
        assert np.allclose(
            long, factors[other] * power["long_term"][other], rtol=2e-2, atol=1e-3 * long.max()
        )
    assert 3 <= mixed <= 13


def test_silence_mixed_with_silence_stays_silence():
    batch = {"X": torch.full((4, 5, 6), -100.0), "y": torch.zeros(4, 5, 1)}
    changed = ChunkMixing(share=1.0, gain=0.0)(batch, seeded(0))
    assert torch.allclose(changed["X"], torch.full((4, 5, 6), -100 + 10 * np.log10(2)), atol=1e-3)


def test_frequency_shift_moves_all_frames_of_a_chunk_alike():
    batch = batch_of(count=64)
    changed = FrequencyShift(bands=3)(batch, seeded(0))
    shifts = []
    for index in range(64):
        for shift in range(-3, 4):
            source = [min(max(band + shift, 0), 11) for band in range(12)]
            if torch.equal(changed["X"][index], batch["X"][index][:, source]):
                assert torch.equal(changed["long_term"][index], batch["long_term"][index][source])
                shifts.append(shift)
                break
        else:
            raise AssertionError(index)
    assert set(shifts) == set(range(-3, 4))


def test_equalization_is_one_curve_for_all_frames_of_a_chunk():
    batch = batch_of(count=64)
    changed = RandomEqualization(gain=6.0, deviation=0.0)(batch, seeded(0))
    curve = changed["X"] - batch["X"]
    assert torch.allclose(curve, curve[:, :1, :1].expand_as(curve), atol=1e-4)
    assert 4 < curve.abs().max() <= 6.001
    changed = RandomEqualization(gain=0.0, deviation=3.0, knots=3)(batch, seeded(0))
    curve = (changed["X"] - batch["X"])[:, 0]
    assert torch.allclose((changed["long_term"] - batch["long_term"]), curve, atol=1e-4)
    # linear between its knots, which are the first band, the middle one, and the last
    bends = np.flatnonzero((curve.diff(n=2, dim=1).abs() > 1e-3).any(dim=0).numpy())
    assert set(bends) <= {4, 5}
    assert 2 < curve[:, [0, -1]].std() < 4


def test_masks_are_single_intervals_of_the_mean():
    batch = batch_of(count=64, frames=40)
    changed = TimeFrequencyMasking(time_width=0.25, frequency_width=4)(batch, seeded(0))
    hidden = (changed["X"] != batch["X"]).numpy()
    widths = []
    for index in range(64):
        frames, bands = hidden[index].all(axis=1), hidden[index].all(axis=0)
        assert np.array_equal(hidden[index], frames[:, None] | bands[None, :])
        for stretch in (frames, bands):
            assert np.abs(np.diff(np.concatenate([[0], stretch, [0]]).astype(int))).sum() in (0, 2)
        widths.append((frames.sum(), bands.sum()))
        mean = float(batch["X"][index].mean())
        assert np.allclose(changed["X"][index].numpy()[hidden[index]], mean, atol=1e-3)
    assert {time for time, _ in widths} == set(range(11))
    assert {frequency for _, frequency in widths} == set(range(5))


def test_time_stretch_moves_features_and_activity_together():
    frames = 41
    position = torch.arange(float(frames))
    batch = {"X": position.repeat(32, 1)[:, :, None], "y": position.repeat(32, 1)[:, :, None] / frames}
    changed = TimeStretch(share=0.3)(batch, seeded(0))
    assert torch.allclose(changed["X"] / frames, changed["y"])
    assert (changed["X"][:, 20] == 20).all()
    tempo = (changed["X"][:, 30, 0] - changed["X"][:, 10, 0]) / 20
    assert 0.69 < tempo.min() < 0.8 and 1.2 < tempo.max() < 1.31
    # mirrored at the ends, and never jumping
    assert changed["X"].diff(dim=1).abs().max() <= 2
    assert changed["X"].min() >= 0 and changed["X"].max() <= frames - 1


def test_a_tempo_of_1_changes_nothing():
    batch = batch_of()
    changed = TimeStretch(share=0.0)(batch, seeded(0))
    assert torch.equal(changed["X"], batch["X"]) and torch.equal(changed["y"], batch["y"])


@pytest.mark.parametrize(
    "nothing",
    [
        Mixup(share=0.0),
        ChunkMixing(share=0.0),
        FrequencyShift(bands=0),
        TimeStretch(share=0.0),
        TimeFrequencyMasking(time_masks=0, frequency_masks=0),
        RandomEqualization(gain=0.0, deviation=0.0),
    ],
    ids=lambda augmentation: type(augmentation).__name__,
)
def test_neutral_parameters_change_nothing(nothing):
    batch = batch_of()
    changed = nothing(batch, seeded(0))
    assert all(torch.allclose(changed[name], batch[name], atol=1e-5) for name in batch)


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        (Mixup, {"alpha": 0.0}),
        (Mixup, {"share": 1.5}),
        (ChunkMixing, {"share": -0.1}),
        (ChunkMixing, {"gain": -1.0}),
        (FrequencyShift, {"bands": -1}),
        (RandomEqualization, {"gain": -1.0}),
        (RandomEqualization, {"deviation": -1.0}),
        (RandomEqualization, {"knots": 1}),
        (TimeFrequencyMasking, {"time_masks": -1}),
        (TimeFrequencyMasking, {"time_width": 1.1}),
        (TimeFrequencyMasking, {"frequency_width": -1}),
        (TimeStretch, {"share": 0.6}),
    ],
)
def test_parameters_out_of_range_are_refused(kind, arguments):
    with pytest.raises(ConfigError):
        kind(**arguments)
