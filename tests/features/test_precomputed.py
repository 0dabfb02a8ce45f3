"""Precomputed features: metadata, frames, and damaged files."""

import numpy as np
import pytest
import yaml
from pyannote.core import Segment, SlidingWindow, SlidingWindowFeature

from pyannote.audio.core.errors import DataError
from pyannote.audio.features.precomputed import Precomputed

FILE = {"database": "TUT2017", "uri": "street/a001"}
WINDOW = SlidingWindow(start=-0.0125, duration=0.025, step=0.01)


def scores(frames=100, dimension=3):
    return np.random.default_rng(0).random((frames, dimension)).astype(np.float32)


def filled(folder, classes=("car", "people", "é")):
    precomputed = Precomputed.create(folder, WINDOW, dimension=3, classes=classes)
    precomputed.dump(FILE, scores())
    return precomputed


@pytest.mark.parametrize("use_memmap", [True, False])
@pytest.mark.parametrize("classes", [("car", "people", "é"), None])
def test_roundtrip(tmp_path, use_memmap, classes):
    filled(tmp_path / "apply" / "0001", classes)
    precomputed = Precomputed(tmp_path / "apply" / "0001", use_memmap=use_memmap)
    features = precomputed(FILE)
    assert (tmp_path / "apply" / "0001" / "TUT2017" / "street" / "a001.npy").is_file()
    np.testing.assert_array_equal(features.data, scores())
    assert isinstance(features.data, np.memmap) == use_memmap
    assert features.labels == precomputed.classes == (None if classes is None else list(classes))
    assert precomputed.dimension == 3
    for window in (precomputed.sliding_window, features.sliding_window):
        assert (window.start, window.duration, window.step) == (-0.0125, 0.025, 0.01)
    segment = Segment(0.2, 0.5)
    np.testing.assert_array_equal(precomputed.crop(FILE, segment), features.crop(segment, "center"))
    fixed = precomputed.crop(FILE, Segment(0.9, 1.5), fixed=0.6)
    np.testing.assert_array_equal(fixed, features.crop(Segment(0.9, 1.5), "center", fixed=0.6))


def test_metadata_are_those_of_the_format(tmp_path):
    filled(tmp_path)
    assert yaml.safe_load((tmp_path / "metadata.yml").read_text()) == {
        "start": -0.0125,
        "duration": 0.025,
        "step": 0.01,
        "dimension": 3,
        "classes": ["car", "people", "é"],
    }


def test_what_is_dumped_may_be_a_feature_of_any_float_type(tmp_path):
    precomputed = filled(tmp_path)
    precomputed.dump(FILE, SlidingWindowFeature(scores().astype(np.float64), WINDOW))
    np.testing.assert_array_equal(precomputed(FILE).data, scores())
    np.save(precomputed.path(FILE), scores().astype(np.float64))
    assert precomputed(FILE).data.dtype == np.float32


def test_a_folder_of_one_database(tmp_path):
    precomputed = filled(tmp_path)
    precomputed.dump({"uri": "b"}, scores())
    assert (tmp_path / "b.npy").is_file()


def test_changes_stay_in_memory(tmp_path):
    precomputed = filled(tmp_path)
    precomputed(FILE).data[:] = 0
    np.testing.assert_array_equal(precomputed(FILE).data, scores())


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (np.zeros((10, 2)), r"not \(frames, 3\)"),
        (np.zeros(10), r"not \(frames, 3\)"),
        (np.zeros((0, 3)), r"not \(frames, 3\)"),
        (np.full((10, 3), np.nan), "NaN"),
    ],
)
def test_dump_refuses(tmp_path, features, message):
    precomputed = Precomputed.create(tmp_path, WINDOW, dimension=3)
    with pytest.raises(DataError, match=message):
        precomputed.dump(FILE, features)
    assert [path.name for path in tmp_path.rglob("*")] == ["metadata.yml"]


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\x93NUMPY\x01\x00"])
def test_damaged_frames(tmp_path, content):
    precomputed = filled(tmp_path)
    precomputed.path(FILE).write_bytes(content)
    with pytest.raises(DataError, match="damaged"):
        precomputed(FILE)


def test_frames_that_are_missing_cut_short_or_pickled(tmp_path):
    precomputed = filled(tmp_path)
    with pytest.raises(DataError, match="no frames") as caught:
        precomputed({"database": "TUT2017", "uri": "b001"})
    assert caught.value.file == tmp_path / "TUT2017" / "b001.npy"
    path = precomputed.path(FILE)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match="damaged"):
        precomputed(FILE)
    np.save(path, np.array([{"a": 1}]), allow_pickle=True)
    with pytest.raises(DataError, match="damaged"):
        precomputed(FILE)
    np.save(path, np.zeros((5, 3), dtype=np.int64))
    with pytest.raises(DataError, match="int64"):
        precomputed(FILE)


@pytest.mark.parametrize("file", [{"database": "..", "uri": "a"}, {"uri": "../a"}, {"uri": "/etc/passwd"}])
def test_nothing_leaves_the_folder(tmp_path, file):
    with pytest.raises(DataError, match="Rename"):
        filled(tmp_path / "scores").dump(file, scores())


@pytest.mark.parametrize("file", ["audio.wav", {"audio": "audio.wav"}])
def test_a_recording_without_name(tmp_path, file):
    with pytest.raises(DataError, match="identified by 'database' and 'uri'"):
        filled(tmp_path)(file)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"step": 0}, "greater than 0"),
        ({"duration": "long"}, "duration is 'long'"),
        ({"start": None}, "start is None"),
        ({"start": float("nan")}, "start is nan"),
        ({"dimension": 0}, "greater than 0"),
        ({"classes": ["a"]}, "1 classes for 3 columns"),
        ({"classes": "abc"}, "expected"),
    ],
)
def test_metadata_that_make_no_sense(tmp_path, change, message):
    filled(tmp_path)
    path = tmp_path / "metadata.yml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **change}))
    with pytest.raises(DataError, match=message):
        Precomputed(tmp_path)


@pytest.mark.parametrize("text", ["", "- 1", "a: [", "\0", "[" * 3000])
def test_metadata_that_are_no_mapping(tmp_path, text):
    (tmp_path / "metadata.yml").write_text(text)
    with pytest.raises(DataError, match="damaged"):
        Precomputed(tmp_path)


def test_missing_metadata(tmp_path):
    with pytest.raises(DataError, match=r"no metadata\.yml"):
        Precomputed(tmp_path)
