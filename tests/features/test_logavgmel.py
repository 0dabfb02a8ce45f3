"""Script that writes long-term averages of log-mel spectrograms."""

import os
import subprocess
import sys

import librosa
import numpy as np
import pytest
import soundfile
from places import SCRIPTS

SCRIPT = SCRIPTS / "logavgmel.py"
DATABASE = """\
Databases:
  Toy: audio/{uri}.wav
Protocols:
  Toy:
    SpeakerDiarization:
      Half:
        train:
          uri: train.lst
        test:
          uri: test.lst
"""


@pytest.fixture
def database(tmp_path):
    (tmp_path / "audio").mkdir()
    for seed, uri in enumerate(["a", "b", "c"]):
        samples = np.random.default_rng(seed).uniform(-0.5, 0.5, size=(44100, 2))
        soundfile.write(tmp_path / "audio" / f"{uri}.wav", samples, 44100, subtype="PCM_24")
    (tmp_path / "train.lst").write_text("a\nb\n")
    (tmp_path / "test.lst").write_text("c\n")
    (tmp_path / "database.yml").write_text(DATABASE)
    return tmp_path / "database.yml"


def run(database, *arguments):
    environment = {**os.environ, "PYANNOTE_AUDIO_CACHE": str(database.parent / "cache")}
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=database.parent)


def test_writes_an_average_for_each_recording(database):
    output = database.parent / "output"
    result = run(database, database, "Toy.SpeakerDiarization.Half", output)
    assert result.returncode == 0, result.stderr
    assert sorted(path.name for path in output.iterdir()) == ["a.npy", "b.npy", "c.npy"]
    waveform, _ = librosa.load(database.parent / "audio" / "c.wav", sr=None, mono=True)
    power = librosa.feature.melspectrogram(
        y=waveform, sr=44100, n_fft=1102, hop_length=441, n_mels=40, pad_mode="constant"
    )
    expected = librosa.power_to_db(power, top_db=None).mean(axis=1)
    np.testing.assert_allclose(np.load(output / "c.npy"), expected, atol=1e-4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.yml", "Toy.SpeakerDiarization.Half", "output"], "missing.yml"),
        (["database.yml", "Toy.SpeakerDiarization.Hall", "output"], "Half"),
        (["--mels=many", "database.yml", "Toy.SpeakerDiarization.Half", "output"], "--mels=many"),
    ],
)
def test_errors_are_sentences(database, arguments, message):
    result = run(database, *arguments)
    assert result.returncode in (2, 4)
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert not (database.parent / "output").exists()
