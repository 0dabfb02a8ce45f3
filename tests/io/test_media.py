"""Files that PyAV decodes, compared with their source, with soundfile, and with PyAV itself."""

import sys
import time

import numpy as np
import pytest
import soundfile

from pyannote.audio.core.errors import AudioError
from pyannote.audio.features.librosa_mfcc import LibrosaMFCC
from pyannote.audio.io import media
from pyannote.audio.io.decoding import channels
from pyannote.audio.io.waveform import SUFFIXES, Recording, info, read

RATE = 48000


def source(seconds=3.3):
    """A tone with a click at 1 s, and its mirror image with half the level."""
    time = np.arange(round(seconds * RATE)) / RATE
    tone = 0.2 * np.sin(2 * np.pi * 440 * time)
    tone[RATE : RATE + 48] += 0.7
    return np.stack([tone, -0.5 * tone]).astype(np.float32)


def encode(path, audio, codec, form=None, options=None):
    """Write audio of shape (channels, samples) with the encoders of PyAV."""
    av = pytest.importorskip("av")
    with av.open(str(path), "w", format=form, options=options or {}) as container:
        layout = "stereo" if len(audio) == 2 else "mono"
        stream = container.add_stream(codec, rate=RATE, layout=layout)
        for start in range(0, audio.shape[1], 4800):
            part = np.ascontiguousarray(audio[:, start : start + 4800])
            frame = av.AudioFrame.from_ndarray(part, format="fltp", layout=layout)
            frame.sample_rate, frame.pts = RATE, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


KINDS = {
    "m4a": ("aac", None),
    "mp4": ("aac", None),
    "3gp": ("aac", None),
    "mov": ("aac", None),
    "webm": ("libopus", None),
    "mka": ("libopus", None),
    "aac": ("aac", "adts"),
}


@pytest.fixture(params=KINDS)
def encoded(request, tmp_path):
    path = tmp_path / f"a.{request.param}"
    encode(path, source(), *KINDS[request.param])
    return path


def decoded_by_pyav(path):
    """All samples, shape (channels, samples), straight from PyAV."""
    import av

    with av.open(str(path)) as container:
        return np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)


def test_samples_are_those_of_pyav_and_lie_where_those_of_the_source_lie(encoded):
    header, mono = info(encoded), read(encoded)
    expected = decoded_by_pyav(encoded)
    assert (header.sample_rate, header.channels, header.samples) == (RATE, 2, expected.shape[1])
    np.testing.assert_allclose(mono, expected.mean(axis=0), atol=1e-6)
    # plain AAC does not say how long the delay of its encoder is: 1024 samples of that of FFmpeg
    delay = 1024 if encoded.suffix == ".aac" else 0
    assert 0 <= header.samples - source().shape[1] - delay < 1024
    assert abs(int(np.argmax(mono)) - RATE - delay) <= 48
    written = source().mean(axis=0)
    np.testing.assert_allclose(mono[delay + 5000 : delay + 40000], written[5000:40000], atol=0.02)


def test_parts_equal_the_whole(encoded):
    whole, resampled = read(encoded), read(encoded, 16000)
    random = np.random.default_rng(0)
    for length, of in ((len(whole), None), (len(resampled), 16000)):
        for _ in range(8):
            start, stop = sorted(random.integers(0, length + 1, 2).tolist())
            expected = (whole if of is None else resampled)[start:stop]
            np.testing.assert_array_equal(read(encoded, of, start, stop), expected)
    np.testing.assert_array_equal(np.concatenate([*channels(info(encoded))]).mean(axis=1), whole)


def test_one_channel_is_read(encoded):
    expected = decoded_by_pyav(encoded)
    np.testing.assert_allclose(read(f"{encoded}#2"), expected[1], atol=1e-6)
    assert info(f"{encoded}#1").channels == 1
    with pytest.raises(AudioError, match=r"There is no channel 3: a\.\w+ has 2 channels"):
        info(f"{encoded}#3")


def test_threads_read_what_one_thread_reads(tmp_path):
    path = tmp_path / "a.m4a"
    encode(path, source(60), "aac")
    reader = LibrosaMFCC().open(path)
    one = np.concatenate([*reader.pieces(1024)])
    np.testing.assert_array_equal(np.concatenate([*LibrosaMFCC().open(path).pieces(1024, threads=3)]), one)


def test_no_more_than_the_last_seconds_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(media, "_KEPT", 5000)
    path = tmp_path / "a.m4a"
    encode(path, source(10), "aac")
    whole, recording = decoded_by_pyav(path).mean(axis=0), Recording(path)
    for start in (0, 400_000, 399_000, 10, 200_000):
        part = recording.read(start, start + 3000)
        np.testing.assert_allclose(part, whole[start : start + 3000], atol=1e-6)
    kept = sum(len(block) for block in media._decoder(media._state(path))._kept)
    assert kept < 5000 + 3000 + 2 * 1024


def test_suffixes_in_capitals_count(tmp_path):
    path = tmp_path / "A.M4A"
    encode(path, source(), "aac", "ipod")
    assert info(path).channels == 2 and ".m4a" in SUFFIXES


def test_a_file_that_is_written_again_is_read_again(tmp_path):
    path = tmp_path / "a.m4a"
    encode(path, source(2), "aac")
    first = info(path).samples
    encode(path, source(3), "aac")
    assert (
        info(path).samples - first == pytest.approx(RATE, abs=1024) and len(read(path)) == info(path).samples
    )


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.7, 0.97])
def test_files_that_are_cut_short_are_refused_or_shorter(encoded, share):
    content, samples = encoded.read_bytes(), info(encoded).samples
    encoded.write_bytes(content[: int(share * len(content))])
    start = time.monotonic()
    try:
        # a plain AAC stream that is cut between two of its frames is a whole one
        assert len(read(encoded)) < samples and (encoded.suffix == ".aac" or share == 0.97)
    except AudioError as error:
        assert error.file == encoded and error.fix
    assert time.monotonic() - start < 10


@pytest.mark.parametrize("seed", range(6))
def test_damaged_files_are_refused_or_finite(encoded, seed):
    content, random = bytearray(encoded.read_bytes()), np.random.default_rng(seed)
    for place in random.integers(0, len(content), size=20):
        content[place] = random.integers(256)
    encoded.write_bytes(content)
    start = time.monotonic()
    try:
        assert np.isfinite(read(encoded)).all()
    except AudioError as error:
        assert error.file == encoded and error.fix
    assert time.monotonic() - start < 10


@pytest.mark.parametrize("suffix", sorted(media.MEDIA_SUFFIXES))
def test_what_is_no_such_file_is_refused(tmp_path, suffix):
    pytest.importorskip("av")
    soundfile.write(tmp_path / "b.wav", np.ones(8000) / 2, 16000)
    path = tmp_path / f"a{suffix}"
    for content in (b"no audio at all" * 100, f"ffconcat version 1.0\nfile '{tmp_path}/b.wav'\n".encode()):
        path.write_bytes(content)
        with pytest.raises(AudioError, match=r"cannot be decoded as audio|holds no"):
            info(path)


def test_several_tracks_and_none_are_refused(tmp_path):
    av = pytest.importorskip("av")
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        streams = [container.add_stream("aac", rate=RATE, layout="mono") for _ in range(2)]
        for stream in streams:
            frame = av.AudioFrame.from_ndarray(source()[:1], format="fltp", layout="mono")
            frame.sample_rate = RATE
            container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    with pytest.raises(AudioError, match="It holds 2 tracks of audio"):
        info(path)


def test_a_sentence_names_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    (tmp_path / "call.M4A").write_bytes(b"anything")
    with pytest.raises(AudioError) as caught:
        info(tmp_path / "call.M4A")
    assert ".M4A" in caught.value.message and "not installed" in caught.value.message
    assert "[media]" in caught.value.fix and "WAV or FLAC" in caught.value.fix


def test_the_library_is_imported_for_such_files_only(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    for name in ("a.wav", "a.flac", "a.ogg", "a.mp3"):
        soundfile.write(tmp_path / name, source()[0], RATE)
        assert info(tmp_path / name).sample_rate == RATE
