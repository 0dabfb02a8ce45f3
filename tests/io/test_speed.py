"""Recordings at other speeds."""

import numpy as np
import pytest
import soundfile
import soxr

from pyannote.audio.core.errors import AudioError
from pyannote.audio.features.librosa_mel_spectrogram import LibrosaMelSpectrogram
from pyannote.audio.io.waveform import Recording
from pyannote.audio.store.content_key import content_key
from pyannote.audio.store.feature_store import FeatureStore

SPEEDS = [0.5, 0.9, 0.93, 1.1, 1.05, 1.25, 2]


def noise(seconds, rate, seed=0):
    return np.random.default_rng(seed).uniform(-0.5, 0.5, size=round(seconds * rate)).astype(np.float32)


@pytest.fixture
def path(tmp_path):
    soundfile.write(tmp_path / "a.wav", noise(3, 16000), 16000, subtype="FLOAT")
    return tmp_path / "a.wav"


@pytest.mark.parametrize("speed", SPEEDS)
@pytest.mark.parametrize("rate", [None, 8000, 44100])
def test_frequencies_rise_and_durations_fall(speed, rate):
    own = 16000
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(4 * own) / own)
    recording = Recording({"waveform": tone, "sample_rate": own, "speed": speed}, rate)
    rate = rate or own
    assert recording.sample_rate == rate
    assert abs(recording.samples - 4 * rate / speed) <= 0.5
    heard = recording.read()
    expected = 0.5 * np.sin(2 * np.pi * 440 * speed * np.arange(len(heard)) / rate)
    edge = rate // 20
    np.testing.assert_allclose(heard[edge:-edge], expected[edge:-edge], atol=1e-4)


# the last ones are rates that have next to no common divisor: soxr interpolates its filter
@pytest.mark.parametrize(
    ("own", "target", "speed", "tolerance"),
    [
        (16000, 16000, 0.9, 2e-6),
        (16000, 16000, 1.1, 2e-6),
        (48000, 44100, 1.07, 2e-6),
        (44100, 16000, 1.05, 1e-4),
        (44100, 16000, 0.93, 1e-4),
        (22050, 16000, 0.93, 1e-4),
        (44101, 16000, 0.93, 1e-4),
    ],
)
def test_equals_soxr_on_the_whole_and_crop_equals_whole(tmp_path, own, target, speed, tolerance):
    audio = noise(17.3, own)
    soundfile.write(tmp_path / "a.wav", audio, own, subtype="FLOAT")
    recording = Recording({"audio": tmp_path / "a.wav", "speed": speed}, target)
    whole = recording.read()
    expected = soxr.resample(audio, own * speed, target, quality="HQ")
    assert abs(len(whole) - len(expected)) <= 1
    shared = min(len(whole), len(expected))
    np.testing.assert_allclose(whole[:shared], expected[:shared], atol=tolerance)
    for start, stop in [(0, 7), (8 * target - 5, 8 * target + 5), (12345, 3 * target + 1), (5, len(whole))]:
        np.testing.assert_array_equal(recording.read(start, stop), whole[start:stop])


def test_speed_1_changes_nothing(path):
    same = {"audio": path, "speed": 1}
    np.testing.assert_array_equal(Recording(same, 8000).read(), Recording(path, 8000).read())
    assert content_key(same) == content_key(path)


@pytest.mark.parametrize("speed", [0, -1, 0.49, 2.01, 0.905, np.nan, np.inf, "fast", None])
@pytest.mark.parametrize("use", [Recording, content_key])
def test_other_speeds_are_refused(path, use, speed):
    with pytest.raises(AudioError, match=r"0\.5 to 2, in steps of 0\.01"):
        use({"audio": path, "speed": speed})


@pytest.mark.parametrize("speed", [0.9, 1.1, 0.57])
def test_speeds_that_arithmetic_has_rounded(path, speed):
    almost = {"audio": path, "speed": speed + 1e-12}
    assert content_key(almost) == content_key({"audio": path, "speed": speed})
    assert Recording(almost).samples == Recording({"audio": path, "speed": speed}).samples


def test_each_speed_has_a_key_of_its_own(path):
    waveform = {"waveform": noise(1, 16000), "sample_rate": 16000}
    keys = {content_key({**file, "speed": speed}) for file in ({"audio": path}, waveform) for speed in SPEEDS}
    assert len(keys | {content_key(path), content_key(waveform)}) == 2 * len(SPEEDS) + 2


def test_store_keeps_the_features_of_each_speed(tmp_path, path):
    store = FeatureStore(LibrosaMelSpectrogram(n_mels=8), tmp_path / "cache")
    files = [{"audio": path}, {"audio": path, "speed": 0.9}, {"audio": path, "speed": 1.1}]
    pack = store.pack(files)
    np.testing.assert_array_equal(np.diff(pack.offsets), [301, 334, 273])
    np.testing.assert_array_equal(pack.data[301 : 301 + 334], store.extraction(files[1]).data)
    assert len(np.unique(pack.long_term[:, 0])) == 3
