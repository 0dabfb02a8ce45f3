"""Whatever bytes a file holds, it is refused, or gives what it promises, finite and in little memory."""

import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hostile_audio import FORMATS, NUMBERS, chunk, form, overwritten, riff, sound_file
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyannote.audio.core.errors import AudioError
from pyannote.audio.features import LibrosaMelSpectrogram
from pyannote.audio.features.raw_audio import RawAudio
from pyannote.audio.io.waveform import Recording
from pyannote.audio.store.feature_store import FeatureStore

SCRIPT = Path(__file__).with_name("reading.py")
MEGABYTE = 1 << 20

places = st.one_of(st.integers(0, 100), st.integers(0, 10_000))
patches = st.lists(
    st.tuples(places, st.one_of(st.sampled_from(NUMBERS), st.binary(min_size=1, max_size=8))), max_size=5
)
lengths = st.one_of(st.none(), st.integers(0, 10_000))


def outcome(path):
    """What comes of reading a file, and how much memory it took beside the samples that were read."""
    tracemalloc.start()
    try:
        recording = Recording(path, 16000)
        waveform = recording.read()
        result = (recording.samples, len(waveform), bool(np.isfinite(waveform).all())), waveform.nbytes
    except AudioError as error:
        result = str(error), 0
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return result[0], peak - result[1]


@pytest.mark.parametrize("count", [400, pytest.param(10_000, marks=pytest.mark.slow)])
def test_headers_that_are_overwritten(count, tmp_path, promise):
    contents = {name: sound_file(tmp_path / "good.wav", name) for name in FORMATS}
    path, outcomes = tmp_path / "a.wav", []

    @settings(
        max_examples=count,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=[*HealthCheck],
    )
    @given(st.sampled_from(FORMATS), patches, lengths)
    def check(name, changes, length):
        path.write_bytes(overwritten(contents[name], changes, length))
        found, memory = outcome(path)
        outcomes.append(found)
        assert memory < 16 * MEGABYTE
        if isinstance(found, str):
            assert found.startswith(f"{path}: ") and found.endswith((".", ")"))
        else:
            promised, given, finite = found
            assert given == promised > 0 and finite

    check()
    refused = sum(isinstance(found, str) for found in outcomes)
    assert 0.2 * len(outcomes) < refused < 0.95 * len(outcomes)
    if count > 1000:
        promise(
            "No header makes the reader ask for memory that the file is not worth.",
            f"hypothesis overwrites and cuts files of {len(FORMATS)} formats, {count} examples.",
            "each refused or read as promised, below 16 MB beside the samples",
        )


@pytest.mark.parametrize("count", [1000, pytest.param(20_000, marks=pytest.mark.slow)])
def test_random_bytes_in_little_memory(count, tmp_path, promise):
    """Libraries may not ask for more than 200 MB either: the operating system would refuse it."""
    done = subprocess.run(
        [sys.executable, SCRIPT, tmp_path, str(count), "0", "200"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, sys.path))},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    refused, read = map(int, done.stdout.split())
    assert refused + read == count and min(refused, read) > count / 10
    if count > 1000:
        promise(
            "Random bytes are no way to crash the reader, to hang it or to fill the memory.",
            f"{count} files in a process that may take 200 MB more (RLIMIT_AS).",
            f"{refused} refused, {read} read as promised",
        )


def silence(path, seconds, rate, channels=1):
    """A file that takes no room on the disk, however long."""
    size = seconds * rate * channels * 2
    header = riff(form(rate, channels), chunk(b"data", b"", size), size=36 + size)
    path.write_bytes(header)
    os.truncate(path, len(header) + size)
    return path


@pytest.mark.parametrize("longer", [1, pytest.param(10, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("seconds", "rate", "channels", "extraction", "megabytes"),
    [
        (6, 16_000, 1024, LibrosaMelSpectrogram(16_000), 8),
        (20, 768_000, 1, LibrosaMelSpectrogram(16_000), 30),
        (20, 768_000, 2, LibrosaMelSpectrogram(768_000), 150),
        (20, 44_100, 1, RawAudio(768_000), 80),
        (20, 1_000_000, 1, RawAudio(1_000), 30),
    ],
)
def test_many_channels_and_high_rates_take_bounded_memory(
    seconds, rate, channels, extraction, megabytes, longer, tmp_path
):
    path = silence(tmp_path / "a.wav", seconds * longer, rate, channels)
    # what is imported and computed once does not count
    extraction({"waveform": np.zeros(extraction.sample_rate), "sample_rate": extraction.sample_rate})
    store = FeatureStore(extraction, folder=tmp_path / "cache")
    tracemalloc.start()
    store.prepare([path])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    expected = (
        seconds * longer * (100 if isinstance(extraction, LibrosaMelSpectrogram) else extraction.sample_rate)
    )
    assert len(store.get(path)) in (expected, expected + 1)
    assert peak < megabytes * MEGABYTE, peak / MEGABYTE


@pytest.mark.parametrize(("own", "target"), [(768_000, 16_000), (44_100, 768_000), (192_000, 384_000)])
def test_short_pieces_of_high_rates_are_those_of_the_whole(own, target):
    import soxr

    waveform = np.random.default_rng(0).normal(0, 0.1, 4 * own).astype(np.float32)
    recording = Recording({"waveform": waveform, "sample_rate": own}, target)
    whole = recording.read()
    np.testing.assert_allclose(whole, soxr.resample(waveform, own, target, quality="HQ"), atol=2e-5)
    middle = len(whole) // 2
    np.testing.assert_array_equal(
        recording.read(middle - 5000, middle + 5000), whole[middle - 5000 : middle + 5000]
    )


def test_many_channels_are_mixed_alike_in_any_company(tmp_path):
    import soundfile

    samples = np.random.default_rng(0).uniform(-1, 1, (3000, 100))
    soundfile.write(tmp_path / "a.wav", samples, 16_000, subtype="FLOAT")
    recording = Recording(tmp_path / "a.wav")
    whole = recording.read()
    np.testing.assert_allclose(whole, samples.mean(axis=1), atol=1e-6)
    for start, stop in ((0, 1), (7, 1400), (1311, 1312), (1000, 3000)):
        np.testing.assert_array_equal(recording.read(start, stop), whole[start:stop])
