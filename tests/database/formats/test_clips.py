"""Folders of clips: the name of its folder is the label of a clip."""

import pytest

from pyannote.audio.core.errors import DataError, UsageError
from pyannote.audio.database.annotation_files import found_format, read_annotation_files
from pyannote.audio.database.formats.base import ReadOptions


@pytest.fixture
def folder(tmp_path):
    for name in ("dog/1.wav", "dog/2.FLAC", "cat purring/1.wav", "dog/notes.txt", "dog/._1.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def tags(folder):
    _, reading = read_annotation_files(folder, {}, name="clips")
    return [(tag.recording, tag.label, tag.file) for tag in reading.tags], reading


def test_a_clip_is_tagged_with_the_name_of_its_folder(folder):
    found, reading = tags(folder)
    names = {"cat purring/1.wav": "cat purring", "dog/1.wav": "dog", "dog/2.FLAC": "dog"}
    assert found == [(name, label, folder / name) for name, label in names.items()]
    assert list(reading.named) == list(names) and not reading.left_out
    assert reading.remarks == ["The label of a clip is the name of its folder."]


def test_clips_in_no_folder_are_counted_and_named(folder):
    (folder / "alone.wav").touch()
    (folder / "other.wav").touch()
    found, reading = tags(folder)
    assert len(found) == 3
    assert reading.left_out == {"clips that are in no folder of a class, such as alone.wav": 2}


def test_the_links_of_a_database_are_no_clips(folder):
    (folder / "out" / "audio").mkdir(parents=True)
    (folder / "out" / "database.yml").touch()
    (folder / "out" / "audio" / "1.wav").touch()
    assert len(tags(folder)[0]) == 3


def test_a_label_that_is_not_clear_is_refused(folder):
    (folder / "train" / "dog").mkdir(parents=True)
    (folder / "train" / "dog" / "1.wav").touch()
    with pytest.raises(DataError, match="folder within a folder") as caught:
        tags(folder)
    assert caught.value.file == folder / "train" / "dog" / "1.wav"


def test_a_pattern_finds_speakers_at_any_depth(folder):
    (folder / "x").mkdir()
    for name in ("id00012-singing-01-002.flac", "x/id00013-song-02-001.flac"):
        (folder / name).touch()
    options = ReadOptions(pattern="(.*/)?(?P<speaker>id[0-9]+)-.*")
    _, reading = read_annotation_files(folder, {}, options, name="clips")
    assert [(tag.recording, tag.label) for tag in reading.tags] == [
        ("id00012-singing-01-002.flac", "id00012"),
        ("x/id00013-song-02-001.flac", "id00013"),
    ]
    assert reading.left_out.total() == 3 and "speaker that --pattern finds" in reading.remarks[0]
    with pytest.raises(UsageError, match="no group `speaker`"):
        read_annotation_files(folder, {}, ReadOptions(pattern=".*"), name="clips")


def test_a_folder_without_clips_is_refused(tmp_path):
    (tmp_path / "alone.wav").touch()
    for path in (tmp_path, tmp_path / "alone.wav"):
        with pytest.raises(DataError):
            tags(path)


def test_audio_is_not_taken_for_annotation_unasked(folder):
    (folder / "dog" / "notes.txt").unlink()
    with pytest.raises(DataError, match="no known format"):
        found_format(folder)
