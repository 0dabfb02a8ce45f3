"""Preparation of recordings of known speakers as protocols."""

import subprocess
import sys
from pathlib import Path

import librosa
import numpy as np
import pyannote.database
import pytest
import soundfile
from places import SCRIPTS
from pyannote.database import FileFinder
from pyannote.database.registry import Registry
from scipy.spatial.distance import pdist, squareform

from pyannote.audio.core.errors import AudioError, DataError, UsageError
from pyannote.audio.database.corpora.speakers import Lists, prepare
from pyannote.audio.database.protocols import recordings
from pyannote.audio.database.synthetic.voices import make_speakers
from pyannote.audio.database.trials import trials

SPEAKERS = ("Ann Lee", "007", "Žofie", "NA", "eve", "fay")


def write(path, seconds=1.0):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.full(round(8000 * seconds), 0.1), 8000)


@pytest.fixture
def folder(tmp_path):
    for speaker in SPEAKERS:
        for session in ("x", "y"):
            for number in range(2):
                write(tmp_path / "voices" / speaker / session / f"{number}.wav")
    return tmp_path / "voices"


def load(path, monkeypatch):
    registry = Registry()
    registry.load_database(path)
    monkeypatch.setattr(pyannote.database, "registry", registry)
    return registry


def speakers_of(registry, subset, name="Own.SpeakerVerification.Protocol"):
    protocol = registry.get_protocol(name, preprocessors={"audio": FileFinder(registry=registry)})
    files = list(getattr(protocol, subset)())
    assert all(Path(file["audio"]).is_file() for file in files)
    assert all(file["annotation"].get_timeline() == file["annotated"] for file in files)
    return {label for file in files for label in file["annotation"].labels()}


def test_subsets_have_different_speakers_and_trials(folder, tmp_path, monkeypatch):
    registry = load(prepare(folder, tmp_path / "out", development=0.4, test=0.34, trials=12), monkeypatch)
    subsets = [speakers_of(registry, subset) for subset in ("train", "development", "test")]
    assert [len(subset) for subset in subsets] == [2, 2, 2]
    assert set.union(*subsets) == {"Ann_Lee", "007", "Žofie", "NA_", "eve", "fay"}
    for subset in ("development", "test"):
        found = trials("Own.SpeakerVerification.Protocol", subset)
        assert found.targets.sum() * 2 == len(found.targets) > 0
        uris = [file["uri"].split("/") for file in found.files]
        for first, second, target in zip(found.first, found.second, found.targets, strict=True):
            assert target == (uris[first][0] == uris[second][0])
            assert not target or uris[first][1] != uris[second][1]
    same = speakers_of(registry, "train", "Own.SpeakerDiarization.Protocol")
    assert same == subsets[0]


def test_the_same_is_drawn_again(folder, tmp_path):
    def texts(number, seed):
        path = prepare(folder, tmp_path / str(number), seed=seed, test=0.34)
        return [p.read_text() for p in sorted((path.parent / "lists").glob("*.trials"))]

    assert texts(1, 0) == texts(2, 0) != texts(3, 1)


def test_lists_determine_train_and_test(folder, tmp_path, monkeypatch):
    (tmp_path / "train.lst").write_text("voices/eve/x/0.wav\nvoices/eve/y/1.wav\nfay/x/0.wav\n")
    (tmp_path / "test.lst").write_text("007/x/0.wav\n007/y/0.wav\nŽofie/x/1\n")
    (tmp_path / "trials.txt").write_text(
        "1 voices/007/x/0.wav 007/y/0\n0 voices/007/x/0.wav voices/Žofie/x/1.wav\n"
    )
    lists = Lists(*(tmp_path / name for name in ("train.lst", "test.lst", "trials.txt")))
    registry = load(prepare(folder, tmp_path / "out", lists=lists, development=0), monkeypatch)
    assert speakers_of(registry, "train") == {"eve", "fay"}
    assert speakers_of(registry, "test") == {"007", "Žofie"}
    files = recordings("Own.SpeakerVerification.Protocol", "train")
    assert [file["uri"] for file in files] == ["eve/x/0", "eve/y/1", "fay/x/0"]
    found = trials("Own.SpeakerVerification.Protocol", "test")
    assert found.targets.tolist() == [True, False]
    assert [file["uri"] for file in found.files] == ["007/x/0", "007/y/0", "Žofie/x/1"]


def test_without_a_list_files_of_trials_are_test(folder, tmp_path, monkeypatch):
    (tmp_path / "trials.txt").write_text("1 007/x/0 007/y/0\n0 007/x/0 Žofie/x/1\n")
    path = prepare(folder, tmp_path / "out", lists=Lists(trials=tmp_path / "trials.txt"), development=0.5)
    registry = load(path, monkeypatch)
    assert speakers_of(registry, "test") == {"007", "Žofie"}
    assert speakers_of(registry, "train") | speakers_of(registry, "development") == {
        "Ann_Lee",
        "NA_",
        "eve",
        "fay",
    }


def test_with_only_a_list_of_train_other_speakers_are_test(folder, tmp_path, monkeypatch):
    (tmp_path / "train.lst").write_text("eve/x/0.wav\nfay/x/0.wav\n")
    path = prepare(folder, tmp_path / "out", lists=Lists(train=tmp_path / "train.lst"), development=0)
    registry = load(path, monkeypatch)
    assert speakers_of(registry, "train") == {"eve", "fay"}
    assert speakers_of(registry, "test") == {"Ann_Lee", "007", "Žofie", "NA_"}


@pytest.mark.parametrize(
    ("name", "text", "line", "message"),
    [
        ("train", "007/x/0\n008/x/0\n", 2, "no recording '008/x/0'"),
        ("train", "0.wav\n", 1, "no recording '0.wav'"),
        ("train", "\n", None, "list is empty"),
        ("train", "007/x/0\neve/x/0\n", None, "'007' is a speaker of both"),
        ("test", "nobody/x/0\n", 1, "no recording"),
        ("trials", "1 007/x/0 007/y/0\n0 007/x/0 eve/x/0\n", 2, "no recording 'eve/x/0'"),
        ("trials", "1 007/x/0 007/y/0\n", None, "no non-target"),
        ("trials", "yes 007/x/0 007/y/0\n", 1, "'yes' is neither"),
    ],
)
def test_wrong_lists_are_named(folder, tmp_path, name, text, line, message):
    texts = {
        "train": "eve/x/0\nfay/x/0\n",
        "test": "007/x/0\n007/y/0\nŽofie/x/1\n",
        "trials": "1 007/x/0 007/y/0\n0 007/x/0 Žofie/x/1\n",
    } | {name: text}
    for key, content in texts.items():
        (tmp_path / key).write_text(content)
    lists = Lists(*(tmp_path / key for key in ("train", "test", "trials")))
    with pytest.raises(DataError, match=message) as caught:
        prepare(folder, tmp_path / "out", lists=lists, development=0)
    assert (caught.value.file, caught.value.line) == (tmp_path / name, line)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"development": 1.0}, UsageError, "development cannot be 1"),
        ({"test": -0.1}, UsageError, "test cannot be"),
        ({"trials": 1}, UsageError, "1 trials"),
        ({"seed": -1}, UsageError, "seed -1"),
        ({"name": "a b"}, UsageError, "cannot name"),
        ({"development": 0.9}, DataError, "cannot be held out"),
    ],
)
def test_wrong_options(folder, tmp_path, options, kind, message):
    with pytest.raises(kind, match=message):
        prepare(folder, tmp_path / "out", **options)


def test_wrong_audio(folder, tmp_path):
    (folder / "eve" / "x" / "2.wav").write_text("no audio")
    with pytest.raises(AudioError, match="cannot be decoded"):
        prepare(folder, tmp_path / "out")
    write(folder / "alone.wav")
    with pytest.raises(DataError, match="not in the folder of a speaker"):
        prepare(folder, tmp_path / "out")
    with pytest.raises(DataError, match="no audio"):
        prepare(tmp_path / "nowhere", tmp_path / "out")


def test_two_names_that_become_one_are_refused(folder, tmp_path):
    write(folder / "Ann_Lee" / "x" / "9.wav")
    with pytest.raises(DataError, match="'Ann Lee' and 'Ann_Lee'"):
        prepare(folder, tmp_path / "out", development=0, test=0)


def test_artificial_voices_differ_in_pitch_and_formants(tmp_path):
    folder = make_speakers(tmp_path / "a", speakers=4, files=3, seconds=1.5, seed=2)
    again = make_speakers(tmp_path / "b", speakers=4, files=3, seconds=1.5, seed=2)
    paths = sorted(path.relative_to(folder) for path in folder.rglob("*.wav"))
    assert len(paths) == 4 * 3 + 4
    assert all((folder / path).read_bytes() == (again / path).read_bytes() for path in paths)
    vectors, speakers = [], []
    for path in sorted((folder / "speakers").rglob("*.wav")):
        samples, rate = soundfile.read(path, dtype="float32")
        assert (rate, len(samples)) == (16000, 24000)
        assert 0.005 < samples.std() < 0.3
        coefficients = librosa.feature.mfcc(y=samples, sr=rate)[1:]
        vectors.append(np.concatenate([coefficients.mean(axis=1), coefficients.std(axis=1)]))
        speakers.append(path.parent.name)
    distances = squareform(pdist(np.array(vectors), "seuclidean")) + np.diag(np.full(12, np.inf))
    nearest = [speakers[index] for index in distances.argmin(axis=1)]
    assert np.mean([one == other for one, other in zip(speakers, nearest, strict=True)]) > 0.8


@pytest.mark.parametrize("options", [{"speakers": 1}, {"files": 0}, {"seconds": 0.1}, {"seed": -1}])
def test_artificial_voices_that_cannot_be_made(tmp_path, options):
    with pytest.raises(UsageError, match="cannot be made"):
        make_speakers(tmp_path / "out", **options)
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(UsageError, match="not empty"):
        make_speakers(tmp_path)


def run(script, *arguments):
    command = [sys.executable, SCRIPTS / script, *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def test_scripts(tmp_path, monkeypatch):
    made = run(
        "demonstration.py", "speakers", "--speakers=6", "--files=2", "--seconds=0.5", tmp_path / "demo"
    )
    assert made.returncode == 0, made.stderr
    out = tmp_path / "out"
    done = run("prepare_speakers.py", "--name=Demo", "--test-share=0.3", tmp_path / "demo" / "speakers", out)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("database.yml is ready: Demo.SpeakerVerification.Protocol\n")
    load(out / "database.yml", monkeypatch)
    assert len(trials("Demo.SpeakerVerification.Protocol", "test").files) == 4
    wrong = run("prepare_speakers.py", "--draw=many", tmp_path / "demo", out)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "not a number" in wrong.stderr
