"""WAV files of streams, with hand-made headers."""

import struct

import numpy as np
import pytest
import soundfile

from pyannote.audio.core.errors import AudioError
from pyannote.audio.io.decoding import channels
from pyannote.audio.io.waveform import info, read

SAMPLES = np.random.default_rng(0).integers(-20000, 20000, size=(3000, 2)).astype("<i2")


def content(size, data, bits=16, before=b"", riff=0, number=2):
    """Bytes of a WAV file in which the chunk `data` says that it has some size."""
    width = bits // 8 * number
    form = struct.pack("<HHIIHH", 1, number, 16000, 16000 * width, width, bits)
    chunks = b"fmt " + struct.pack("<I", len(form)) + form + before + b"data" + struct.pack("<I", size)
    return b"RIFF" + struct.pack("<I", riff) + b"WAVE" + chunks + data


def of_24_bits(samples):
    return (samples.astype("<i4") << 8).ravel().view(np.uint8).reshape(-1, 4)[:, :3].tobytes()


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0xFFFFFFFE, 0x7FFFF000, 0x80000000])
@pytest.mark.parametrize("before", [b"", b"LIST\x05\x00\x00\x00INFO!\x00"])
@pytest.mark.parametrize("bits", [16, 24])
def test_a_stream_is_read_to_the_end_of_the_file(tmp_path, size, before, bits):
    path = tmp_path / "a.wav"
    data = SAMPLES.tobytes() if bits == 16 else of_24_bits(SAMPLES)
    path.write_bytes(content(size, data, bits, before, riff=size))
    assert (info(path).samples, info(path).channels) == (3000, 2)
    expected = SAMPLES.astype(np.float64) / 2**15
    np.testing.assert_array_equal(read(path), expected.mean(axis=1).astype(np.float32))
    np.testing.assert_array_equal(read(path, start=1001, stop=1007), read(path)[1001:1007])
    np.testing.assert_array_equal(np.concatenate(list(channels(info(path)))), expected.astype(np.float32))
    np.testing.assert_array_equal(read(f"{path}#2"), expected[:, 1].astype(np.float32))


def test_half_a_sample_at_the_end_of_a_stream_is_left_out(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(content(0, SAMPLES.tobytes() + b"\x01\x02\x03"))
    assert info(path).samples == 3000


@pytest.mark.parametrize(
    "after", [b"", b"LIST\x04\x00\x00\x00INFO", b"bext\x03\x00\x00\x00abc\x00id3 \x00\x00\x00\x00"]
)
def test_a_file_that_has_no_samples_is_no_stream(tmp_path, after):
    path = tmp_path / "a.wav"
    path.write_bytes(content(0, after))
    with pytest.raises(AudioError, match="holds no samples"):
        info(path)


def test_samples_that_look_like_letters_are_samples(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(content(0, b"LISTENLISTEN", number=1))
    assert info(path).samples == 6


def test_libsndfile_alone_finds_no_samples_in_a_stream_of_size_0(tmp_path):
    """As long as this holds, the module `unsized_wav` is needed."""
    path = tmp_path / "a.wav"
    path.write_bytes(content(0, SAMPLES.tobytes()))
    assert soundfile.info(path).frames == 0
