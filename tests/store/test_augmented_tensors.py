"""Chunks augmented on a device equal those of the host for the same random numbers."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from pyannote.audio.augmentation.add_noise import AddNoise
from pyannote.audio.augmentation.reverb import Reverb
from pyannote.audio.embedding.approaches._speaker_segments import SpeakerSegments
from pyannote.audio.embedding.approaches.triplet_loss import TripletLoss
from pyannote.audio.features.librosa_mel_spectrogram import LibrosaMelSpectrogram
from pyannote.audio.features.librosa_mfcc import LibrosaMFCC
from pyannote.audio.features.raw_audio import RawAudio
from pyannote.audio.labeling.tasks.dcase import Dcase as DcaseTask
from pyannote.audio.store import augmented_tensors as _augmented_tensors
from pyannote.audio.store.augmented_packs import AugmentedPack
from pyannote.audio.store.augmented_tensors import AugmentedTensors
from pyannote.audio.store.feature_store import FeatureStore
from pyannote.audio.store.packs import fits

CPU = torch.device("cpu")
RATE = 16000
# 0.05 s is fewer frames than a derivative is fitted to, 0.15 s fewer than most chunks have
SECONDS = (1.0, 0.05, 1.7, 0.15, 0.0101, 2.003)
EXTRACTIONS = [
    LibrosaMFCC(),
    LibrosaMFCC(e=True, De=False, DDe=False, coefs=12, D=False, DD=False, step=0.04),
    LibrosaMelSpectrogram(n_mels=40),
    RawAudio(),
]


class Gain:
    """Changes nothing but the level, on the host and on a device."""

    nbytes = 0

    def __init__(self, factor=2.0):
        self.factor = factor

    def __call__(self, waveforms, random):
        return waveforms * np.float32(self.factor) if isinstance(waveforms, np.ndarray) else 2 * waveforms

    def to(self, device):
        return self


def noise(seed, *shape):
    return np.random.default_rng(seed).normal(scale=0.1, size=shape).astype(np.float32)


def files_of(seconds=SECONDS):
    return [
        {"waveform": noise(index, round(length * RATE)), "sample_rate": RATE}
        for index, length in enumerate(seconds)
    ]


def add_noise(**options):
    augmentation = AddNoise(**options)
    augmentation.prepare([noise(50, 3 * RATE), noise(51, RATE // 5)], RATE)
    return augmentation


def on_cpu(pack):
    """The pack that a device would gather from, on the CPU."""
    return AugmentedTensors.of(pack, pack.extraction, pack.waveforms, pack.augmentations, CPU)


@pytest.fixture(params=EXTRACTIONS, ids=lambda one: f"{type(one).__name__}-{one.dimension}")
def store(request, tmp_path):
    return FeatureStore(request.param, tmp_path)


def gathered(pack, starts, frames, seed=0):
    return pack.gather(np.array(starts), frames, np.random.default_rng(seed)).numpy()


@pytest.mark.parametrize("frames", [1, 3, 20, 100])
def test_chunks_are_those_of_the_host_everywhere(store, frames):
    host = store.pack(files_of(), [Gain()])
    device = on_cpu(host)
    total = len(host.data)
    ends = np.concatenate([host.offsets[:-1], host.offsets[1:] - 1, host.offsets[1:] - frames])
    starts = np.concatenate([np.arange(0, total, 1 + total // 300), ends.clip(0), ends.clip(0) + 4])
    starts = np.unique(starts.clip(max=total - 1))
    expected, found = gathered(host, starts, frames), gathered(device, starts, frames)
    assert found.dtype == np.float32 and found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-3)


def test_starts_may_lie_on_the_device(store):
    pack = on_cpu(store.pack(files_of(), [add_noise()]))
    starts = np.array([0, 50, 7])
    found = pack.gather(pack.places(starts), 20, np.random.default_rng(3)).numpy()
    assert np.array_equal(found, gathered(pack, starts, 20, seed=3))


def test_what_is_drawn_depends_on_the_generator_alone(store):
    pack = on_cpu(store.pack(files_of(), [add_noise()]))
    state = torch.get_rng_state()
    first, same, other = (gathered(pack, [0, 40], 10, seed) for seed in (1, 1, 2))
    assert np.array_equal(first, same) and not np.array_equal(first, other)
    assert torch.equal(torch.get_rng_state(), state)


def test_there_is_silence_beyond_the_ends_whatever_is_added(tmp_path):
    extraction = LibrosaMelSpectrogram(n_mels=40)
    host = FeatureStore(extraction, tmp_path).pack(files_of([0.5]), [add_noise(snr_min=-40, snr_max=-40)])
    seen = []

    class Seeing(LibrosaMelSpectrogram):
        def of_tensors(self, waveforms, lengths=None):
            seen.append(waveforms)
            return super().of_tensors(waveforms, lengths)

    device = on_cpu(replace(host, extraction=Seeing(n_mels=40)))
    gathered(device, [0], 51)
    (waveforms,) = seen
    inside = np.zeros(waveforms.shape[1], dtype=bool)
    inside[200:8200] = True
    assert np.array_equal(waveforms[0].numpy() != 0, inside)


def test_large_batches_are_computed_in_parts(tmp_path, monkeypatch):
    host = FeatureStore(LibrosaMFCC(), tmp_path).pack(files_of(), [Gain()])
    pack = on_cpu(host)
    starts = list(range(0, 200, 20))
    expected = gathered(pack, starts, 20)
    monkeypatch.setattr(_augmented_tensors, "BLOCK", 3 * 5000)
    np.testing.assert_allclose(gathered(pack, starts, 20), expected, atol=1e-4)


class Waiting(TorchDispatchMode):
    """Refuses what waits for a device: reading a value, and shapes that depend on values."""

    NAMES = ("aten._local_scalar_dense", "aten.nonzero", "aten.masked_select", "aten.unique")

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        assert not str(function).startswith(self.NAMES), f"{function} waits for the device"
        return function(*args, **(kwargs or {}))


def test_nothing_waits_for_the_device(store):
    pytest.importorskip("scipy")
    reverb = Reverb()
    reverb._pool, reverb._direct = noise(9, 4, 4000), 16
    pack = on_cpu(store.pack(files_of(), [reverb, add_noise(probability=0.5)]))
    starts = torch.tensor([0, 5, 100])
    with Waiting():
        pack.gather(starts, 20, np.random.default_rng(0))
    with pytest.raises(AssertionError, match="waits"), Waiting():
        float(torch.ones(1))


# where it is computed


def host_pack(augmentations):
    samples = noise(0, 1000)
    data = samples[:, None].copy()
    return AugmentedPack(data, np.array([0, 1000]), data[:1], RawAudio(), [samples], augmentations)


def test_a_pack_on_the_cpu_is_the_one_that_the_host_draws():
    moved = host_pack([Gain()]).to(CPU)
    assert type(moved) is AugmentedPack


def test_what_cannot_do_so_on_a_device_stays_on_the_host():
    meta = torch.device("meta")
    assert isinstance(host_pack([Gain()]).to(meta), AugmentedTensors)
    alone = host_pack([Gain(), lambda waveforms, random: waveforms])
    assert alone.to(meta) is alone


@pytest.mark.parametrize(("free", "enough"), [(2 * 4040 - 1, False), (2 * 4040, True)])
def test_half_of_the_free_memory_is_left(monkeypatch, free, enough):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (free, 1 << 40))
    gain = Gain()
    gain.nbytes = 40
    assert fits(host_pack([gain]), torch.device("cuda")) is enough


def test_the_store_computes_on_the_device_that_it_is_given(tmp_path):
    asked = []

    class Watched(LibrosaMFCC):
        def open_on(self, file, device):
            asked.append(device)
            return super().open_on(file, CPU)

    (file,) = files_of([0.5])
    cuda = torch.device("cuda")
    found = FeatureStore(Watched(), tmp_path / "a", device=cuda).get(file)
    assert asked == [cuda]
    assert (
        FeatureStore(Watched(), tmp_path / "a").folder
        == FeatureStore(Watched(), tmp_path / "a", 1, cuda).folder
    )
    expected = FeatureStore(Watched(), tmp_path / "b", device=CPU).get(file)
    assert asked == [cuda]
    np.testing.assert_allclose(found, expected, atol=1e-4)


# what is learned from them


def embedding_batches(pack_of, files):
    approach = TripletLoss(
        segments=SpeakerSegments(per_fold=4, per_label=2, min_duration=0.3, max_duration=0.6, per_epoch=1e-4)
    )
    approach.check(files)
    approach.prepare(files, pack_of(files), approach.specifications(LibrosaMFCC()))
    return list(approach.batches(epoch=2, seed=1))


def labeling_batches(pack_of, files):
    task = DcaseTask(
        {"regular": [f"speaker{n}" for n in range(5)]}, duration=0.5, batch_size=4, per_epoch=1e-4
    )
    task.check(files)
    task.prepare(files, pack_of(files), task.specifications(LibrosaMFCC()))
    return list(task.batches(epoch=2, seed=1))


@pytest.mark.parametrize("batches", [embedding_batches, labeling_batches])
def test_tasks_draw_the_same_batches_from_the_host_and_from_a_device(tmp_path, batches):
    files = [
        {**file, "uri": str(index), "regions": [(0.0, 1.0)], "events": [(0.0, 1.0, f"speaker{index}")]}
        for index, file in enumerate(files_of([1.0] * 5))
    ]
    store = FeatureStore(LibrosaMFCC(), tmp_path)
    host = batches(lambda files: store.pack(files, [Gain()]), files)
    device = batches(lambda files: on_cpu(store.pack(files, [Gain()])), files)
    assert len(host) == len(device) > 1
    for one, other in zip(host, device, strict=True):
        assert one.keys() == other.keys()
        for name in one:
            torch.testing.assert_close(one[name], other[name], rtol=1e-6, atol=1e-3)
