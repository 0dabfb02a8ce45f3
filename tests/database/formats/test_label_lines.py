"""Label tracks of Audacity, .ann and .lab files."""

import pytest
from annotation_texts import events, looks_right, read, refused

from pyannote.audio.database.annotation_files import found_format, read_annotation_files

LINES = "0.5\t1.25\tcar\n2\t3.5\tpeople walking\n"
CAR, PEOPLE = (0.5, 1.25, "car"), (2.0, 3.5, "people walking")


@pytest.mark.parametrize("name", ["audacity", "ann", "lab"])
@pytest.mark.parametrize(
    "text", [LINES, LINES.replace("\t", "  "), LINES.replace("\n", "\r\n"), f"\ufeff{LINES}"]
)
def test_columns_are_separated_by_tabs_or_by_blanks(tmp_path, name, text):
    assert events(read(tmp_path, name, text)) == [CAR, PEOPLE]
    assert looks_right(tmp_path, name, text)


@pytest.mark.parametrize("name", ["audacity", "ann", "lab"])
def test_an_empty_file_is_a_recording_without_events(tmp_path, name):
    reading = read(tmp_path, name, "")
    assert list(reading.named) == ["a"] and not reading.events


@pytest.mark.parametrize("name", ["audacity", "ann", "lab"])
@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1.0\t2.0", "cannot be read"),
        ("1.0\t2.0\t", "cannot be read"),
        ("1.0\t2.0\t  ", "cannot be read"),
        ("1.0 2.0", "cannot be read"),
        ("1.0\t2.0\tcar\tred", "cannot be read"),
        ("1.0\t2.0 car", "cannot be read"),
        ("2.0\t1.0\tcar", "cannot last from 2 s to 1 s"),
        ("-1.0\t1.0\tcar", "'-1.0' is not a time"),
        ("1,5\t2.0\tcar", "'1,5' is not a time"),
        ("7 1.0 2.0 car", "another number"),
        ("a.wav 1.0 2.0 car", "'a.wav' is not a time"),
        ("Once upon a time", "'Once' is not a time"),
    ],
)
def test_lines_that_are_no_labels_are_refused(tmp_path, name, line, message):
    refused(tmp_path, name, f"{LINES}\n{line}\n", 4, message)
    if name != "lab":
        assert looks_right(tmp_path, name, f"{LINES}\n{line}\n")
        assert not looks_right(tmp_path, name, f"{line}\n{LINES}")


@pytest.mark.parametrize("name", ["audacity", "ann", "lab"])
def test_points_are_counted(tmp_path, name):
    reading = read(tmp_path, name, f"0.25\t0.25\thorn\n{LINES}")
    assert events(reading) == [CAR, PEOPLE]
    assert reading.left_out == {"events without duration": 1}


def test_a_label_may_begin_with_a_number_behind_a_tab(tmp_path):
    assert events(read(tmp_path, "audacity", "1\t2\t3 blind mice\n")) == [(1.0, 2.0, "3 blind mice")]
    assert events(read(tmp_path, "audacity", "1 2 3\n")) == [(1.0, 2.0, "3")]


def test_frequencies_are_counted_and_checked(tmp_path):
    text = "0.5\t1.25\tcar\n\\\t120.0\t4000.5\n2\t3.5\tpeople walking\n\\\t-1.000000\t300\n"
    reading = read(tmp_path, "audacity", text)
    assert events(reading) == [CAR, PEOPLE]
    assert reading.left_out == {"lines of frequencies": 2}
    assert looks_right(tmp_path, "audacity", text)
    for wrong in ("\\", "\\\t100", "\\\t100\thigh", "\\ 1 2 3"):
        refused(tmp_path, "audacity", f"0.5\t1.25\tcar\n{wrong}\n", 2, "cannot be read")


@pytest.mark.parametrize(
    "text",
    [
        "Selection\tView\tBegin Time (s)\tEnd Time (s)\tAnnotation\n1\tWaveform 1\t1\t0.5\t1.0\tcar\n",
        "1\tWaveform 1\t1\t0.5\t1.0\tcar\n",
        "a.wav\t0.5\t1.0\tcar\n",
        "1 0.5 1.0 car\n",
        "1\t2\t0.5\t1.0\tcar\n",
        "filename\tonset\toffset\tlabel\n",
        "Recorded on the third of May\nby the river.\n",
        "1 2 buckle my shoe\nthree, four, knock at the door\nfive, six, pick up sticks\n",
    ],
)
def test_tables_lists_and_prose_do_not_look_like_labels(tmp_path, text):
    assert not looks_right(tmp_path, "audacity", text)


def test_labels_lie_in_the_same_folder_as_their_audio(tmp_path):
    for folder, label in (("x", "car"), ("y", "dog")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.txt").write_text(f"0\t1\t{label}\n")
    name, reading = read_annotation_files(tmp_path, dict.fromkeys(["x/a", "y/a", "a"]))
    assert name == "audacity"
    assert [(event.recording, event.label) for event in reading.events] == [("x/a", "car"), ("y/a", "dog")]


# .lab


def test_integers_of_htk_are_units_of_100_nanoseconds(tmp_path):
    text = "0 3600000 sil\n3600000 12500000 car -102.5 word\n"
    reading = read(tmp_path, "lab", text)
    assert events(reading) == [(0.0, 0.36, "sil"), (0.36, 1.25, "car")]
    assert reading.left_out == {"columns behind labels": 2}
    assert looks_right(tmp_path, "lab", text)


def test_small_integers_and_decimals_are_seconds(tmp_path):
    assert events(read(tmp_path, "lab", "0 5 car\n7 10000 dog\n")) == [
        (0.0, 5.0, "car"),
        (7.0, 10000.0, "dog"),
    ]
    assert events(read(tmp_path, "lab", "0 2000000.0 car\n")) == [(0.0, 2000000.0, "car")]


def test_integers_that_may_be_either_are_refused(tmp_path):
    for latest in (10001, 36000, 1000000):
        refused(
            tmp_path,
            "lab",
            f"0 5000 car\n5000 {latest} dog\n",
            2,
            f"whether {latest} is a time in seconds or",
        )


def test_damaged_lines_of_htk_are_refused(tmp_path):
    refused(tmp_path, "lab", "0 3600000 sil\n3600000 4000000\n", 2, "cannot be read")
    refused(tmp_path, "lab", "0 3600000 sil\n9000000 4000000 car\n", 2, "cannot last from 0.9 s to 0.4 s")
    refused(tmp_path, "lab", f"0 {'9' * 5000} car\n", 1, "is not a time")


def test_ann_and_lab_are_known_by_their_names(tmp_path):
    for name in ("ann", "lab"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / f"a.{name}").write_text(LINES)
        assert found_format(folder) == name
