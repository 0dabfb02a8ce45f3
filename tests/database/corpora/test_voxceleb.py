"""Preparation of VoxCeleb1, on a few files."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyannote.database
import pytest
import soundfile
from places import SCRIPTS
from pyannote.database import FileFinder
from pyannote.database.registry import Registry

from pyannote.audio.core.errors import DataError, UsageError
from pyannote.audio.database.corpora.voxceleb import prepare
from pyannote.audio.database.protocols import recordings
from pyannote.audio.database.trials import trials

SCRIPT = SCRIPTS / "prepare_voxceleb.py"
VERIFICATION = "VoxCeleb.SpeakerVerification.VoxCeleb1"
DIARIZATION = "VoxCeleb.SpeakerDiarization.VoxCeleb1"
DEV = ("id10001", "id10002", "id10003", "id10004", "id10005")
TEST = ("id10270", "id10271")
VIDEOS = ("5r0dWxy17C8", "-7Rn8q_kXqM")
TRIALS = (
    "1 id10270/5r0dWxy17C8/00001.wav id10270/-7Rn8q_kXqM/00002.wav\n"
    "0 id10270/5r0dWxy17C8/00001.wav id10271/5r0dWxy17C8/00001.wav\n"
)


@pytest.fixture
def root(tmp_path):
    for side, speakers in (("dev", DEV), ("test", TEST)):
        for speaker in speakers:
            for video in VIDEOS:
                for number in (1, 2):
                    path = tmp_path / "voxceleb1" / side / "wav" / speaker / video / f"{number:05d}.wav"
                    path.parent.mkdir(parents=True, exist_ok=True)
                    soundfile.write(path, np.zeros(4000 * number), 8000)
    (tmp_path / "voxceleb1" / "veri_test.txt").write_text(TRIALS)
    return tmp_path / "voxceleb1"


@pytest.fixture
def load(monkeypatch):
    def loaded(path):
        registry = Registry()
        registry.load_database(path)
        monkeypatch.setattr(pyannote.database, "registry", registry)
        return registry

    return loaded


def test_both_protocols(root, tmp_path, load):
    registry = load(prepare(root, tmp_path / "out", development=2))
    assert set(registry) == {VERIFICATION, DIARIZATION}
    finder = FileFinder(registry=registry)
    for name in (VERIFICATION, DIARIZATION):
        protocol = registry.get_protocol(name, preprocessors={"audio": finder})
        speakers = {}
        for subset in ("train", "development", "test"):
            for file in getattr(protocol, subset)():
                ((segment, _, label),) = file["annotation"].itertracks(yield_label=True)
                assert file["uri"].startswith(f"{label}/")
                assert Path(file["audio"]).as_posix().endswith(f"/wav/{file['uri']}.wav")
                assert (segment.start, segment.end) == (0, 0.5 * int(file["uri"][-1]))
                speakers.setdefault(subset, set()).add(label)
        assert len(speakers["development"]) == 2
        assert speakers["train"] | speakers["development"] == set(DEV)
        assert not speakers["train"] & speakers["development"]
        assert speakers["test"] == set(TEST)


def test_trials(root, tmp_path, load):
    registry = load(prepare(root, tmp_path / "out", development=2))
    found = trials(VERIFICATION, "test")
    assert [file["uri"] for file in found.files] == [
        "id10270/-7Rn8q_kXqM/00002",
        "id10270/5r0dWxy17C8/00001",
        "id10271/5r0dWxy17C8/00001",
    ]
    assert found.targets.tolist() == [True, False]
    protocol = registry.get_protocol(VERIFICATION)
    assert [trial["reference"] for trial in protocol.test_trial()] == [1, 0]
    drawn = trials(VERIFICATION, "development")
    names = [file["uri"].split("/") for file in drawn.files]
    assert drawn.targets.sum() * 2 == len(drawn.targets) == 16
    for first, second, target in zip(drawn.first, drawn.second, drawn.targets, strict=True):
        assert target == (names[first][0] == names[second][0])
        assert not target or names[first][1] != names[second][1]


def test_the_template_of_the_tutorial_finds_the_audio(root, tmp_path, load):
    load(prepare(root, tmp_path / "out", development=0))
    template = {"audio": f"{root}/dev/wav/{{uri}}.wav"}
    files = recordings(VERIFICATION, "train", template)
    assert len(files) == len(DEV) * 4
    path = tmp_path / "out" / "database.yml"
    text = path.read_text()
    both = f"  - {root}/dev/wav/{{uri}}.wav\n  - {root}/test/wav/{{uri}}.wav\n"
    assert both in text
    path.write_text(text.replace(both, f"  - {root}/*/wav/{{uri}}.wav\n"))
    load(path)
    assert [file["audio"] for file in recordings(VERIFICATION, "train")] == [file["audio"] for file in files]


def test_larger_lists_and_cleaned_ones(root, tmp_path, load):
    (root / "veri_test.txt").rename(root / "veri_test2.txt")
    (root / "list_test_hard2.txt").write_text(
        "0 id10001/5r0dWxy17C8/00001.wav id10270/5r0dWxy17C8/00001.wav\n"
        "1 id10001/5r0dWxy17C8/00001.wav id10001/5r0dWxy17C8/00002.wav\n"
    )
    registry = load(prepare(root, tmp_path / "out", development=0))
    assert {name.split(".")[2] for name in registry} == {"VoxCeleb1", "VoxCeleb1_H"}
    assert trials(VERIFICATION, "test").targets.tolist() == [True, False]
    hard = trials("VoxCeleb.SpeakerVerification.VoxCeleb1_H", "test")
    assert len(hard.files) == 3
    with pytest.raises(UsageError, match="no subset"):
        recordings("VoxCeleb.SpeakerVerification.VoxCeleb1_H", "train")


@pytest.mark.parametrize(("kept", "subsets"), [("dev", {"train", "development"}), ("test", {"test"})])
def test_one_half_is_enough(root, tmp_path, kept, subsets):
    half = tmp_path / "half"
    half.mkdir()
    (root / kept).rename(half / kept)
    (root / "veri_test.txt").rename(half / "veri_test.txt")
    prepare(half, tmp_path / "out", development=2)
    written = {path.name.split(".")[1] for path in (tmp_path / "out" / "lists").iterdir()}
    assert written == subsets


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1 id10270/5r0dWxy17C8/00009.wav id10270/5r0dWxy17C8/00001.wav", "no recording"),
        ("1 id10001/5r0dWxy17C8/00001.wav id10270/5r0dWxy17C8/00001.wav", "no recording"),
        ("1,id10270/5r0dWxy17C8/00001.wav", "Found 1 column where"),
        ("-1 id10270/5r0dWxy17C8/00001.wav id10270/5r0dWxy17C8/00001.wav", "'-1' is neither"),
    ],
)
def test_wrong_trials(root, tmp_path, line, message):
    (root / "veri_test.txt").write_text(f"{TRIALS}{line}\n")
    with pytest.raises(DataError, match=message) as caught:
        prepare(root, tmp_path / "out", development=0)
    assert (caught.value.file, caught.value.line) == (root / "veri_test.txt", 3)
    assert not (tmp_path / "out").exists()


def test_missing_files_are_named(root, tmp_path):
    with pytest.raises(DataError, match="4 of 5 speakers"):
        prepare(root, tmp_path / "out", development=4)
    with pytest.raises(UsageError, match="-1 speakers"):
        prepare(root, tmp_path / "out", development=-1)
    (root / "veri_test.txt").unlink()
    with pytest.raises(DataError, match="no list of trials") as caught:
        prepare(root, tmp_path / "out", development=0)
    assert "veri_test2.txt" in caught.value.fix
    with pytest.raises(DataError, match="no audio in dev/wav"):
        prepare(tmp_path, tmp_path / "out")


def test_script(root, tmp_path):
    command = [sys.executable, SCRIPT, "--development=2", root, tmp_path / "out"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("is ready: VoxCeleb.SpeakerVerification.VoxCeleb1\n")
    (root / "dev" / "aac" / "id1").mkdir(parents=True)
    (root / "dev" / "aac" / "id1" / "00001.wma").touch()
    (root / "vox1_meta.csv").touch()
    done = subprocess.run(command, capture_output=True, text=True)
    read, *left_out, _ = done.stdout.splitlines()
    files = len(list(root.rglob("*.wav")))
    assert read.startswith(f"Read {files} files, {files} events, ")
    assert [line.partition(": ")[2] for line in left_out] == [
        "1 file *.csv (vox1_meta.csv): no list of trials that is read",
        "1 file *.wma (dev/aac/id1/00001.wma): sound in this format is not read; convert it to wav or flac",
    ]
    wrong = subprocess.run([*command[:2], "--seed=x", *command[3:]], capture_output=True, text=True)
    assert wrong.returncode == 2
    assert wrong.stderr.count("\n") == 1
