"""Tables about one recording each, and how folders of tables, label tracks and event lists are told apart."""

import pytest

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.annotation_files import found_format, read_annotation_files
from pyannote.audio.database.formats.base import formats

TABLE = "onset;offset;label\n0,5;2;car\n"
TRACK = "0.500000\t2.000000\tcar\n"
LIST = "a.wav\t0.5\t2\tcar\nb.wav\t0.5\t2\tcar\n"
FILES = "filename,onset,offset,label\na.wav,0.5,2,car\n"


def written(folder, **files):
    """Write files, whose names end with the word after the last underscore."""
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        stem, _, suffix = name.rpartition("_")
        (folder / f"{stem}.{suffix}").write_text(text)
    return folder


def events(reading):
    return [(one.recording, one.segment.start, one.segment.end, one.label) for one in reading.events]


@pytest.mark.parametrize("suffix", ["csv", "tsv", "txt"])
@pytest.mark.parametrize("text", [TABLE, "onset,duration,species\n0.5,1.5,car\n", "0.5;2;car\n"])
def test_tables_are_about_the_recordings_that_they_are_named_after(tmp_path, suffix, text):
    files = {f"{name}_{suffix}": text for name in ("a", "b", "notes")} | {f"c_{suffix}": text.split("\n")[0]}
    if text[0] != "o":
        files[f"c_{suffix}"] = ""
    name, reading = read_annotation_files(written(tmp_path, **files), dict.fromkeys("abc"))
    assert name == "csv_per_recording"
    assert events(reading) == [("a", 0.5, 2, "car"), ("b", 0.5, 2, "car")]
    assert list(reading.named) == ["a", "b", "c"]
    assert reading.left_out == {
        f"files *.csv or *.tsv or *.txt without a recording of their name, such as notes.{suffix}": 1
    }


def test_a_single_table_is_about_its_recording_too(tmp_path):
    path = written(tmp_path, a_csv=TABLE) / "a.csv"
    name, reading = read_annotation_files(path, {"a": None})
    assert (name, events(reading)) == ("csv_per_recording", [("a", 0.5, 2, "car")])
    with pytest.raises(DataError, match="named after its recording") as caught:
        read_annotation_files(path, {"b": None})
    assert "name the recordings in it" in caught.value.fix


def test_tables_in_folders_are_named_by_their_paths(tmp_path):
    for folder in "xy":
        written(tmp_path / folder, a_tsv="onset\toffset\tlabel\n0\t1\tcar\n")
    _, reading = read_annotation_files(tmp_path, {"x/a": None, "y/a": None})
    assert [one[0] for one in events(reading)] == ["x/a", "y/a"]


def test_a_table_that_names_recordings_is_not_about_one_and_the_reverse(tmp_path):
    path = written(tmp_path, a_csv=FILES) / "a.csv"
    with pytest.raises(DataError, match="column of recordings") as caught:
        read_annotation_files(path, {"a": None}, name="csv_per_recording")
    assert "--format=csv" in caught.value.fix
    path.write_text(TABLE)
    with pytest.raises(DataError, match="no column of recordings") as caught:
        read_annotation_files(path, {"a": None}, name="csv")
    assert "--format=csv_per_recording" in caught.value.fix


def test_event_lists_of_dcase_2016_are_label_tracks(tmp_path):
    text = "0.5\t1.25\tclearthroat\n3\t4.75\tphone\n"
    name, reading = read_annotation_files(written(tmp_path, dev_1_txt=text), {"dev_1": None})
    assert name == "audacity"
    assert events(reading) == [("dev_1", 0.5, 1.25, "clearthroat"), ("dev_1", 3, 4.75, "phone")]


@pytest.mark.parametrize(
    ("files", "name"),
    [
        ({"a_txt": TRACK, "b_txt": TRACK}, "audacity"),
        ({"a_txt": TRACK, "b_txt": "", "README_txt": "Labels by two persons.\n"}, "audacity"),
        ({"a_txt": TRACK + "\\\t100\t2000\n"}, "audacity"),
        ({"a_txt": TABLE, "b_txt": TABLE}, "csv_per_recording"),
        ({"a_csv": TABLE, "b_csv": "0;1;car\n"}, "csv_per_recording"),
        ({"a_txt": "0\t1\tcar\t0.4\n1\t2\tcar\t0.6\n"}, "csv_per_recording"),
        ({"all_txt": LIST}, "events"),
        ({"all_txt": FILES}, "events"),
        ({"all_tsv": "filename\tonset\toffset\tevent_label\n"}, "events"),
        ({"all_tsv": LIST}, "csv"),
        ({"all_csv": FILES}, "csv"),
        ({"all_csv": "filename\tonset\toffset\tevent_label\na.wav\t0\t1\tcar\n"}, "csv"),
        ({"train_csv": FILES, "test_tsv": FILES.replace(",", "\t"), "README_txt": "0 is first.\n"}, "csv"),
        ({"all_json": '[{"recording": "a", "onset": 0, "offset": 1, "label": "car"}]'}, "json"),
        ({"all_rttm": "SPEAKER a 1 0 1 <NA> <NA> car <NA> <NA>\n"}, "rttm"),
    ],
)
def test_formats_are_told_apart_by_their_first_lines(tmp_path, files, name):
    folder = written(tmp_path, **files)
    assert found_format(folder) == name
    # no other format takes a file for its own
    for path in folder.glob("[!R]*"):
        if path.read_text():
            right = [
                other
                for other, one in formats().items()
                if not one.of_folders and one.recording(path) is not None and one.looks_right(path)
            ]
            assert right == [name]


@pytest.mark.parametrize(
    ("files", "names"),
    [
        ({"a_txt": TRACK, "all_txt": LIST}, ("audacity", "events")),
        ({"a_txt": TRACK, "b_txt": TABLE}, ("audacity", "csv_per_recording")),
        ({"a_txt": TRACK, "b_txt": TRACK, "c_txt": TABLE}, ("audacity", "csv_per_recording")),
        ({"a_csv": TABLE, "all_csv": FILES}, ("csv", "csv_per_recording")),
        ({"all_json": '[{"recording": "a"}]', "all_csv": FILES}, ("csv", "json")),
    ],
)
def test_mixed_folders_ask_for_the_format(tmp_path, files, names):
    with pytest.raises(DataError, match="several formats") as caught:
        found_format(written(tmp_path, **files))
    assert all(name in caught.value.message for name in names)
    assert "--format=" in caught.value.fix


def test_labels_may_be_numbers(tmp_path):
    path = written(tmp_path, a_csv="0.5;2;3\n") / "a.csv"
    assert events(read_annotation_files(path, {"a": None})[1]) == [("a", 0.5, 2, "3")]


def test_a_list_of_common_voice_is_no_table_of_events(tmp_path):
    path = written(tmp_path, validated_tsv="client_id\tpath\tsentence\nf3\ta.mp3\tA sentence.\n")
    for name in ("csv", "csv_per_recording", "events"):
        assert not formats()[name].looks_right(path / "validated.tsv")


@pytest.mark.parametrize(
    "text",
    [
        '[{"audio": "a.wav", "label": [{"start": 0, "end": 1, "labels": ["car"]}], "annotation_id": 1}]',
        '[{"audio": "a.wav", "choice": "car", "annotation_id": 1}]',
        '[{"id": 1, "data": {"audio": "a.wav"}, "annotations": []}]',
        '{"annotations": []}',
    ],
)
def test_json_of_other_programs_is_no_list_of_events(tmp_path, text):
    assert not formats()["json"].looks_right(written(tmp_path, a_json=text) / "a.json")


def test_a_selection_table_of_raven_is_no_table_of_csv(tmp_path):
    text = "Selection\tView\tBegin Time (s)\tEnd Time (s)\tSpecies\n1\tSpectrogram 1\t0.5\t2\tcar\n"
    path = written(tmp_path, a_txt=text) / "a.txt"
    assert not any(formats()[name].looks_right(path) for name in ("audacity", "csv_per_recording", "events"))
