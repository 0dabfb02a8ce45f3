"""A flipped bit in stored features is detected, and the features are computed again."""

import zlib

import numpy as np
import pytest
from counting import Counting

from pyannote.audio.core.errors import StorageError
from pyannote.audio.features.librosa_mel_spectrogram import LibrosaMelSpectrogram
from pyannote.audio.features.precomputed import Precomputed
from pyannote.audio.io.arrays import is_intact, load_array, read_into, save_pieces
from pyannote.audio.store import feature_store, gathering
from pyannote.audio.store.feature_store import FeatureStore


@pytest.fixture
def files():
    return [
        {"uri": str(index), "waveform": np.random.default_rng(index).random(8000), "sample_rate": 16000}
        for index in range(3)
    ]


def flip(path, place):
    content = bytearray(path.read_bytes())
    content[place] ^= 16
    path.write_bytes(content)


def ways(files):
    """Each way in which a store gives numbers."""
    return [
        lambda store: store.pack(files).data,
        lambda store: store.pack(files).long_term,
        lambda store: np.stack(store.pack(files).statistics()),
        lambda store: store.concatenate(files)[0],
        lambda store: np.concatenate([store.get(file) for file in files]),
        lambda store: np.concatenate([store.read(file) for file in files]),
        lambda store: np.concatenate(list(store.lazy(files))),
        lambda store: np.stack([store.long_term(file) for file in files]),
        lambda store: np.concatenate(store.each(files)),
        lambda store: np.concatenate(store.pack(files, [lambda waveforms, random: waveforms]).waveforms),
    ]


@pytest.mark.parametrize("packed", [False, True])
def test_a_flipped_bit_of_any_stored_file_is_found_by_every_way_to_read_it(
    tmp_path, files, monkeypatch, packed, promise
):
    if packed:
        monkeypatch.setattr(gathering, "PACK_FILES", 0)
        monkeypatch.setattr(feature_store, "MAPPED_FILES", 0)
    expected = [np.array(way(FeatureStore(Counting(), tmp_path))) for way in ways(files)]
    paths = sorted(tmp_path.rglob("*.npy"))
    contents = [path.read_bytes() for path in paths]
    assert len(paths) == 3 * 3 + 2 * packed
    wrong = 0
    for number, way in enumerate(ways(files)):
        for path, content in zip(paths, contents, strict=True):
            flip(path, np.random.default_rng(number).integers(128, len(content)))
            wrong += not np.array_equal(way(FeatureStore(Counting(), tmp_path)), expected[number])
            path.write_bytes(content)
    assert wrong == 0
    promise(
        "A bit that flips among stored numbers is found wherever they are read.",
        f"Flip a bit of each file of a store, packs {'and all' if packed else 'aside'}, before each way to "
        "read it.",
        f"{len(expected) * len(paths)} flips, {wrong} wrong numbers",
    )


def test_only_what_is_damaged_is_computed_again(tmp_path, files):
    store = FeatureStore(Counting(), tmp_path)
    store.prepare(files)
    damaged = store.get(files[1]).filename
    flip(damaged, 1000)
    again = FeatureStore(Counting(), tmp_path)
    np.testing.assert_array_equal(
        again.pack(files).data[51:102], LibrosaMelSpectrogram(n_mels=8)(files[1]).data
    )
    assert again.extraction.opened == 1 and is_intact(damaged)


def test_features_of_earlier_versions_without_a_checksum_are_computed_again(tmp_path, files):
    store = FeatureStore(Counting(), tmp_path)
    path = store.get(files[0]).filename
    np.save(path, np.zeros((51, 8), dtype=np.float32))
    for read in (lambda store: store.get(files[0]), lambda store: store.pack(files[:1]).data):
        np.save(path, np.zeros((51, 8), dtype=np.float32))
        np.testing.assert_array_equal(
            read(FeatureStore(Counting(), tmp_path)), LibrosaMelSpectrogram(n_mels=8)(files[0]).data
        )


def test_the_format_is_npy_and_the_crc_of_zlib(tmp_path):
    array = np.random.default_rng(0).random((50, 4), dtype=np.float32)
    path = tmp_path / "a.npy"
    save_pieces(path, [array[:20], array[20:]], array.shape)
    np.testing.assert_array_equal(np.load(path), array)
    np.testing.assert_array_equal(np.load(path, mmap_mode="r"), array)
    np.testing.assert_array_equal(load_array(path), array)
    content = path.read_bytes()
    assert content[-14:] == b"crc32:%08x" % zlib.crc32(content[:-14])
    np.save(tmp_path / "plain.npy", array)
    assert content[:-14] == (tmp_path / "plain.npy").read_bytes()
    assert not is_intact(tmp_path / "plain.npy")
    assert not read_into(tmp_path / "plain.npy", np.empty_like(array))
    assert not read_into(path, np.empty((51, 4), dtype=np.float32))
    assert not read_into(path, np.empty((49, 4), dtype=np.float32))


@pytest.mark.parametrize("read", [is_intact, lambda path: read_into(path, np.empty((20, 2), np.float32))])
def test_bits_and_cuts_are_noticed(tmp_path, read):
    path = tmp_path / "a.npy"
    save_pieces(path, [np.random.default_rng(0).random((20, 2), dtype=np.float32)], (20, 2))
    content = path.read_bytes()
    assert read(path)
    for bit in np.random.default_rng(0).permutation(8 * len(content))[:300]:
        changed = bytearray(content)
        changed[bit // 8] ^= 1 << bit % 8
        path.write_bytes(changed)
        assert not read(path)
    for length in range(0, len(content), 7):
        path.write_bytes(content[:length])
        assert not read(path)
    path.write_bytes(content + b"0")
    assert not read(path)
    path.unlink()
    assert not read(path)


def test_frames_of_users_are_plain_and_those_of_the_store_are_accepted(tmp_path, files):
    from pyannote.core import SlidingWindow

    window = SlidingWindow(start=0, duration=0.1, step=0.1)
    precomputed = Precomputed.create(tmp_path / "scores", window, dimension=2)
    file = {"uri": "a", "database": "D"}
    array = np.random.default_rng(0).random((9, 2), dtype=np.float32)
    precomputed.dump(file, array)
    path = precomputed.path(file)
    assert path.stat().st_size == 128 + array.nbytes
    np.testing.assert_array_equal(FeatureStore(precomputed, tmp_path / "cache").pack([file]).data, array)
    save_pieces(path, [array], array.shape)
    np.testing.assert_array_equal(FeatureStore(precomputed, tmp_path / "cache").get(file), array)


def test_a_disk_that_damages_all_that_is_written_ends_in_a_sentence(tmp_path, files, monkeypatch):
    from pyannote.audio.store import computing

    store = FeatureStore(Counting(), tmp_path)
    store.prepare(files)

    def damaging(path, *arguments):
        save_pieces(path, *arguments)
        path.write_bytes(path.read_bytes()[:-1])

    monkeypatch.setattr(computing, "save_pieces", damaging)
    path = store.get(files[0]).filename
    path.unlink()
    with pytest.raises(StorageError, match="removed or damaged") as caught:
        FeatureStore(Counting(), tmp_path).get(files[0])
    assert caught.value.file == path
