"""Synthetic data set in the layout of TUT Sound Events 2017."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from places import SCRIPTS
from pyannote.database.registry import Registry

from pyannote.audio.core.errors import UsageError
from pyannote.audio.database.corpora.tut2017 import prepare
from pyannote.audio.database.synthetic.street import make_demonstration, mix
from pyannote.audio.database.synthetic.synthesis import SOUNDS, background

SCRIPT = SCRIPTS / "demonstration.py"
RATE = 44100


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory):
    return make_demonstration(tmp_path_factory.mktemp("demonstration"), files=6, seconds=10, seed=3)


def contents(folder):
    return {p.relative_to(folder): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def table(path):
    return [line.split("\t") for line in path.read_text().splitlines()]


def test_audio_has_the_format_of_tut_2017(demonstration):
    paths = sorted((demonstration / "audio" / "street").iterdir())
    assert [path.name for path in paths] == [f"a{i:03d}.wav" for i in range(1, 7)]
    for path in paths:
        info = soundfile.info(path)
        assert (info.format, info.subtype) == ("WAV", "PCM_24")
        assert (info.samplerate, info.channels, info.frames) == (RATE, 2, 10 * RATE)
        samples, _ = soundfile.read(path)
        assert 1e-3 < samples.std() < 0.3
        assert np.abs(samples).max() < 0.95
        assert not np.array_equal(samples[:, 0], samples[:, 1])


@pytest.mark.parametrize(("files", "seed"), [(4, 0), (6, 3), (9, 1)])
def test_every_class_is_in_train_and_evaluate_of_every_fold(tmp_path, files, seed):
    make_demonstration(tmp_path, files=files, seconds=10, seed=seed)
    tested = []
    for fold in (1, 2, 3, 4):
        start = tmp_path / "evaluation_setup" / f"street_fold{fold}"
        train, evaluate, test = (table(Path(f"{start}_{part}.txt")) for part in ("train", "evaluate", "test"))
        assert {row[4] for row in train} == {row[4] for row in evaluate} == set(SOUNDS)
        assert {row[0] for row in evaluate} == {row[0] for row in test}
        assert not {row[0] for row in train} & {row[0] for row in test}
        assert {len(row) for row in train + evaluate} == {5}
        assert {len(row) for row in test} == {2}
        tested += [row[0] for row in test]
    assert sorted(tested) == [f"audio/street/a{i:03d}.wav" for i in range(1, files + 1)]


def test_meta_equals_the_lists(demonstration):
    meta = table(demonstration / "meta.txt")
    assert {(len(row), row[5]) for row in meta} == {(6, "m")}
    lists = [
        table(demonstration / "evaluation_setup" / f"street_fold{fold}_evaluate.txt") for fold in (1, 2, 3, 4)
    ]
    assert sorted(row[:5] for row in meta) == sorted(row for rows in lists for row in rows)
    for path in (demonstration / "meta" / "street").iterdir():
        of_file = [row[2:5] for row in meta if Path(row[0]).stem == path.stem]
        assert table(path) == of_file


def test_events_of_one_class_do_not_overlap(demonstration):
    for path in (demonstration / "meta" / "street").iterdir():
        last = {}
        for onset, offset, label in table(path):
            assert 0 <= float(onset) < float(offset) <= 10
            assert float(onset) > last.get(label, -1)
            last[label] = float(offset)


def test_it_is_prepared_like_tut_2017(demonstration, tmp_path):
    registry = Registry()
    registry.load_database(prepare(demonstration, tmp_path))
    for protocol in ("MyProtocol", "Fold1", "Fold2", "Fold3", "Fold4"):
        loaded = registry.get_protocol(f"TUT2017.SpeakerDiarization.{protocol}")
        for subset in ("train", "development", "test"):
            labels = {label for file in getattr(loaded, subset)() for label in file["annotation"].labels()}
            assert labels == {label.replace(" ", "_") for label in SOUNDS}


def test_it_says_that_it_is_synthetic(demonstration):
    assert "SYNTHETIC" in (demonstration / "README.md").read_text()


def test_bytes_depend_on_the_arguments_alone(tmp_path):
    for name, seed in (("one", 0), ("two", 0), ("three", 1)):
        make_demonstration(tmp_path / name, files=4, seconds=10, seed=seed)
    make_demonstration(tmp_path / "one", files=4, seconds=10, seed=0)
    one, two, three = (contents(tmp_path / name) for name in ("one", "two", "three"))
    assert one == two
    wav = Path("audio/street/a001.wav")
    assert one[wav] != three[wav]


@pytest.mark.parametrize("label", SOUNDS)
@pytest.mark.parametrize("size", [RATE // 2, 3 * RATE + 1])
def test_sounds_have_the_given_length_and_vary(label, size):
    first, second = (SOUNDS[label](size, RATE, np.random.default_rng(seed)) for seed in (0, 1))
    assert first.shape == second.shape == (size,)
    assert np.isfinite(first).all()
    assert first.std() > 0
    assert not np.allclose(first, second)


def spectrum(samples):
    power = np.abs(np.fft.rfft(samples)) ** 2
    edges = np.geomspace(20, 20000, 25)
    bands = np.digitize(np.fft.rfftfreq(len(samples), 1 / RATE), edges)
    shares = np.array([power[bands == band].sum() for band in range(1, len(edges))])
    return np.log(shares / shares.sum() + 1e-4)


def test_sounds_are_most_similar_to_those_of_their_class():
    sounds = {
        label: np.array([spectrum(make(2 * RATE, RATE, np.random.default_rng(i))) for i in range(6)])
        for label, make in SOUNDS.items()
    }
    centres = {label: spectra[:3].mean(axis=0) for label, spectra in sounds.items()}
    guesses = [
        (label, min(centres, key=lambda other: np.sum((centres[other] - heard) ** 2)))
        for label, spectra in sounds.items()
        for heard in spectra[3:]
    ]
    assert np.mean([label == guess for label, guess in guesses]) > 0.8


def test_background_has_unit_power_in_two_different_channels():
    noise = background(RATE, np.random.default_rng(0))
    assert noise.std() == pytest.approx(1)
    assert 0.1 < np.corrcoef(noise.T)[0, 1] < 0.95


def test_a_mixture_without_events_is_background():
    assert mix([], 2.0, np.random.default_rng(0)).shape == (2 * RATE, 2)


@pytest.mark.parametrize("options", [{"files": 3}, {"seconds": 5}, {"seconds": float("nan")}, {"seed": -1}])
def test_arguments_out_of_range_are_refused(tmp_path, options):
    with pytest.raises(UsageError, match="cannot be made") as caught:
        make_demonstration(tmp_path / "out", **options)
    assert caught.value.fix
    assert not (tmp_path / "out").exists()


def test_a_folder_with_other_files_is_refused(tmp_path):
    (tmp_path / "README.md").write_text("# TUT Sound Events 2017")
    with pytest.raises(UsageError, match="not empty"):
        make_demonstration(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]


def run(*arguments):
    return subprocess.run([sys.executable, str(SCRIPT), *map(str, arguments)], capture_output=True, text=True)


def test_the_script_makes_the_folder(tmp_path):
    done = run("--files=4", "--seconds=10", tmp_path / "out")
    assert (done.returncode, done.stderr) == (0, "")
    assert "synthetic" in done.stdout
    assert (tmp_path / "out" / "audio" / "street" / "a004.wav").is_file()


@pytest.mark.parametrize("option", ["--files=many", "--files=3", "--seed=-1"])
def test_the_script_ends_with_a_sentence_and_a_code(tmp_path, option):
    done = run(option, tmp_path / "out")
    assert (done.returncode, done.stdout) == (UsageError.code, "")
    assert len(done.stderr.splitlines()) == 1
