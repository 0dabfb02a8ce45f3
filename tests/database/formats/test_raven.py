"""Selection tables of Raven."""

import pytest
from annotation_texts import events, looks_right, read, refused

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.annotation_files import found_format, read_annotation_files

HEADER = (
    "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tPeak Power (dB)\tAnnotation\n"
)
TWO_VIEWS = (
    f"{HEADER}"
    "1\tWaveform 1\t1\t0.5\t1.25\t100.0\t\tcar\n"
    "1\tSpectrogram 1\t1\t0.5\t1.25\t100.0\t-75.9\tcar\n"
    "2\tWaveform 1\t1\t2.000\t3.500\t0.0\t\tpeople walking\n"
    "2\tSpectrogram 1\t1\t2.000\t3.500\t0.0\t-71.2\tpeople walking\n"
)
CAR, PEOPLE = (0.5, 1.25, "car"), (2.0, 3.5, "people walking")


def test_a_selection_is_read_once_for_all_views(tmp_path):
    reading = read(tmp_path, "raven", TWO_VIEWS)
    assert events(reading) == [CAR, PEOPLE]
    assert [event.line for event in reading.events] == [2, 4]
    assert not reading.left_out
    assert looks_right(tmp_path, "raven", TWO_VIEWS)


@pytest.mark.parametrize(
    "row",
    [
        "1\tSpectrogram 1\t1\t0.5\t1.25\t100.0\t\tcar",
        "1\tWaveform 1\t1\t0.5\t1.5\t100.0\t\tcar",
        "1\tWaveform 1\t1\t0.5\t1.25\t100.0\t\tdog",
    ],
)
def test_a_number_that_occurs_twice_for_other_reasons_is_refused(tmp_path, row):
    text = f"{HEADER}1\tSpectrogram 1\t1\t0.5\t1.25\t100.0\t\tcar\n{row}\n"
    refused(tmp_path, "raven", text, 3, "'1' occurs twice, and not as two views")


def test_a_table_without_rows_is_a_recording_without_events(tmp_path):
    reading = read(tmp_path, "raven", HEADER)
    assert list(reading.named) == ["a"] and not reading.events


@pytest.mark.parametrize("column", ["annotation", "Species", "Label", "Common Name", "Call type", "Tag"])
def test_the_column_of_labels_is_known_by_its_name(tmp_path, column):
    assert events(read(tmp_path, "raven", TWO_VIEWS.replace("Annotation", column))) == [CAR, PEOPLE]


def test_several_columns_that_may_be_labels_are_refused_until_one_is_named(tmp_path):
    text = "Selection\tBegin Time (s)\tEnd Time (s)\tSpecies\tCall type\n1\t0\t1\tblackbird\tsong\n"
    told = refused(tmp_path, "raven", text, 1, "Several columns may be the labels: 'Species', 'Call type'")
    assert "--label-column" in told
    assert events(read(tmp_path, "raven", text, label_column="Call type")) == [(0.0, 1.0, "song")]
    refused(tmp_path, "raven", text, 1, "There is no column 'call'", label_column="call")


def test_a_table_without_a_known_column_of_labels_is_refused_until_one_is_named(tmp_path):
    text = TWO_VIEWS.replace("Annotation", "What")
    told = refused(tmp_path, "raven", text, 1, "No column is known to be the labels")
    assert "'What'" in told and "--label-column" in told
    assert events(read(tmp_path, "raven", text, label_column="What")) == [CAR, PEOPLE]


SEVERAL = (
    "Selection\tView\tBegin Time (s)\tEnd Time (s)\tBegin File\tFile Offset (s)\tAnnotation\n"
    "1\tSpectrogram 1\t2.5\t3.5\ta.wav\t2.5\tcar\n"
    "2\tSpectrogram 1\t61.0\t62.5\tb.wav\t1.0\tdog\n"
)


def test_a_table_of_several_recordings_names_them_and_the_onset_in_each(tmp_path):
    path = tmp_path / "all.selections.txt"
    path.write_text(SEVERAL)
    name, reading = read_annotation_files(path, {"a.wav": 1, "b.wav": 2})
    found = [(event.recording, *event.segment, event.label) for event in reading.events]
    assert (name, found) == ("raven", [("a.wav", 2.5, 3.5, "car"), ("b.wav", 1.0, 2.5, "dog")])
    assert list(reading.named) == ["a.wav", "b.wav"]


def test_a_path_names_the_recording_too(tmp_path):
    text = (
        SEVERAL.replace("Begin File", "Begin Path")
        .replace("a.wav", "C:\\x\\a.wav")
        .replace("b.wav", "/x/b.wav")
    )
    assert [event.recording for event in read(tmp_path, "raven", text).events] == ["a.wav", "b.wav"]


def test_times_in_several_recordings_are_refused_without_offsets(tmp_path):
    lines = [line.split("\t") for line in SEVERAL.splitlines()]
    text = "\n".join("\t".join([*line[:5], line[6]]) for line in lines)
    refused(tmp_path, "raven", text, 1, "2 recordings have no 'File Offset")
    reading = read(tmp_path, "raven", text.rpartition("\n")[0])
    assert events(reading) == [(2.5, 3.5, "car")]
    assert len(reading.remarks) == 1 and "a.wav" in reading.remarks[0]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("3\tWaveform 1\t1\t1\t2\t0\t", "Found 7 columns where the first line has 8"),
        ("3\tWaveform 1\t1\t1\t2\t0\t\t", "label is missing"),
        ("3\tWaveform 1\t1\t2\t1\t0\t\tcar", "cannot last from 2 s to 1 s"),
        ("3\tWaveform 1\t1\t0,5\t1\t0\t\tcar", "'0,5' is not a time"),
    ],
)
def test_wrong_rows_are_refused(tmp_path, row, message):
    refused(tmp_path, "raven", f"{TWO_VIEWS}{row}\n", 6, message)


def test_wrong_headers_are_refused(tmp_path):
    for text, message in (
        ("", "no column 'Selection'"),
        ("Selection\tView\tEnd Time (s)\tAnnotation\n", "no column 'Begin Time"),
        (HEADER.replace("View", "Annotation"), "'Annotation' twice"),
    ):
        refused(tmp_path, "raven", text, 1, message)
        if text:
            assert looks_right(tmp_path, "raven", text) == ("twice" in message)


def test_points_are_counted(tmp_path):
    reading = read(tmp_path, "raven", f"{TWO_VIEWS}3\tWaveform 1\t1\t4\t4\t0\t\thorn\n")
    assert reading.left_out == {"events without duration": 1}


@pytest.mark.parametrize("ending", ["Table.1.selections", "selections", "BirdNET.selection.table"])
def test_tables_are_told_from_labels_of_audacity(tmp_path, ending):
    (tmp_path / f"a.b.{ending}.txt").write_text(TWO_VIEWS)
    assert found_format(tmp_path) == "raven"
    _, reading = read_annotation_files(tmp_path, ["a.b"])
    assert events(reading) == [CAR, PEOPLE]


def test_two_tables_of_a_recording_are_refused(tmp_path):
    for number in (1, 2):
        (tmp_path / f"a.Table.{number}.selections.txt").write_text(TWO_VIEWS)
    with pytest.raises(DataError, match=r"two files of annotation of 'a'; the other is .*Table\.1") as caught:
        read_annotation_files(tmp_path, ["a"])
    assert caught.value.file == tmp_path / "a.Table.2.selections.txt" and caught.value.fix
