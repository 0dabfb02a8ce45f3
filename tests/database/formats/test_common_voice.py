"""Releases of Common Voice: a clip is a recording of its speaker."""

import pytest

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.annotation_files import read_annotation_files

HEADER = "client_id\tpath\tsentence\tup_votes\n"


def rows(*clips):
    return HEADER + "".join(f'{speaker}\t{clip}.mp3\tSay "it", now\t2\n' for speaker, clip in clips)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "clips").mkdir()
    for name in "abcde":
        (tmp_path / "clips" / f"{name}.mp3").touch()
    (tmp_path / "validated.tsv").write_text(rows(("s1", "a"), ("s1", "b"), ("s2", "c"), ("s3", "d")))
    (tmp_path / "train.tsv").write_text(rows(("s1", "b")))
    (tmp_path / "test.tsv").write_text(rows(("s2", "c")))
    (tmp_path / "invalidated.tsv").write_text(rows(("s9", "e")))
    return tmp_path


def test_a_clip_is_tagged_with_its_speaker(folder):
    name, reading = read_annotation_files(folder, {})
    assert name == "common_voice"
    assert [(t.recording, t.label, t.file.name, t.line) for t in reading.tags] == [
        ("a.mp3", "s1", "validated.tsv", 2),
        ("b.mp3", "s1", "validated.tsv", 3),
        ("c.mp3", "s2", "validated.tsv", 4),
        ("d.mp3", "s3", "validated.tsv", 5),
    ]
    assert reading.audio == {f"{clip}.mp3": folder / "clips" / f"{clip}.mp3" for clip in "abcd"}
    assert reading.subsets == {"b.mp3": "train", "c.mp3": "test"}
    assert reading.remarks[1] == "Lists that are not read: invalidated.tsv."


def test_a_single_list_is_read_as_it_is(folder):
    _, reading = read_annotation_files(folder / "invalidated.tsv", {}, name="common_voice")
    assert [(t.recording, t.label) for t in reading.tags] == [("e.mp3", "s9")]


def test_without_validated_clips_the_lists_are_read(folder):
    (folder / "validated.tsv").unlink()
    _, reading = read_annotation_files(folder, {})
    assert [t.recording for t in reading.tags] == ["b.mp3", "c.mp3"]


def test_clips_without_audio_are_counted_and_named(folder):
    (folder / "clips" / "b.mp3").unlink()
    _, reading = read_annotation_files(folder, {})
    assert reading.left_out == {"clips without audio, such as b.mp3": 1}
    assert "b.mp3" not in reading.named and "b.mp3" not in reading.subsets


@pytest.mark.parametrize(
    ("name", "text", "line", "message"),
    [
        ("validated.tsv", HEADER + "s1\ta.mp3\thi\n", 2, "Found 3 columns where the first line has 4"),
        ("validated.tsv", HEADER + "\ta.mp3\thi\t1\n", 2, "client_id is missing"),
        ("validated.tsv", HEADER + "s1\t../a.mp3\thi\t1\n", 2, "not the name of a clip"),
        ("validated.tsv", HEADER + "s1\t\thi\t1\n", 2, "not the name of a clip"),
        ("train.tsv", rows(("s1", "a"), ("s2", "a")), 3, "has another speaker"),
        ("test.tsv", rows(("s1", "b")), 2, "in test and in train"),
        ("test.tsv", "path\tsentence\n", 1, "does not name the columns"),
    ],
)
def test_wrong_lines_are_refused_by_file_and_line(folder, name, text, line, message):
    (folder / name).write_text(text)
    with pytest.raises(DataError, match=message) as caught:
        read_annotation_files(folder, {}, name="common_voice")
    assert (caught.value.file, caught.value.line) == (folder / name, line)


def test_another_folder_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"neither validated\.tsv nor"):
        read_annotation_files(tmp_path, {}, name="common_voice")
