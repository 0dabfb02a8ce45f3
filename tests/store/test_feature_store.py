"""Feature store: computing, finding, and packing features of lists of recordings."""

import os
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
import soundfile
from counting import Counting
from pyannote.core import SlidingWindow

from pyannote.audio.core.errors import AudioError, OutOfMemoryError, StorageError
from pyannote.audio.features.librosa_mel_spectrogram import LibrosaMelSpectrogram
from pyannote.audio.features.librosa_mfcc import LibrosaMFCC
from pyannote.audio.features.precomputed import Precomputed
from pyannote.audio.store import content_digests, content_key, gathering, stored
from pyannote.audio.store.feature_store import FeatureStore
from pyannote.audio.store.statistics import long_term_average


def write(path, seconds=1.0, seed=0):
    path.parent.mkdir(exist_ok=True, parents=True)
    samples = np.random.default_rng(seed).uniform(-0.5, 0.5, size=(round(seconds * 16000), 2))
    soundfile.write(path, samples, 16000, subtype="PCM_24")
    return {"uri": path.stem, "database": "Test", "audio": path}


@pytest.fixture
def files(tmp_path):
    return [write(tmp_path / "audio" / f"{index}.wav", 1 + index / 3, index) for index in range(4)]


def visible(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("parallel", [0, 1, 3])
def test_computes_once(tmp_path, files, parallel):
    seen = []

    def progress(items, *, total, description):
        for item in items:
            seen.append((description, total))
            yield item

    extraction = Counting()
    store = FeatureStore(extraction, tmp_path / "cache", parallel=parallel)
    store.prepare([*files, files[0]], progress=progress)
    assert extraction.opened == len(files)
    assert seen == [
        (work, len(files)) for work in ("Reading recordings", "Computing features") for _ in files
    ]
    for file in files:
        features = store.get(file)
        assert isinstance(features, np.memmap)
        assert features.dtype == np.float32
        np.testing.assert_array_equal(features, LibrosaMelSpectrogram(n_mels=8)(file).data)
    store.prepare(files)
    FeatureStore(extraction, tmp_path / "cache").prepare(files)
    assert extraction.opened == len(files)


def test_get_computes_what_is_missing_and_nothing_else(tmp_path, files):
    extraction = Counting()
    store = FeatureStore(extraction, tmp_path / "cache")
    store.get(files[1])
    store.get(files[1]["audio"])
    assert extraction.opened == 1


def test_stored_files_do_not_change_with_the_array(tmp_path, files):
    store = FeatureStore(Counting(), tmp_path / "cache")
    store.get(files[0])[:] = 0
    assert store.get(files[0]).any()


def test_key_follows_content_and_parameters_not_the_name(tmp_path, files):
    extraction = Counting()
    store = FeatureStore(extraction, tmp_path / "cache")
    store.get(files[0])
    renamed = files[0]["audio"].rename(tmp_path / "renamed.wav")
    store.get(renamed)
    assert extraction.opened == 1
    before = np.array(store.get(renamed))
    write(renamed, seconds=1.0, seed=99)
    assert not np.array_equal(store.get(renamed), before)
    assert extraction.opened == 2
    assert FeatureStore(Counting(n_mels=9), tmp_path / "cache").folder != store.folder
    assert FeatureStore(LibrosaMFCC(), tmp_path / "cache").folder != store.folder


def test_waveforms_are_stored_too(tmp_path):
    extraction = Counting()
    store = FeatureStore(extraction, tmp_path / "cache")
    waveform = np.random.default_rng(0).random(16000)
    first = store.get({"waveform": waveform, "sample_rate": 16000})
    store.get({"waveform": waveform, "sample_rate": 16000})
    assert extraction.opened == 1
    assert store.get({"waveform": waveform, "sample_rate": 8000}).shape == (201, 8)
    assert first.shape == (101, 8)


@pytest.mark.parametrize("damage", [b"", b"nonsense", "cut"])
def test_damaged_files_are_computed_again(tmp_path, files, damage):
    extraction = Counting()
    store = FeatureStore(extraction, tmp_path / "cache")
    expected = np.array(store.get(files[0]))
    average = store.long_term(files[0])
    for path in store.folder.glob("*.npy"):
        path.write_bytes(path.read_bytes()[:-10] if damage == "cut" else damage)
    np.testing.assert_array_equal(store.long_term(files[0]), average)
    np.testing.assert_array_equal(store.get(files[0]), expected)
    assert extraction.opened == 2


def test_long_term(tmp_path, files):
    store = FeatureStore(Counting(), tmp_path / "cache")
    expected = np.asarray(store.get(files[0]), dtype=np.float64).mean(axis=0)
    for _ in range(2):
        average = store.long_term(files[0])
        assert average.dtype == np.float32
        np.testing.assert_allclose(average, expected, rtol=1e-6)
    assert len(visible(store.folder)) == 3


def test_long_term_average_of_many_frames_is_exact():
    features = np.full((1_000_000, 2), 0.1, dtype=np.float32)
    np.testing.assert_array_equal(long_term_average(features), features[0])


@pytest.mark.parametrize("limit", [None, 0])
def test_pack(tmp_path, files, monkeypatch, limit):
    if limit is not None:
        monkeypatch.setattr(gathering, "PACK_LIMIT", limit)
    store = FeatureStore(Counting(), tmp_path / "cache")
    for _ in range(2):
        pack = store.pack(files)
        assert isinstance(pack.data, np.memmap) == (limit == 0)
        assert pack.data.flags.c_contiguous
        assert pack.data.flags.writeable
        assert pack.data.dtype == pack.long_term.dtype == np.float32
        assert pack.offsets.dtype == np.int64
        assert len(pack.data) == pack.offsets[-1]
        for index, file in enumerate(files):
            part = pack.data[pack.offsets[index] : pack.offsets[index + 1]]
            np.testing.assert_array_equal(part, store.get(file))
            np.testing.assert_array_equal(pack.long_term[index], store.long_term(file))


def test_pack_of_nothing(tmp_path):
    pack = FeatureStore(Counting(), tmp_path).pack([])
    assert (pack.data.shape, pack.offsets.tolist(), pack.long_term.shape) == ((0, 8), [0], (0, 8))


@pytest.mark.parametrize("parallel", [1, 2])
def test_what_was_finished_before_an_error_stays(tmp_path, files, parallel):
    files[2]["audio"].write_bytes(b"")
    extraction = Counting()
    store = FeatureStore(extraction, tmp_path / "cache", parallel=parallel)
    with pytest.raises(AudioError, match="empty"):
        store.prepare(files)
    stored = visible(store.folder)
    assert "parameters.json" in stored
    assert not [name for name in stored if name.endswith(".part")]
    opened = extraction.opened
    store.prepare(files[:2])
    assert parallel > 1 or extraction.opened == opened


@pytest.mark.parametrize("parallel", [1, 2])
def test_what_cannot_be_read_is_told_and_the_others_are_computed(tmp_path, files, parallel):
    content = files[1]["audio"].read_bytes()
    files[1]["audio"].write_bytes(content[: len(content) // 2])
    files.append({"uri": "nan", "audio": tmp_path / "nan.wav"})
    soundfile.write(tmp_path / "nan.wav", [0.0, float("nan")] * 8000, 16000, subtype="FLOAT")
    extraction = Counting()
    store = FeatureStore(extraction, tmp_path / "cache", parallel=parallel)
    found = store.unreadable(files)
    assert list(found) == [1, len(files) - 1]
    assert [error.file for error in found.values()] == [files[1]["audio"], files[-1]["audio"]]
    opened = extraction.opened
    readable = [file for place, file in enumerate(files) if place not in found]
    assert store.unreadable(readable) == {} and len(store.pack(readable).offsets) == len(readable) + 1
    assert parallel > 1 or extraction.opened == opened
    with pytest.raises(AudioError, match=r"cut short.*1 other file cannot be read either"):
        store.prepare(files)
    # once they have been mended
    files[1]["audio"].write_bytes(content)
    soundfile.write(tmp_path / "nan.wav", np.zeros(16000), 16000)
    assert FeatureStore(Counting(), tmp_path / "cache").unreadable(files) == {}


@pytest.mark.parametrize(
    ("error", "told"), [(KeyboardInterrupt, KeyboardInterrupt), (MemoryError, OutOfMemoryError)]
)
def test_interruption_leaves_no_torn_file(tmp_path, files, monkeypatch, error, told):
    class Interrupted(Counting):
        piece = 10

        def compute(self, windows):
            self.calls = getattr(self, "calls", 0) + 1
            if self.calls == 4:
                raise error
            return super().compute(windows)

    store = FeatureStore(Interrupted(), tmp_path / "cache")
    with pytest.raises(told):
        store.get(files[0])
    assert visible(store.folder) == ["parameters.json"]


def test_missing_audio(tmp_path):
    store = FeatureStore(Counting(), tmp_path)
    for file in (tmp_path / "missing.wav", {"uri": "a", "audio": tmp_path / "missing.wav"}, {"uri": "a"}):
        with pytest.raises(AudioError):
            store.prepare([file])


def test_folder_from_the_environment_and_one_that_cannot_be_written(tmp_path, files, monkeypatch):
    monkeypatch.setenv("PYANNOTE_AUDIO_CACHE", str(tmp_path / "here"))
    store = FeatureStore(Counting())
    assert store.folder.parent == tmp_path / "here"
    (tmp_path / "here").write_text("a file")
    with pytest.raises(StorageError, match="PYANNOTE_AUDIO_CACHE"):
        store.prepare(files)
    with pytest.raises(StorageError, match="PYANNOTE_AUDIO_CACHE"):
        store.get(files[0])
    monkeypatch.delenv("PYANNOTE_AUDIO_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert FeatureStore(Counting()).folder.parent == tmp_path / ".cache" / "pyannote.audio" / "features"


@pytest.mark.skipif(sys.platform != "linux", reason="other platforms have other cache folders")
def test_the_cache_folder_of_the_platform_unless_there_is_one_already(tmp_path, monkeypatch):
    monkeypatch.delenv("PYANNOTE_AUDIO_CACHE", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert FeatureStore(Counting()).folder.parent == tmp_path / "xdg" / "pyannote.audio" / "features"
    earlier = tmp_path / ".cache" / "pyannote.audio" / "features"
    earlier.mkdir(parents=True)
    assert FeatureStore(Counting()).folder.parent == earlier


def test_precomputed_features_are_given_as_they_are(tmp_path, files):
    window = SlidingWindow(start=0, duration=0.1, step=0.1)
    precomputed = Precomputed.create(tmp_path / "scores", window, dimension=2)
    for file in files:
        precomputed.dump(file, np.ones((10, 2)))
    store = FeatureStore(precomputed, tmp_path / "cache")
    store.prepare(files)
    pack = store.pack(files)
    assert pack.data.shape == (40, 2)
    np.testing.assert_array_equal(pack.long_term, np.ones((4, 2)))
    # no frames are stored again, but the digests of their files
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["contents"]


def scores_of(folder, *values):
    """Stored scores of recordings a, b, ..., each constant."""
    window = SlidingWindow(start=0, duration=0.1, step=0.1)
    precomputed, files = Precomputed.create(folder, window, dimension=2), []
    for name, value in zip("abc", values, strict=False):
        files.append({"uri": name})
        precomputed.dump(files[-1], np.full((10, 2), value))
    return precomputed, files


def rewrite(path, value):
    """Write other numbers into a file of scores; name, inode, size and time of change stay."""
    before = path.stat()
    frames = np.load(path, mmap_mode="r+")
    frames[:] = value
    frames.flush()
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)


@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize("again", [False, True])
def test_precomputed_features_follow_the_content_of_their_files(tmp_path, monkeypatch, many, again):
    """Same name, size and time of change, but other numbers: in one process, and after a new start."""
    monkeypatch.setattr(gathering, "PACK_FILES", 1 if many else 3)
    precomputed, files = scores_of(tmp_path / "scores", 1, 2)
    store = FeatureStore(precomputed, tmp_path / "cache")
    assert (store.long_term(files[0])[0], store.pack(files).data[0, 0]) == (1, 1)
    rewrite(precomputed.path(files[0]), 7)
    store = FeatureStore(precomputed, tmp_path / "cache") if again else store
    pack = store.pack(files)
    assert pack.data[::10, 0].tolist() == [7, 2]
    assert pack.long_term[:, 0].tolist() == [7, 2]
    assert (store.long_term(files[0])[0], store.get(files[0])[0, 0]) == (7, 7)
    assert store.lazy(files).long_term(0)[0] == 7


def test_precomputed_features_of_equal_content_have_one_key(tmp_path, monkeypatch):
    """Neither folder, name nor time of change counts: a copy is found by what is in it."""
    monkeypatch.setattr(gathering, "PACK_FILES", 1)
    for folder, values in (("one", (1, 2)), ("copy", (1, 2)), ("other", (1, 3))):
        precomputed, files = scores_of(tmp_path / folder, *values)
        os.utime(precomputed.path(files[0]), ns=(len(folder), len(folder)))
        store = FeatureStore(precomputed, tmp_path / "cache")
        store.folder = store._stored.folder = tmp_path / "cache" / "packs"
        store.pack(files)
    assert len([*(tmp_path / "cache" / "packs").glob("pack-*.npy")]) == 2


def test_precomputed_features_that_change_while_their_key_is_determined_are_refused(tmp_path):
    precomputed, files = scores_of(tmp_path / "scores", 1, 2)

    def progress(results, total, description):
        """Replace a file once its content has been read."""
        done = list(results)
        precomputed.dump(files[0], np.zeros((20, 2)))
        return done

    store = FeatureStore(precomputed, tmp_path / "cache")
    with pytest.raises(AudioError, match="has changed while it was being read"):
        store.prepare(files, progress)
    assert list(store.unreadable(files)) == []
    assert len(store.pack(files).data) == 30


def test_precomputed_features_that_change_after_the_look_are_refused(tmp_path):
    precomputed, files = scores_of(tmp_path / "scores", 1, 2)
    lazy = FeatureStore(precomputed, tmp_path / "cache").lazy(files)
    os.utime(precomputed.path(files[0]), ns=(1, 1))
    assert lazy[0][0, 0] == 1
    rewrite(precomputed.path(files[0]), 7)
    with pytest.raises(AudioError, match="has changed while it was being read"):
        lazy[0]
    assert lazy[1][0, 0] == 2


def test_a_long_recording_needs_little_memory(tmp_path):
    """Half an hour of 16 kHz is 115 MB as float32; far less is held at any time."""
    path = tmp_path / "long.flac"
    with soundfile.SoundFile(path, "w", 16000, 1, subtype="PCM_16") as stream:
        for _ in range(30):
            stream.write(np.zeros(16000 * 60, dtype=np.int16))
    store = FeatureStore(Counting(), tmp_path / "cache")
    tracemalloc.start()
    store.prepare([path])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert store.get(path).shape == (1 + 1800 * 100, 8)
    assert peak < 30e6


def test_times_of_change_are_no_part_of_the_key(tmp_path, files):
    extraction = Counting()
    store = FeatureStore(extraction, tmp_path / "cache")
    store.get(files[0])
    os.utime(files[0]["audio"], ns=(1, 1))
    store.get(files[0])
    assert extraction.opened == 1


def refuse(*arguments, **named):
    raise AssertionError("nothing is to be opened")


def test_a_second_start_opens_no_recording(tmp_path, files, monkeypatch):
    monkeypatch.setattr(gathering, "PACK_FILES", 3)
    first = FeatureStore(Counting(), tmp_path / "cache").pack(files)
    store = FeatureStore(Counting(), tmp_path / "cache")
    refused = [
        (content_digests, "content_of"),
        (content_key, "digest_of"),
        (stored, "load_features"),
        (stored, "read_into"),
        (gathering, "long_term_average"),
        (gathering, "_moments"),
    ]
    for module, name in refused:
        monkeypatch.setattr(module, name, refuse)
    store.prepare(files)
    pack = store.pack(files)
    assert isinstance(pack.data, np.memmap)
    for name in ("data", "offsets", "long_term", "moments"):
        np.testing.assert_array_equal(getattr(pack, name), getattr(first, name))
    assert store.extraction.opened == 0


def test_a_change_that_size_and_time_hide_is_seen(tmp_path, files):
    path = files[0]["audio"]
    times = path.stat()
    store = FeatureStore(Counting(), tmp_path / "cache")
    before = store.pack(files).data
    write(path, seconds=1.0, seed=99)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert path.stat().st_size == times.st_size
    pack = FeatureStore(Counting(), tmp_path / "cache").pack(files)
    expected = LibrosaMelSpectrogram(n_mels=8)(files[0]).data
    np.testing.assert_array_equal(pack.data[: pack.offsets[1]], expected)
    np.testing.assert_array_equal(pack.data[pack.offsets[1] :], before[pack.offsets[1] :])


def test_what_was_removed_is_computed_again(tmp_path, files):
    store = FeatureStore(Counting(), tmp_path / "cache")
    store.prepare(files)
    removed = sorted(path for path in store.folder.glob("*.npy"))[1]
    removed.unlink()
    again = FeatureStore(Counting(), tmp_path / "cache")
    again.prepare(files)
    assert removed.exists()
    assert again.extraction.opened == 1


@pytest.mark.parametrize("damage", [b"", b"nonsense", "cut", "changed"])
def test_a_damaged_index_is_made_again(tmp_path, files, damage):
    first = FeatureStore(Counting(), tmp_path / "cache").pack(files)
    paths = list((tmp_path / "cache").rglob("*.npz"))
    assert len(paths) == 3
    for path in paths:
        content = path.read_bytes()
        changed = {"cut": content[:-10], "changed": content.replace(b"\x00", b"\x01")}
        path.write_bytes(changed.get(damage, damage))
    again = FeatureStore(Counting(), tmp_path / "cache").pack(files)
    for name in ("data", "offsets", "long_term", "moments"):
        np.testing.assert_array_equal(getattr(again, name), getattr(first, name))


def test_statistics_are_those_of_all_frames(tmp_path, files):
    everything = np.concatenate([LibrosaMelSpectrogram(n_mels=8)(file).data for file in files]).astype(float)
    changing = [lambda waveforms, random: -waveforms]
    for augmentations in ([], [], changing):
        pack = FeatureStore(Counting(), tmp_path / "cache").pack(files, augmentations)
        mean, deviation = pack.statistics()
        np.testing.assert_allclose(mean, everything.mean(axis=0), rtol=1e-5)
        np.testing.assert_allclose(deviation, everything.std(axis=0), rtol=1e-5)


def test_interrupted_anywhere_the_next_start_is_right(tmp_path, files, monkeypatch):
    """Each write is interrupted once just before it reaches the disk."""
    monkeypatch.setattr(gathering, "PACK_FILES", 3)
    files = files[:4]
    expected = FeatureStore(Counting(), tmp_path / "whole").pack(files)
    fsync, calls = os.fsync, []

    def interrupted(descriptor):
        calls.append(descriptor)
        if len(calls) == last:
            raise KeyboardInterrupt
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", interrupted)
    last, finished = 0, False
    while not finished:
        last, finished = last + 1, True
        calls.clear()
        folder = tmp_path / str(last)
        try:
            FeatureStore(Counting(), folder).pack(files)
        except KeyboardInterrupt:
            finished = False
        pack = FeatureStore(Counting(), folder).pack(files)
        for name in ("data", "offsets", "long_term", "moments"):
            np.testing.assert_array_equal(getattr(pack, name), getattr(expected, name))
        assert not [name for name in visible(folder) if name.endswith(".part")]
        assert not list(folder.rglob(".work-*"))
    assert last > 10


def test_many_recordings_take_few_open_files(tmp_path):
    """Each array that is mapped into memory counts as an open file; 100 recordings, and 64 files at most."""
    script = f"""
import resource
from pathlib import Path
import numpy as np
from pyannote.audio.features.librosa_mfcc import LibrosaMFCC
from pyannote.audio.store.feature_store import FeatureStore

store = FeatureStore(LibrosaMFCC(), Path({str(tmp_path)!r}))
files = [
    {{"uri": str(n), "waveform": np.full(400 + n, n / 1000, dtype=np.float32), "sample_rate": 16000}}
    for n in range(100)
]
store.prepare(files)
store.waveforms.prepare(files)
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
print(len(store.pack(files).data), len(store.pack(files, [lambda waveforms, random: waveforms]).waveforms))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[1] == "100"
