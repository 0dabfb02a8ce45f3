"""Conversion of integer samples by NumPy, equal to the bit to that of libsndfile."""

import numpy as np
import pytest
import soundfile

from pyannote.audio.io.samples import mono_reader
from pyannote.audio.io.waveform import read


def numbers(count, channels, seed=0):
    """Random whole numbers of 32 bits, among them the lowest and the highest."""
    values = np.random.default_rng(seed).integers(-(2**31), 2**31, size=(count, channels), dtype=np.int32)
    values[:4] = np.array([[-(2**31)], [2**31 - 1], [0], [-1]], dtype=np.int32)
    return values


@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "PCM_32"])
@pytest.mark.parametrize(
    ("file_format", "endian"),
    [("WAV", "FILE"), ("WAV", "BIG"), ("WAVEX", "FILE"), ("RF64", "FILE"), ("AIFF", "FILE"), ("W64", "FILE")],
)
def test_mean_of_what_libsndfile_decodes(tmp_path, file_format, endian, subtype, channels):
    path = tmp_path / "a.wav"
    with soundfile.SoundFile(path, "w", 16000, channels, subtype, endian, file_format) as stream:
        stream.write(numbers(70_001, channels))
    expected, _ = soundfile.read(path, dtype="float32", always_2d=True)
    np.testing.assert_allclose(read(path), expected.astype(np.float64).mean(axis=1), rtol=0, atol=2e-7)
    if channels < 3:  # half of a sum is exact, a third is not
        np.testing.assert_array_equal(read(path), expected.sum(axis=1) * np.float32(1 / channels))
    np.testing.assert_array_equal(read(path, start=65_530, stop=65_543), read(path)[65_530:65_543])


def test_24_bits_are_not_read_by_libsndfile(tmp_path, monkeypatch):
    """The faster way is taken: this test fails if the layout of the file is no longer recognised."""
    path = tmp_path / "a.wav"
    soundfile.write(path, numbers(1000, 2), 44100, subtype="PCM_24")
    with soundfile.SoundFile(path) as stream, mono_reader(stream, path) as reader:
        monkeypatch.setattr(soundfile.SoundFile, "read", None)
        assert len(reader(10, 100)) == 100


def test_chunks_before_and_after_the_samples(tmp_path):
    """Other chunks of a WAV file are not taken for samples."""
    path = tmp_path / "a.wav"
    with soundfile.SoundFile(path, "w", 44100, 2, "PCM_24") as stream:
        stream.title, stream.comment = "before", "x" * 1001
        stream.write(numbers(5000, 2))
        stream.artist = "after"
    expected, _ = soundfile.read(path, dtype="float32")
    np.testing.assert_array_equal(read(path), expected.sum(axis=1) * np.float32(0.5))
