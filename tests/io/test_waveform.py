import os
import struct

import numpy as np
import pytest
import soundfile
import soxr

from pyannote.audio.core.errors import AudioError
from pyannote.audio.io.waveform import Recording, info, read

RNG = np.random.default_rng(0)


def noise(seconds, rate, channels=1):
    return RNG.uniform(-0.5, 0.5, size=(round(seconds * rate), channels)).astype(np.float32)


@pytest.mark.parametrize("channels", [1, 2, 5])
@pytest.mark.parametrize(
    ("extension", "subtype", "tolerance"),
    [("wav", "PCM_16", 4e-5), ("wav", "PCM_24", 1e-6), ("wav", "FLOAT", 1e-7), ("flac", "PCM_24", 1e-6)],
)
def test_reads_and_mixes_down(tmp_path, channels, extension, subtype, tolerance):
    path = tmp_path / f"a.{extension}"
    audio = noise(0.7, 44100, channels)
    soundfile.write(path, audio, 44100, subtype=subtype)
    header = info(path)
    assert (header.sample_rate, header.channels, header.samples) == (44100, channels, len(audio))
    assert header.duration == len(audio) / 44100
    waveform = read(path)
    assert waveform.dtype == np.float32
    np.testing.assert_allclose(waveform, audio.mean(axis=1), atol=tolerance)
    np.testing.assert_array_equal(read(path, start=100, stop=20000), waveform[100:20000])


@pytest.mark.parametrize("extension", ["ogg", "mp3"])
def test_lossy_formats(tmp_path, extension):
    path = tmp_path / f"a.{extension}"
    time = np.arange(10 * 44100) / 44100
    tone = 0.5 * np.sin(2 * np.pi * 440 * time)
    soundfile.write(path, tone, 44100)
    waveform = read(path)
    np.testing.assert_allclose(waveform[2000:-2000], tone[2000:-2000], atol=0.03)
    for start in (1, 20000, 100000, 300000):
        part = read(path, start=start, stop=start + 3000)
        np.testing.assert_allclose(part, waveform[start : start + 3000], atol=1e-6)


@pytest.mark.parametrize(
    ("own", "target"),
    [(44100, 16000), (48000, 16000), (16000, 44100), (8000, 44100), (44100, 44099), (192000, 8000)],
)
def test_resampled_as_soxr_and_crop_equals_whole(tmp_path, own, target):
    path = tmp_path / "a.wav"
    audio = noise(17.3, own)
    soundfile.write(path, audio, own, subtype="FLOAT")
    whole = read(path, target)
    expected = soxr.resample(audio[:, 0], own, target, quality="HQ")
    assert len(whole) == len(expected)
    # At 44100/44099 soxr interpolates its filter, which shows where two pieces meet.
    np.testing.assert_allclose(whole, expected, atol=2e-4 if target == 44099 else 2e-6)
    for start, stop in [
        (0, 7),
        (target * 8 - 5, target * 8 + 5),
        (12345, 3 * target + 1),
        (5, len(whole)),
        (9, 9),
    ]:
        np.testing.assert_array_equal(read(path, target, start, stop), whole[start:stop])


@pytest.mark.parametrize("samples", [1, 2, 10, 441, 442])
@pytest.mark.parametrize(("own", "target"), [(44100, 16000), (16000, 44100)])
def test_very_short_files_are_resampled(samples, own, target):
    audio = noise(1, own)[:samples, 0]
    expected = soxr.resample(audio, own, target, quality="HQ")
    waveform = Recording({"waveform": audio, "sample_rate": own}, target).read()
    assert abs(len(waveform) - len(expected)) <= 1
    shared = min(len(waveform), len(expected))
    np.testing.assert_allclose(waveform[:shared], expected[:shared], atol=1e-6)


def test_a_single_sample_does_not_vanish_at_a_lower_rate():
    recording = Recording({"waveform": np.ones(1), "sample_rate": 768_000}, 16_000)
    assert recording.samples == 1 and np.isfinite(recording.read()).all()


def test_mappings_give_what_their_audio_gives(tmp_path):
    path = tmp_path / "a.wav"
    audio = noise(1, 16000, 2)
    soundfile.write(path, audio, 16000, subtype="FLOAT")
    from_protocol = Recording({"uri": "a", "audio": path}, 8000)
    from_memory = Recording({"waveform": audio.T, "sample_rate": 16000}, 8000)
    assert from_protocol.samples == from_memory.samples == 8000
    np.testing.assert_array_equal(from_protocol.read(10, 99), read(str(path), 8000, 10, 99))
    np.testing.assert_array_equal(from_protocol.read(), from_memory.read())


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"uri": "a"}, "'a' has no 'audio'"),
        ({"waveform": np.zeros(10)}, "no 'sample_rate'"),
        ({"waveform": np.zeros((10, 2)), "sample_rate": 16000}, r"\(channels, samples\)"),
        ({"waveform": np.zeros((1, 2, 3)), "sample_rate": 16000}, r"shape \(1, 2, 3\)"),
        ({"waveform": np.zeros(0), "sample_rate": 16000}, "no samples"),
        ({"waveform": [0.0, np.nan], "sample_rate": 16000}, "Sample 1 of"),
        ({"waveform": np.zeros(10), "sample_rate": 0}, "sample rate"),
    ],
)
def test_mappings_that_make_no_sense(mapping, message):
    with pytest.raises(AudioError, match=message):
        Recording(mapping)


@pytest.mark.parametrize("content", [b"", b"not audio at all" * 100])
@pytest.mark.parametrize("name", ["a.wav", "a.raw", "a.mp3"])
def test_files_that_are_not_audio(tmp_path, content, name):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(AudioError) as caught:
        info(tmp_path / name)
    assert caught.value.file == tmp_path / name
    assert caught.value.fix


def test_paths_that_are_no_files(tmp_path):
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "loop.wav").symlink_to("loop.wav")
    for path, said in {
        tmp_path / "missing.wav": "no such audio file",
        tmp_path / ("long" * 100): "no such audio file",
        tmp_path / "loop.wav": "no such audio file",
        tmp_path: "is a folder",
        tmp_path / "pipe.wav": "is a pipe or a device",
        "/dev/zero": "is a pipe or a device",
    }.items():
        with pytest.raises(AudioError, match=said):
            read(path)


def test_no_samples(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros((0, 2)), 44100)
    with pytest.raises(AudioError, match="no samples"):
        info(tmp_path / "a.wav")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.wav", {"subtype": "PCM_24"}),
        ("a.wav", {"subtype": "FLOAT"}),
        ("a.aiff", {}),
        ("a.au", {}),
        ("a.w64", {}),
        ("a.rf64", {"format": "RF64"}),
        ("a.flac", {}),
        ("a.mp3", {}),
        ("a.caf", {}),
    ],
)
def test_files_cut_short(tmp_path, name, options):
    path = tmp_path / name
    soundfile.write(path, noise(1, 44100, 2), 44100, **options)
    read(path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])
    with pytest.raises(AudioError, match=r"cut short|cannot be decoded"):
        read(path)


def test_wav_from_a_pipe_is_accepted(tmp_path):
    """A program that writes to a pipe leaves the largest length in the header."""
    path = tmp_path / "a.wav"
    audio = noise(1, 16000)
    soundfile.write(path, audio, 16000, subtype="PCM_16")
    content = bytearray(path.read_bytes())
    place = content.index(b"data") + 4
    content[4:8] = content[place : place + 4] = struct.pack("<I", 0xFFFFFFFF)
    path.write_bytes(content)
    np.testing.assert_allclose(read(path), audio[:, 0], atol=1e-4)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30])
@pytest.mark.parametrize("channels", [1, 2])
def test_damaged_samples(tmp_path, value, channels):
    audio = noise(1, 16000, channels)
    audio[1234, 0] = value
    soundfile.write(tmp_path / "a.wav", audio, 16000, subtype="FLOAT")
    with pytest.raises(AudioError, match="Sample 1234 of"):
        read(tmp_path / "a.wav")


def test_part_outside_and_impossible_rate(tmp_path):
    soundfile.write(tmp_path / "a.wav", noise(1, 16000), 16000)
    for start, stop in [(-1, 5), (5, 4), (0, 16001)]:
        with pytest.raises(AudioError, match="there are 16000"):
            read(tmp_path / "a.wav", start=start, stop=stop)
    with pytest.raises(AudioError, match="sample rate"):
        read(tmp_path / "a.wav", sample_rate=3)


def test_header_with_impossible_rate(tmp_path):
    soundfile.write(tmp_path / "a.wav", noise(1, 16000), 16000)
    content = bytearray((tmp_path / "a.wav").read_bytes())
    content[24:28] = struct.pack("<I", 1)
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(AudioError, match="in its header is 1 Hz"):
        info(tmp_path / "a.wav")
