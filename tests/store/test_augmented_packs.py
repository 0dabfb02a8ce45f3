"""Chunks computed from waveforms equal those of the store, unless the waveforms are augmented."""

import numpy as np
import pytest
from pyannote.core import SlidingWindow

from pyannote.audio.core.errors import ConfigError
from pyannote.audio.features.librosa_mel_spectrogram import LibrosaMelSpectrogram
from pyannote.audio.features.librosa_mfcc import LibrosaMFCC
from pyannote.audio.features.librosa_spectrogram import LibrosaSpectrogram
from pyannote.audio.features.precomputed import Precomputed
from pyannote.audio.features.raw_audio import RawAudio
from pyannote.audio.store.augmented_packs import AugmentedPack
from pyannote.audio.store.feature_store import FeatureStore

EXTRACTIONS = [
    LibrosaMFCC(e=False, De=True, DDe=True, coefs=19, D=True, DD=True),
    LibrosaMFCC(e=True, De=False, DDe=False, coefs=12, D=False, DD=False, sample_rate=8000),
    LibrosaMFCC(step=0.04, duration=0.025),
    LibrosaSpectrogram(duration=0.02, step=0.0125),
    LibrosaMelSpectrogram(sample_rate=22050, n_mels=40),
    RawAudio(sample_rate=8000),
]
# seconds; 0.05 s is fewer frames than a derivative is fitted to, 0.15 s fewer than most chunks have
SECONDS = (1.0, 0.05, 1.7, 0.15, 0.0101, 2.003)


def identity(waveforms, random):
    return waveforms.copy()


def inverted(waveforms, random):
    return -waveforms


def noise(waveforms, random):
    return waveforms + random.normal(size=waveforms.shape).astype(np.float32)


def files_of(seconds=SECONDS, sample_rate=16000):
    random = np.random.default_rng(0)
    return [
        {"waveform": random.normal(scale=0.1, size=round(length * sample_rate)), "sample_rate": sample_rate}
        for length in seconds
    ]


@pytest.fixture(params=EXTRACTIONS, ids=lambda one: f"{type(one).__name__}-{one.sample_rate}")
def store(request, tmp_path):
    return FeatureStore(request.param, tmp_path)


def gathered(pack, starts, frames, seed=0):
    return pack.gather(np.array(starts), frames, np.random.default_rng(seed)).numpy()


@pytest.mark.parametrize("frames", [1, 3, 20, 100])
def test_without_audible_changes_chunks_are_those_of_the_store_everywhere(store, frames):
    clean, changing = store.pack(files_of()), store.pack(files_of(), [inverted])
    everywhere = np.arange(len(clean.data))
    chosen = everywhere[:: max(1, len(everywhere) // 500)]
    ends = np.concatenate([clean.offsets[:-1], clean.offsets[1:] - 1, clean.offsets[1:] - frames])
    starts = np.unique(np.concatenate([chosen, ends.clip(0), ends.clip(0) + 4]).clip(max=len(everywhere) - 1))
    expected, computed = gathered(clean, starts, frames), gathered(changing, starts, frames)
    if isinstance(store.extraction, RawAudio):
        expected = -expected
    assert computed.dtype == np.float32 and computed.shape == (len(starts), frames, clean.data.shape[1])
    np.testing.assert_allclose(computed, expected, rtol=0, atol=1e-3)


def test_chunks_that_are_not_changed_come_from_the_store(store):
    def every_other(waveforms, random):
        return waveforms * np.where(np.arange(len(waveforms)) % 2, 2, 1).astype(np.float32)[:, None]

    clean, changing = store.pack(files_of()), store.pack(files_of(), [every_other])
    starts = clean.offsets[:-1].repeat(2)
    expected, computed = gathered(clean, starts, 20), gathered(changing, starts, 20)
    assert np.array_equal(computed[::2], expected[::2])
    louder = gathered(store.pack(files_of(), [lambda waveforms, random: 2 * waveforms]), starts, 20)
    assert np.array_equal(computed[1::2], louder[1::2]) and not np.array_equal(computed, expected)


def test_chunks_are_rows_of_their_recording_and_its_last_row_ever_after(store):
    pack = store.pack(files_of())
    for index in range(len(SECONDS)):
        rows = pack.data[pack.offsets[index] : pack.offsets[index + 1]]
        for first in {0, len(rows) // 2, len(rows) - 1}:
            expected = rows[np.minimum(np.arange(first, first + 7), len(rows) - 1)]
            (chunk,) = gathered(pack, [pack.offsets[index] + first], 7)
            assert np.array_equal(chunk, expected)


def test_chunks_are_those_of_recordings_that_were_changed_as_a_whole(store):
    """A gain is the same for a chunk and for its recording."""
    files = files_of()
    louder = [{**file, "waveform": 2 * file["waveform"]} for file in files]
    expected = store.pack(louder)
    changing = store.pack(files, [lambda waveforms, random: 2 * waveforms])
    starts = np.arange(0, len(expected.data), 1 + len(expected.data) // 50)
    np.testing.assert_allclose(
        gathered(changing, starts, 30), gathered(expected, starts, 30), rtol=0, atol=1e-3
    )


def test_there_is_silence_beyond_the_ends_whatever_is_added(tmp_path):
    store = FeatureStore(LibrosaSpectrogram(), tmp_path)
    pack = store.pack(files_of([0.5]), [lambda waveforms, random: np.ones_like(waveforms)])
    expected = store.pack([{"waveform": np.ones(8000), "sample_rate": 16000}])
    np.testing.assert_allclose(gathered(pack, [0], 51), gathered(expected, [0], 51), atol=1e-3)


def test_augmentations_are_applied_in_their_order_with_the_one_generator(tmp_path):
    seen = []

    def remember(waveforms, random):
        seen.append((waveforms.copy(), random))
        return waveforms.copy()

    pack = FeatureStore(RawAudio(), tmp_path).pack(
        files_of([1.0]), [lambda waveforms, random: 2 * waveforms, remember]
    )
    random = np.random.default_rng(0)
    chunk = pack.gather(np.array([5]), 10, random).numpy()
    assert seen[0][1] is random
    np.testing.assert_array_equal(chunk[..., 0], seen[0][0])
    np.testing.assert_array_equal(chunk[0], 2 * pack.data[5:15])


def test_what_is_drawn_depends_on_the_generator_alone(store):
    pack = store.pack(files_of(), [noise])
    starts = np.array([0, 40])
    first, same, other = (gathered(pack, starts, 10, seed) for seed in (1, 1, 2))
    assert np.array_equal(first, same) and not np.array_equal(first, other)


def test_clean_features_stay_as_they_are(store):
    clean, changing = store.pack(files_of()), store.pack(files_of(), [noise])
    assert isinstance(changing, AugmentedPack) and not isinstance(clean, AugmentedPack)
    gathered(changing, [0], 10)[:] = 0
    for name in ("data", "offsets", "long_term"):
        assert np.array_equal(getattr(clean, name), getattr(changing, name))


def test_waveforms_are_computed_once_and_not_written(store):
    pack = store.pack(files_of(), [lambda waveforms, random: waveforms * 0])
    before = [np.array(waveform) for waveform in pack.waveforms]
    gathered(pack, [0, 7], 10)
    stored = [store.waveforms.get(file)[:, 0] for file in files_of()]
    for index, waveform in enumerate(pack.waveforms):
        assert np.array_equal(waveform, before[index]) and np.array_equal(waveform, stored[index])


def test_features_without_waveforms_are_refused(tmp_path):
    precomputed = Precomputed.create(tmp_path, SlidingWindow(start=0, duration=0.1, step=0.1), dimension=2)
    with pytest.raises(ConfigError, match=r"Precomputed has no waveforms.*data_augmentation"):
        FeatureStore(precomputed).pack([{"uri": "a"}], [identity])
    with pytest.raises(ConfigError, match="no waveforms"):
        precomputed.of_excerpts(np.zeros((1, 100), dtype=np.float32))
