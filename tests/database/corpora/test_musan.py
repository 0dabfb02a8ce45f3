"""Preparation of MUSAN and other folders of sounds as collections, on a few files."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from places import SCRIPTS
from pyannote.database import FileFinder
from pyannote.database.registry import Registry

from pyannote.audio.core.errors import AudioError, DataError, UsageError
from pyannote.audio.database.corpora.musan import prepare

SCRIPT = SCRIPTS / "prepare_musan.py"
FILES = {
    "BackgroundNoise": ["noise/free-sound/noise-free-sound-0000", "noise/sound-bible/noise-sound-bible-0000"],
    "Music": ["music/fma/music-fma-0000"],
    "Speech": ["speech/librivox/speech-librivox-0000", "speech/us-gov/speech-us-gov-0000"],
}


def write(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.zeros(800), 8000)


@pytest.fixture
def musan(tmp_path):
    for name in (name for names in FILES.values() for name in names):
        write(tmp_path / "musan" / f"{name}.wav")
        (tmp_path / "musan" / name).with_name("ANNOTATIONS").write_text("x")
    return tmp_path / "musan"


def load(path):
    registry = Registry()
    registry.load_database(path)
    found = {}
    for name in registry:
        protocol = registry.get_protocol(name, preprocessors={"audio": FileFinder(registry=registry)})
        found[name] = {file["uri"]: Path(file["audio"]) for file in protocol.files()}
    return found


def test_collections_of_musan(musan, tmp_path):
    path = prepare(musan, tmp_path / "out")
    assert load(path) == {
        f"MUSAN.Collection.{collection}": {uri: musan / f"{uri}.wav" for uri in uris}
        for collection, uris in FILES.items()
    }
    assert f"- {musan}/{{uri}}.wav\n" in path.read_text()


def test_any_folders(tmp_path):
    for name in ("a b/rain.wav", "a b/deep/rain.flac", "0.wav", "c/x.wav"):
        write(tmp_path / "sounds" / name)
    path = prepare(tmp_path / "sounds", tmp_path / "out", name="Own", collections={"All": ".", "Some": "a b"})
    found = load(path)
    assert list(found["Own.Collection.Some"]) == ["a_b/deep/rain", "a_b/rain"]
    assert set(found["Own.Collection.All"]) == {"0", "a_b/deep/rain", "a_b/rain", "c/x"}
    audio = {uri: file.resolve() for uri, file in found["Own.Collection.All"].items()}
    assert audio["a_b/deep/rain"] == tmp_path / "sounds" / "a b" / "deep" / "rain.flac"


def test_errors_name_the_file(musan, tmp_path):
    with pytest.raises(UsageError, match="cannot name"):
        prepare(musan, tmp_path / "out", collections={"two words": "noise"})
    with pytest.raises(DataError, match="no such folder") as caught:
        prepare(musan, tmp_path / "out", collections={"BackgroundNoise": "noises"})
    assert caught.value.file == musan / "noises"
    (musan / "empty").mkdir()
    with pytest.raises(DataError, match="no audio"):
        prepare(musan, tmp_path / "out", collections={"BackgroundNoise": "empty"})
    (musan / "music" / "broken.wav").write_text("x")
    with pytest.raises(AudioError, match="cannot be decoded"):
        prepare(musan, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_two_files_of_the_same_name(musan, tmp_path):
    write(musan / "noise" / "free-sound" / "noise-free-sound-0000.flac")
    with pytest.raises(DataError, match="would both be called"):
        prepare(musan, tmp_path / "out")


def test_script(musan, tmp_path):
    def run(*options):
        command = [sys.executable, SCRIPT, *options, musan, tmp_path / "out"]
        return subprocess.run(command, capture_output=True, text=True)

    (musan / "noise" / "a.WMA").touch()
    (musan / "README").touch()
    write(musan / "rain" / "b.wav")
    done = run()
    assert (done.returncode, done.stderr) == (0, "")
    read, *left_out, _ = done.stdout.splitlines()
    assert read == "Read 5 files, 0.000139 hours."
    start = f"Left out below {musan}: "
    assert [line.removeprefix(start) for line in left_out] == [
        "1 file *.WMA (noise/a.WMA): sound in this format is not read; convert it to wav or flac",
        "1 file *.wav (rain/b.wav): in no folder of a collection",
        "6 files without a suffix (README, music/fma/ANNOTATIONS, noise/free-sound/ANNOTATIONS and 3 more): "
        "no audio",
    ]
    shutil.rmtree(musan / "rain")
    assert done.stdout.endswith(
        "MUSAN.Collection.BackgroundNoise, MUSAN.Collection.Music, MUSAN.Collection.Speech\n"
    )
    done = run("--name=Mine", "--collection=All=.", "--collection=Songs=music/fma")
    assert done.returncode == 0
    found = load(tmp_path / "out" / "database.yml")
    assert {name: len(files) for name, files in found.items()} == {
        "Mine.Collection.All": 5,
        "Mine.Collection.Songs": 1,
    }
    wrong = run("--collection=noise")
    assert wrong.returncode == 2
    assert "'noise' is not a name and a folder" in wrong.stderr
