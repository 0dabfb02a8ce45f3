"""Names that are misspelt beside annotation are found, and lines of other lists are not taken for such."""

import unicodedata

import pytest
import soundfile
import yaml
from commands import known_database

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.checks.reader import Reader
from pyannote.audio.database.protocols import recordings
from pyannote.audio.database.spelling import misspelt, spells

NAME = "Words.SpeakerDiarization.One"


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("a001", "a001.wav"),
        ("a001", "A001"),
        ("street/a001", "a001"),
        ("a001", "./street/a001.flac"),
        ("street\\a001", "Street/a001"),
        ("caf\u00e9", unicodedata.normalize("NFD", "caf\u00e9")),
        ("STRASSE", "stra\u00dfe"),
        ("ES2002a.Mix-Headset", "es2002a.mix-headset.wav"),
    ],
)
def test_two_spellings_of_one_name(name, other):
    assert name != other and spells(name, other) and spells(other, name)


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("ann/1", "bob/1"),
        ("a1", "a01"),
        ("a.1", "a.2"),
        ("id1/x/00001", "id1/y/00001"),
        ("cafe", "caf\u00e9"),
        ("1.5", "1"),
    ],
)
def test_two_names(name, other):
    assert not spells(name, other)


@pytest.fixture
def words(tmp_path):
    """A protocol of two subsets, another one in another file, and one RTTM for both."""

    def load(train, rttm, others=(), annotation="all.rttm"):
        lists = {"train": train, "test": ["tested"], "others": others}
        for name, uris in lists.items():
            (tmp_path / f"{name}.lst").write_text("".join(f"{uri}\n" for uri in uris))
        (tmp_path / "all.rttm").write_text(
            "".join(f"SPEAKER {uri} 1 0 1 <NA> <NA> car <NA> <NA>\n" for uri in rttm)
        )

        def of(name):
            return {"uri": f"{name}.lst", "annotation": annotation}

        protocols = {"One": {"scope": "file", "train": of("train"), "test": of("test")}}
        protocols["Two"] = {"scope": "file", "train": of("others")}
        (tmp_path / "database.yml").write_text(
            yaml.safe_dump({"Protocols": {"Words": {"SpeakerDiarization": protocols}}})
        )
        return known_database(tmp_path / "database.yml", tmp_path)

    return load


def found(without, subset="train"):
    return {uri: error.line for uri, error in misspelt(NAME, subset, "annotation", set(without)).items()}


def test_a_name_that_no_list_contains_is_found_with_its_first_line(words):
    with words(["a", "b"], ["b", "A.wav", "A.wav"]):
        assert found(["a"]) == {"a": 2}


def test_a_name_of_another_subset_or_protocol_is_none(words):
    with words(["a", "Tested"], ["A", "tested"], others=["A"]):
        assert found(["a", "Tested"]) == {}
    with words(["a", "Tested"], ["A", "tested"]):
        assert found(["a", "Tested"]) == {"a": 1}


def test_recordings_that_are_silent_or_unlisted_are_none(words):
    with words(["a", "b", "ann/1"], ["b", "a1", "c", "bob/1"]):
        assert found(["a", "ann/1"]) == {}


def test_a_file_for_each_recording_is_read_too(words, tmp_path):
    with words(["a", "b"], [], annotation=str(tmp_path / "{uri}.rttm")):
        for uri, inside in (("a", "a.wav"), ("b", "b")):
            (tmp_path / f"{uri}.rttm").write_text(f"SPEAKER {inside} 1 0 1 <NA> <NA> car <NA> <NA>\n")
        assert found(["a"]) == {"a": 1} and found(["a", "b"]) == {"a": 1}


def test_many_recordings_without_a_line_take_no_time(words):
    uris = [f"folder/r{index}" for index in range(20_000)]
    with words(uris, [uri.upper() for uri in uris]):
        assert len(found(uris)) == len(uris)


@pytest.mark.parametrize("key", ["annotation", "annotated"])
def test_a_protocol_of_several_is_read_by_the_same_rule(key, tmp_path):
    """Lists and lines of a protocol of `X` are those of its parts."""
    soundfile.write(tmp_path / "a.wav", [0.1, -0.1] * 800, 1600)
    (tmp_path / "all.lst").write_text("a\n")
    names = {"annotation": "a", "annotated": "a", key: "A.wav"}
    (tmp_path / "all.rttm").write_text(f"SPEAKER {names['annotation']} 1 0 1 <NA> <NA> car <NA> <NA>\n")
    (tmp_path / "all.uem").write_text(f"{names['annotated']} 1 0 1\n")
    part = {"uri": "all.lst", "annotation": "all.rttm", "annotated": "all.uem"}
    protocols = {
        "Words": {"SpeakerDiarization": {"One": {"scope": "file", "train": part}}},
        "X": {"SpeakerDiarization": {"All": {"train": {NAME: ["train"]}}}},
    }
    content = {"Databases": {"Words": str(tmp_path / "{uri}.wav")}, "Protocols": protocols}
    (tmp_path / "database.yml").write_text(yaml.safe_dump(content))
    with known_database(tmp_path / "database.yml", tmp_path):
        for name in (NAME, "X.SpeakerDiarization.All"):
            with pytest.raises(DataError, match=r"No list contains 'A\.wav'") as caught:
                recordings(name, "train")
            reader = Reader(name)
            reader.subsets()
            assert [finding.message for finding in reader.findings] == [caught.value.message]
