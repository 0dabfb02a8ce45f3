"""Recordings of a protocol, and errors about wrong ones."""

import numpy as np
import pyannote.database
import pytest
import soundfile
from pyannote.database.registry import Registry

from pyannote.audio.core.errors import AudioError, DataError, UsageError
from pyannote.audio.database.protocols import labels_of, recording_of, recordings

CONFIG = """\
Databases:
  Street: {folder}/audio/{{uri}}.wav
Protocols:
  Street:
    SpeakerDiarization:
      Plain:
        train:
          uri: train.lst
          annotation: train.rttm
          annotated: train.uem
        test:
          uri: train.lst
"""
NAME = "Street.SpeakerDiarization.Plain"
RTTM = [
    "SPEAKER a 1 0.500 1.500 <NA> <NA> car <NA> <NA>",
    "SPEAKER a 1 1.000 2.000 <NA> <NA> people_walking <NA> <NA>",
    "SPEAKER b 1 0.000 1.000 <NA> <NA> car <NA> <NA>",
]
UEM = ["a 1 0.000 4.000", "b 1 0.000 0.600", "b 1 1.500 2.000"]


class Data:
    """Two recordings of 4 s and 2 s, and the files that describe them."""

    def __init__(self, folder, monkeypatch):
        self.folder, self.monkeypatch = folder, monkeypatch
        (folder / "audio").mkdir()
        for uri, seconds in (("a", 4), ("b", 2)):
            soundfile.write(folder / "audio" / f"{uri}.wav", np.full(8000 * seconds, 0.1), 8000)
        self.write("train.lst", ["a", "b"])
        self.write("train.rttm", RTTM)
        self.write("train.uem", UEM)
        self.write("database.yml", [CONFIG.format(folder=folder)])

    def write(self, name, lines):
        (self.folder / name).write_text("\n".join(lines) + "\n")

    def read(self, subset="train", name=NAME, **arguments):
        registry = Registry()
        registry.load_database(self.folder / "database.yml")
        self.monkeypatch.setattr(pyannote.database, "registry", registry)
        return recordings(name, subset, **arguments)

    def refused(self, kind, *arguments, **keywords):
        with pytest.raises(kind) as caught:
            self.read(*arguments, **keywords)
        return caught.value


@pytest.fixture
def data(tmp_path, monkeypatch):
    return Data(tmp_path, monkeypatch)


def test_a_recording_equals_its_files(data):
    one, other = data.read()
    assert (one["uri"], one["database"], one["duration"]) == ("a", "Street", 4.0)
    assert one["audio"] == data.folder / "audio" / "a.wav"
    assert one["regions"] == [(0.0, 4.0)]
    assert one["events"] == [(0.5, 2.0, "car"), (1.0, 3.0, "people_walking")]
    assert other["regions"] == [(0.0, 0.6), (1.5, 2.0)]
    assert labels_of([one, other]) == ["car", "people_walking"]


def test_the_order_of_lists_and_annotation_does_not_matter(data):
    before = data.read()
    for name, lines in (("train.lst", ["b", "a"]), ("train.rttm", RTTM[::-1]), ("train.uem", UEM[::-1])):
        data.write(name, lines)
    assert data.read() == before


def test_events_end_with_the_annotated_regions(data):
    data.write(
        "train.rttm",
        [
            *RTTM[:2],
            "SPEAKER b 1 0.300 1.600 <NA> <NA> car <NA> <NA>",
            "SPEAKER b 1 0.700 0.500 <NA> <NA> dog <NA> <NA>",
        ],
    )
    assert data.read()[1]["events"] == [(0.3, 0.6, "car"), (1.5, 1.9, "car")]


def test_without_regions_all_is_annotated(data):
    data.write(
        "database.yml", [CONFIG.format(folder=data.folder).replace("          annotated: train.uem\n", "")]
    )
    assert [file["regions"] for file in data.read()] == [[(0.0, 4.0)], [(0.0, 2.0)]]


def test_a_file_without_events_is_annotated_as_silent(data):
    data.write("train.rttm", RTTM[:2])
    assert data.read()[1]["events"] == []


def test_annotation_is_required_for_training_only(data):
    assert [file["events"] for file in data.read("test", annotated=False)] == [None, None]
    assert "has no annotation" in str(data.refused(DataError, "test"))


def test_the_template_of_a_configuration_takes_precedence(data, tmp_path):
    (tmp_path / "other").mkdir()
    for uri in "ab":
        (tmp_path / "audio" / f"{uri}.wav").rename(tmp_path / "other" / f"{uri}.wav")
    files = data.read(templates={"audio": f"{tmp_path}/other/{{uri}}.wav"})
    assert files[0]["audio"] == tmp_path / "other" / "a.wav"


def test_annotation_slightly_beyond_the_end_is_cut(data):
    data.write("train.rttm", [RTTM[0], "SPEAKER a 1 3.000 1.050 <NA> <NA> car <NA> <NA>"])
    data.write("train.uem", ["a 1 0.000 4.080", "b 1 0.000 2.000"])
    one = data.read()[0]
    assert one["events"][-1] == (3.0, 4.0, "car") and one["regions"] == [(0.0, 4.0)]


def test_a_plain_file_is_a_recording_without_annotation(data):
    file = recording_of(data.folder / "audio" / "b.wav")
    assert (file["uri"], file["duration"], file["regions"], file["events"]) == ("b", 2.0, [(0.0, 2.0)], None)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Street.SpeakerDiarization.Plane", "Did you mean 'Street.SpeakerDiarization.Plain'"),
        ("Road", "There is no protocol 'Road'"),
        ("Street.SpeakerDiarization", "There is no protocol"),
        ("", "There is no protocol ''"),
    ],
)
def test_an_unknown_protocol_lists_those_that_exist(data, name, words):
    error = data.refused(UsageError, name=name)
    assert words in str(error) and "database.yml" in str(error)


@pytest.mark.parametrize(
    ("subset", "words"),
    [("development", "has no subset 'development'"), ("dev", "There is no subset 'dev'; there are train")],
)
def test_an_unknown_subset_is_a_sentence(data, subset, words):
    assert words in str(data.refused(UsageError, subset))


def test_annotation_beyond_the_end_names_file_and_line(data):
    data.write("train.rttm", [*RTTM, "SPEAKER a 1 3.000 2.000 <NA> <NA> car <NA> <NA>"])
    error = data.refused(DataError)
    assert (error.file, error.line) == (data.folder / "train.rttm", 4)
    assert "annotated until 5.000 s" in str(error) and "ends at 4.000 s" in str(error)


def test_regions_beyond_the_end_name_file_and_line(data):
    data.write("train.uem", ["a 1 0.000 4.000", "b 1 0.000 9.000"])
    error = data.refused(DataError)
    assert (error.file, error.line) == (data.folder / "train.uem", 2)


def test_a_missing_wav_names_the_location_of_its_template(data):
    (data.folder / "audio" / "b.wav").unlink()
    error = data.refused(DataError)
    assert "b" in str(error) and "Databases:" in str(error)


def test_a_wrong_template_names_its_location(data):
    text = CONFIG.format(folder=data.folder).replace("/audio/", "/nowhere/")
    data.write("database.yml", [text])
    assert "path template" in str(data.refused(DataError))


@pytest.mark.parametrize("content", [b"", b"RIFF", b"no audio at all" * 9])
def test_a_damaged_wav_is_named(data, content):
    (data.folder / "audio" / "b.wav").write_bytes(content)
    error = data.refused(AudioError)
    assert "b.wav" in str(error)


@pytest.mark.parametrize("name", ["train.lst", "train.rttm", "train.uem"])
def test_a_missing_list_is_named(data, name):
    (data.folder / name).unlink()
    error = data.refused(DataError)
    assert error.file == data.folder / name and "does not exist" in str(error)


@pytest.mark.parametrize(
    ("name", "lines", "line"),
    [
        ("train.rttm", [RTTM[0], "SPEAKER a 1 x 1.500 <NA> <NA> car <NA> <NA>"], 2),
        ("train.rttm", [RTTM[0], "SPEAKER a 1 1.0"], 2),
        ("train.rttm", [RTTM[0], "SPEAKER a 1 1.0 -1.0 <NA> <NA> car <NA> <NA>"], 2),
        ("train.uem", ["a 1 0.0 4.0", "b 1 zero 2.0"], 2),
        ("train.uem", ["a 1 0.0 4.0", "b 1 2.0 1.0"], 2),
        ("train.lst", ["a", "b", "a"], 3),
    ],
)
def test_a_damaged_list_names_its_line(data, name, lines, line):
    data.write(name, lines)
    error = data.refused(DataError)
    assert (error.file, error.line) == (data.folder / name, line)


def test_an_empty_list_is_refused(data):
    (data.folder / "train.lst").write_text("")
    assert "train.lst" in str(data.refused(DataError))
