"""Collections of pyannote.database, and errors about wrong ones."""

import numpy as np
import pyannote.database
import pytest
import soundfile
from pyannote.database.registry import Registry

from pyannote.audio.core.errors import AudioError, DataError, UsageError
from pyannote.audio.database.collection import collection

CONFIG = """\
Databases:
  Noise: {folder}/audio/{{uri}}.wav
Protocols:
  Noise:
    Collection:
      Background:
        uri: noise.lst
    SpeakerDiarization:
      Speech:
        train:
          uri: noise.lst
"""
NAME = "Noise.Collection.Background"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "audio").mkdir()
    for uri, seconds in (("fan", 1), ("rain", 3)):
        soundfile.write(tmp_path / "audio" / f"{uri}.wav", np.full(8000 * seconds, 0.1), 8000)
    (tmp_path / "noise.lst").write_text("fan\nrain\n")
    (tmp_path / "database.yml").write_text(CONFIG.format(folder=tmp_path))
    registry = Registry()
    registry.load_database(tmp_path / "database.yml")
    monkeypatch.setattr(pyannote.database, "registry", registry)
    return tmp_path


def test_files_are_those_of_the_list(folder):
    fan, rain = collection(NAME)
    assert (fan["uri"], fan["database"], fan["duration"], fan["events"]) == ("fan", "Noise", 1.0, None)
    assert rain["audio"] == folder / "audio" / "rain.wav" and rain["regions"] == [(0.0, 3.0)]


def test_the_order_of_the_list_does_not_matter(folder):
    before = collection(NAME)
    (folder / "noise.lst").write_text("rain\nfan\n")
    assert collection(NAME) == before


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Noise.Collection.Backgrund", f"Did you mean '{NAME}'"),
        ("Noise", "There is no protocol 'Noise'"),
        ("", "There is no protocol ''"),
        ("Noise.SpeakerDiarization.Speech", "is not a collection"),
    ],
)
def test_the_nearest_name_is_suggested(folder, name, words):
    with pytest.raises(UsageError) as caught:
        collection(name)
    assert words in str(caught.value)


def test_an_empty_collection_is_a_sentence(folder):
    (folder / "noise.lst").write_text("")
    with pytest.raises(DataError, match="has no files"):
        collection(NAME)


def test_a_missing_list_is_a_sentence(folder):
    (folder / "noise.lst").unlink()
    with pytest.raises(DataError, match=r"noise\.lst: This file is named in database.yml, but does"):
        collection(NAME)


def test_a_missing_file_is_named(folder):
    (folder / "audio" / "rain.wav").unlink()
    with pytest.raises(DataError, match="rain"):
        collection(NAME)


@pytest.mark.parametrize("content", [b"", b"RIFF", b"no audio"])
def test_a_damaged_file_is_named(folder, content):
    (folder / "audio" / "rain.wav").write_bytes(content)
    with pytest.raises(AudioError) as caught:
        collection(NAME)
    assert "rain.wav" in str(caught.value)
