"""What only a GPU can show: its features are those of the CPU, and no step waits for it."""

from contextlib import contextmanager

import numpy as np
import pytest
import torch

from pyannote.audio.augmentation.add_noise import AddNoise
from pyannote.audio.augmentation.reverb import Reverb
from pyannote.audio.embedding.approaches._speaker_segments import SpeakerSegments
from pyannote.audio.embedding.approaches.triplet_loss import TripletLoss
from pyannote.audio.features.librosa_mel_spectrogram import LibrosaMelSpectrogram
from pyannote.audio.features.librosa_mfcc import LibrosaMFCC
from pyannote.audio.features.librosa_spectrogram import LibrosaSpectrogram
from pyannote.audio.features.raw_audio import RawAudio
from pyannote.audio.store.augmented_tensors import AugmentedTensors
from pyannote.audio.store.feature_store import FeatureStore

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")

CUDA = torch.device("cuda")
RATE = 16000
EXTRACTIONS = [
    LibrosaMFCC(),
    LibrosaMelSpectrogram(n_mels=64),
    LibrosaMelSpectrogram(44100, n_mels=40),
    LibrosaSpectrogram(),
    RawAudio(),
]


def noise(seed, *shape):
    return np.random.default_rng(seed).normal(scale=0.1, size=shape).astype(np.float32)


def files_of(rate, seconds=(1.0, 0.05, 1.7, 0.15, 0.0101, 2.003)):
    return [
        {"waveform": noise(index, round(length * rate)), "sample_rate": rate}
        for index, length in enumerate(seconds)
    ]


def augmentations():
    added = AddNoise(snr_min=5, snr_max=20, probability=0.6)
    added.prepare([noise(50, 3 * RATE), noise(51, RATE // 5)], RATE)
    reverb = Reverb(probability=0.5)
    reverb._pool, reverb._direct = noise(52, 4, 4000), 32
    return [reverb, added]


def assert_equal(found, expected):
    near = np.isclose(found, expected, rtol=1e-6, atol=1e-3)
    assert near.mean() > 0.99
    # of a single frequency that cancels out, the rounding of the others is left
    power, same = (10 ** (values[~near].astype(np.float64) / 10) for values in (found, expected))
    np.testing.assert_allclose(power, same, rtol=0, atol=1e-5)


@contextmanager
def coarse_products():
    """Whatever a training allows for the good of its network."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


@contextmanager
def never_waiting():
    torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.parametrize("extraction", EXTRACTIONS, ids=lambda one: f"{type(one).__name__}-{one.sample_rate}")
class TestFeatures:
    @pytest.mark.parametrize("frames", [1, 8, 9, 205])
    def test_excerpts_are_those_of_the_cpu(self, extraction, frames):
        waveforms = noise(0, 5, extraction.framing.samples(frames))
        with coarse_products():
            found = extraction.of_tensors(torch.from_numpy(waveforms).to(CUDA))
        assert found.device.type == "cuda" and found.dtype == torch.float32
        assert_equal(found.cpu().numpy(), extraction.of_excerpts(waveforms))

    def test_stores_hold_the_same(self, extraction, tmp_path):
        files = files_of(extraction.sample_rate)
        device = FeatureStore(extraction, tmp_path / "cuda", parallel=2, device=CUDA)
        host = FeatureStore(extraction, tmp_path / "cpu")
        device.prepare(files)
        for file in files:
            assert_equal(device.get(file), host.get(file))

    def test_packs_without_audible_changes_hold_the_same(self, extraction, tmp_path):
        quiet = AddNoise(probability=0.0)
        quiet.prepare([noise(0, RATE)], RATE)
        store = FeatureStore(extraction, tmp_path)
        clean, moved = (store.pack(files_of(extraction.sample_rate), added) for added in ([], [quiet]))
        moved = moved.to(CUDA)
        assert isinstance(moved, AugmentedTensors)
        starts = np.arange(0, len(clean.data), 1 + len(clean.data) // 200)
        expected = clean.gather(starts, 30, np.random.default_rng(0)).numpy()
        found = moved.gather(starts, 30, np.random.default_rng(0))
        assert found.device.type == "cuda"
        assert_equal(found.cpu().numpy(), expected)


def pack_of(tmp_path, extraction):
    pack = FeatureStore(extraction, tmp_path).pack(files_of(RATE, (4.0, 3.0)), augmentations()).to(CUDA)
    assert isinstance(pack, AugmentedTensors)
    return pack


def test_chunks_depend_on_the_generator_alone(tmp_path):
    pack = pack_of(tmp_path, LibrosaMFCC())
    starts, state = np.arange(0, 500, 20), torch.cuda.get_rng_state()
    first, same, other = (pack.gather(starts, 100, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, same) and not torch.equal(first, other)
    assert torch.equal(torch.cuda.get_rng_state(), state)
    assert torch.isfinite(first).all()


@pytest.mark.parametrize("extraction", [LibrosaMFCC(), LibrosaMelSpectrogram(n_mels=64)])
def test_no_step_waits_for_the_device(tmp_path, extraction):
    pack = pack_of(tmp_path, extraction)
    starts = pack.places(np.arange(0, 400, 10))
    network = torch.nn.Linear(extraction.dimension, 2).to(CUDA)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.001)

    def step(seed):
        chunks = pack.gather(starts, 100, np.random.default_rng(seed))
        optimizer.zero_grad(set_to_none=True)
        network(chunks).square().mean().backward()
        optimizer.step()

    # what stays on the device is moved there by the first one
    step(0)
    with never_waiting():
        step(1)
    torch.cuda.synchronize()


def test_no_batch_of_an_epoch_waits_for_the_device(tmp_path):
    files = [
        {**file, "uri": str(index), "events": [(0.0, 2.0, f"speaker{index}")]}
        for index, file in enumerate(files_of(RATE, [2.0] * 5))
    ]
    extraction = LibrosaMFCC()
    approach = TripletLoss(
        segments=SpeakerSegments(per_fold=4, per_label=2, min_duration=0.5, max_duration=1.0, per_epoch=2e-4)
    )
    approach.check(files)
    pack = FeatureStore(extraction, tmp_path).pack(files, augmentations()).to(CUDA)
    approach.prepare(files, pack, approach.specifications(extraction))
    list(approach.batches(1, 0))
    # what is drawn for all batches is moved before the first one
    batches = approach.batches(2, 0)
    first = next(batches)
    with never_waiting():
        others = list(batches)
    assert len(others) > 1 and all(batch["X"].device == first["X"].device for batch in others)
