"""Recordings are identified by a digest of all bytes, and read once for it."""

import os
import shutil
import threading

import numpy as np
import pytest
import soundfile

from pyannote.audio.core.errors import AudioError
from pyannote.audio.features.librosa_mel_spectrogram import LibrosaMelSpectrogram
from pyannote.audio.features.raw_audio import RawAudio
from pyannote.audio.store import content_digests as contents_module
from pyannote.audio.store import content_key as content_key_module
from pyannote.audio.store.content_key import content_of, state_of
from pyannote.audio.store.feature_store import FeatureStore

SECOND = 16000


def extraction():
    return LibrosaMelSpectrogram(n_mels=8)


def write(path, samples, mtime=1_600_000_000):
    """Write a recording whose time of change is a whole second, as that of files from a tar archive."""
    soundfile.write(path, samples, SECOND, subtype="PCM_16")
    os.utime(path, (mtime, mtime))
    return {"uri": path.stem, "database": "Test", "audio": path}


def noise(seconds, seed=0):
    return np.random.default_rng(seed).uniform(-0.5, 0.5, round(seconds * SECOND))


def stored(files, folder):
    """Features of some recordings, by each way that the store gives them."""
    pack = FeatureStore(extraction(), folder).pack(files)
    parts = [pack.data[first:last] for first, last in zip(pack.offsets, pack.offsets[1:], strict=False)]
    for file, part, lazy in zip(files, parts, FeatureStore(extraction(), folder).lazy(files), strict=True):
        np.testing.assert_array_equal(FeatureStore(extraction(), folder).get(file), part)
        np.testing.assert_array_equal(FeatureStore(extraction(), folder).read(file), part)
        np.testing.assert_array_equal(lazy, part)
    return parts


def assert_right(files, folder):
    for file, features in zip(files, stored(files, folder), strict=True):
        np.testing.assert_array_equal(features, extraction()(file).data)


def middle(samples, new):
    """The same samples but for two seconds that lie outside of the start, the middle and the end."""
    changed = samples.copy()
    changed[5 * SECOND : 7 * SECOND] = new
    return changed


def test_two_recordings_that_differ_in_206_frames_alone(tmp_path):
    """They have one size and one whole-second time, and are equal in 64 KiB at start, middle and end."""
    whole = noise(20)
    files = [
        write(tmp_path / "a.wav", whole),
        write(tmp_path / "b.wav", middle(whole, noise(2, seed=1))),
    ]
    (a, b) = (file["audio"].read_bytes() for file in files)
    assert len(a) == len(b)
    for start in (0, len(a) // 2 - (1 << 15), len(a) - (1 << 16)):
        assert a[start : start + (1 << 16)] == b[start : start + (1 << 16)]
    assert_right(files, tmp_path / "cache")
    first, second = stored(files, tmp_path / "cache")
    assert 200 <= (first != second).any(axis=1).sum() <= 210


def test_a_recording_that_is_silenced_in_its_middle_under_the_same_size_and_time(tmp_path):
    samples = noise(20)
    file = write(tmp_path / "a.wav", samples)
    stored([file], tmp_path / "cache")
    size = file["audio"].stat().st_size
    assert write(file["audio"], middle(samples, 0.0))["audio"].stat().st_size == size
    assert_right([file], tmp_path / "cache")


def test_each_of_many_changes_is_seen(tmp_path):
    """A byte anywhere, size and times of change of the content as they were, at once after a look."""
    file = write(tmp_path / "a.wav", noise(1))
    path, content = file["audio"], file["audio"].read_bytes()
    seen = {content_of(path)}
    for place in np.random.default_rng(0).integers(44, len(content), 50):
        store = FeatureStore(RawAudio(), tmp_path / "cache")
        before = store.contents([file])
        changed = bytearray(content)
        changed[place] ^= 1
        path.write_bytes(changed)
        os.utime(path, (1_600_000_000, 1_600_000_000))
        assert store.contents([file]) != before
        seen.update(store.contents([file]))
    assert len(seen) == 51


def test_contents_are_digests_of_all_bytes(tmp_path):
    import hashlib

    files = [write(tmp_path / f"{index}.wav", noise(1, index)) for index in (0, 1, 0)]
    waveform = {"waveform": noise(1), "sample_rate": SECOND}
    store = FeatureStore(extraction(), tmp_path / "cache")
    found = store.contents([*files, {**files[0], "speed": 0.9}, waveform])
    expected = [hashlib.sha256(file["audio"].read_bytes()).hexdigest()[:32] for file in files]
    assert found[:4] == [*expected, expected[0]] and len(set(found)) == 3
    assert not store.folder.exists()


class Reads(list):
    """Recordings whose content is read for its digest."""

    def __call__(self, file):
        self.append(os.fspath(file["audio"]))
        return content_of(file)


@pytest.fixture
def reads(monkeypatch):
    seen = Reads()
    monkeypatch.setattr(contents_module, "content_of", seen)
    return seen


def test_a_list_of_which_one_recording_is_new_or_changed_reads_that_one_alone(tmp_path, reads):
    files = [write(tmp_path / f"{index}.wav", noise(0.5, index)) for index in range(6)]
    FeatureStore(extraction(), tmp_path / "cache").prepare(files[:5])
    assert len(reads) == 5
    reads.clear()
    FeatureStore(extraction(), tmp_path / "cache").prepare([*files[5:], *reversed(files[:5])])
    assert reads == [str(files[5]["audio"])]
    reads.clear()
    write(files[2]["audio"], noise(0.5, seed=9))
    FeatureStore(extraction(), tmp_path / "cache").pack(files)
    assert reads == [str(files[2]["audio"])]
    reads.clear()
    # other speeds, other parameters, waveforms and digests need no look into them
    FeatureStore(extraction(), tmp_path / "cache").prepare([{**file, "speed": 1.1} for file in files])
    FeatureStore(LibrosaMelSpectrogram(n_mels=9), tmp_path / "cache").waveforms.prepare(files)
    FeatureStore(RawAudio(8000), tmp_path / "cache").contents(files)
    assert reads == []


def test_many_lists_are_merged_and_remembered(tmp_path, reads, monkeypatch):
    monkeypatch.setattr(contents_module, "MAX_FILES", 3)
    files = [write(tmp_path / f"{index}.wav", noise(0.1, index)) for index in range(9)]
    expected = [content_of(file) for file in files]
    for file in files:
        assert FeatureStore(RawAudio(), tmp_path / "cache").contents([file]) == [expected[files.index(file)]]
    assert len(reads) == 9
    assert len(list((tmp_path / "cache" / "contents").iterdir())) <= 3
    assert FeatureStore(RawAudio(), tmp_path / "cache").contents(files) == expected
    assert len(reads) == 9


@pytest.mark.parametrize("damage", [b"", b"nonsense", "cut", "other"])
def test_damaged_digests_are_taken_again(tmp_path, reads, damage):
    files = [write(tmp_path / f"{index}.wav", noise(0.1, index)) for index in range(3)]
    expected = FeatureStore(RawAudio(), tmp_path / "cache").contents(files)
    (path,) = (tmp_path / "cache" / "contents").iterdir()
    if damage == "other":
        np.savez(path, looks=np.zeros((3, 3)), contents=np.zeros(3))
    else:
        path.write_bytes(path.read_bytes()[:-9] if damage == "cut" else damage)
    assert FeatureStore(RawAudio(), tmp_path / "cache").contents(files) == expected
    assert len(reads) == 6


# Changes while a recording is read


class Replacing(LibrosaMelSpectrogram):
    """Has a recording replaced by something while its features are computed."""

    def __init__(self, n_mels=8, replace=None):
        super().__init__(n_mels=n_mels)
        self.replace = replace

    @property
    def parameters(self):
        return {"n_mels": 8}

    def open(self, file):
        reader = super().open(file)
        self.replace()
        return reader


def copied(source, target):
    shutil.copyfile(source, target)
    os.utime(target, (1_600_000_000, 1_600_000_000))


@pytest.mark.parametrize("way", ["in place", "renamed", "there and back"])
def test_a_recording_that_is_replaced_while_it_is_read_is_refused(tmp_path, way):
    files = [write(tmp_path / f"{name}.wav", noise(2, seed)) for seed, name in enumerate("ab")]
    original = tmp_path / "original"
    copied(files[0]["audio"], original)

    def replace():
        if way == "renamed":
            copied(files[1]["audio"], tmp_path / "new")
            (tmp_path / "new").replace(files[0]["audio"])
        else:
            copied(files[1]["audio"], files[0]["audio"])
        if way == "there and back":
            copied(original, files[0]["audio"])

    store = FeatureStore(Replacing(replace=replace), tmp_path / "cache")
    with pytest.raises(AudioError, match="changed while") as caught:
        store.get(files[0])
    assert caught.value.file == str(files[0]["audio"])
    assert not list((tmp_path / "cache").rglob(f"{'?' * 32}.npy"))
    copied(original, files[0]["audio"])
    found = FeatureStore(Replacing(replace=replace), tmp_path / "cache").unreadable(files[:1])
    assert "changed while" in found[0].message
    assert not list((tmp_path / "cache").rglob(f"{'?' * 32}.npy"))
    # once nothing writes to it any more
    quiet = FeatureStore(Replacing(replace=lambda: None), tmp_path / "cache")
    np.testing.assert_array_equal(quiet.get(files[0]), extraction()(files[0]).data)


def test_a_recording_that_changes_between_its_key_and_its_features_is_refused(tmp_path, monkeypatch):
    files = [write(tmp_path / f"{name}.wav", noise(2, seed)) for seed, name in enumerate("ab")]
    store = FeatureStore(extraction(), tmp_path / "cache")
    compute_all = store._stored.compute_all

    def late(work, progress):
        write(files[1]["audio"], noise(2, seed=7))
        return compute_all(work, progress)

    monkeypatch.setattr(store._stored, "compute_all", late)
    with pytest.raises(AudioError, match="changed while") as caught:
        store.pack(files)
    assert caught.value.file == str(files[1]["audio"])
    assert_right(files, tmp_path / "cache")


def test_a_recording_that_is_touched_while_a_list_is_looked_up_is_read_again_and_accepted(
    tmp_path, monkeypatch
):
    """Other times, or another inode on another machine, do not mean another content."""
    file = write(tmp_path / "a.wav", noise(1))
    store = FeatureStore(extraction(), tmp_path / "cache")
    compute_all = store._stored.compute_all

    def late(work, progress):
        os.utime(file["audio"], (1, 1))
        return compute_all(work, progress)

    monkeypatch.setattr(store._stored, "compute_all", late)
    store.pack([file])
    assert_right([file], tmp_path / "cache")


def test_a_recording_that_grows_while_its_digest_is_taken_is_refused(tmp_path, monkeypatch):
    file = write(tmp_path / "a.wav", noise(1))
    digest_of = content_key_module.digest_of

    def growing(stream):
        with file["audio"].open("ab") as end:
            end.write(b"more")
        return digest_of(stream)

    monkeypatch.setattr(content_key_module, "digest_of", growing)
    with pytest.raises(AudioError, match="changed while"):
        content_of(file)


def test_the_features_of_a_list_are_those_of_the_look_at_its_start(tmp_path):
    """A recording that changes later, while another one is packed, does not get into the same pack."""
    files = [write(tmp_path / f"{index}.wav", noise(1, index)) for index in range(2)]
    features = FeatureStore(extraction(), tmp_path / "cache").lazy(files)
    expected = [np.array(one) for one in features]
    write(files[1]["audio"], noise(3, seed=5))
    np.testing.assert_array_equal(features[1], expected[1])
    (path,) = (path for path in features.stored.folder.glob("*.npy") if path == features.work[1].path)
    path.unlink()
    with pytest.raises(AudioError, match="changed while"):
        features[1]


@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_what_has_no_end_is_refused(tmp_path, kind):
    path = tmp_path / "a.wav"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        path.mkdir()
    errors = []

    def attempt():
        try:
            FeatureStore(extraction(), tmp_path / "cache").prepare([path])
        except AudioError as error:
            errors.append(error)

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(10)
    assert len(errors) == 1 and errors[0].file == path


def test_a_recording_that_is_missing_or_cannot_be_read_is_told_beside_the_others(tmp_path):
    files = [write(tmp_path / f"{index}.wav", noise(0.5, index)) for index in range(4)]
    files[1]["audio"].unlink()
    files[2]["audio"].unlink()
    files[2]["audio"].mkdir()
    store = FeatureStore(extraction(), tmp_path / "cache")
    found = store.unreadable(files)
    assert {place: str(error.file) for place, error in found.items()} == {
        place: str(files[place]["audio"]) for place in (1, 2)
    }
    assert_right([files[0], files[3]], tmp_path / "cache")


def test_a_relative_path_is_the_same_recording(tmp_path, monkeypatch):
    file = write(tmp_path / "a.wav", noise(0.1))
    monkeypatch.chdir(tmp_path)
    assert state_of("a.wav") == state_of(file["audio"]) != state_of({**file, "speed": 0.9})
