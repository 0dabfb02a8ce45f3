"""Detection of silent and clipped recordings."""

import numpy as np
import pytest
import soundfile

from pyannote.audio.core.errors import AudioError
from pyannote.audio.database.faults import fault, without_faults

RATE = 8000
CHANCE = np.random.default_rng(0)
NOISE = CHANCE.normal(0, 0.05, RATE)
TONE = 0.5 * np.sin(np.arange(RATE) * 0.3)


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        (NOISE, None),
        (TONE, None),
        (np.clip(TONE, -0.45, 0.45), None),
        (np.clip(20 * NOISE, -1, 1), None),
        (np.round(3 * NOISE, 1), None),
        (np.zeros(RATE), "silent"),
        (np.zeros(1), "silent"),
        (np.sign(NOISE), "clipped"),
        (0.1 * np.sign(NOISE), "clipped"),
        (np.clip(1000 * NOISE, -1, 1), "clipped"),
        (np.ones(RATE), "clipped"),
        # what is heard at the ends counts as well
        (np.concatenate([NOISE[:100], np.zeros(RATE)]), None),
        (np.concatenate([NOISE, np.sign(NOISE[:4000]), NOISE]), None),
    ],
)
@pytest.mark.parametrize("subtype", ["PCM_16", "FLOAT"])
def test_kinds_of_recordings(samples, expected, subtype, tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, samples, RATE, subtype=subtype)
    assert fault(path) == fault({"uri": "a", "audio": path}) == expected


def test_a_long_silence_is_read_to_its_end(tmp_path):
    samples = np.zeros(130 * RATE)
    soundfile.write(tmp_path / "a.wav", samples, RATE)
    assert fault(tmp_path / "a.wav") == "silent"
    samples[-1] = 0.5
    soundfile.write(tmp_path / "a.wav", samples, RATE)
    assert fault(tmp_path / "a.wav") is None


def test_faulty_recordings_are_counted_and_named(tmp_path):
    files = []
    for index, samples in enumerate([0 * NOISE] * 6 + [NOISE] + [np.sign(NOISE)] * 2):
        path = tmp_path / f"{index}.wav"
        soundfile.write(path, samples, RATE)
        files.append({"uri": str(index), "database": "Test", "audio": path})
    files[3]["audio"].unlink()
    sound, others = without_faults(files)
    assert sound == [files[6]]
    assert [one.name for one in others] == [f"Test/{index}" for index in (0, 1, 2, 3, 4, 5, 7, 8)]
    silent, missing, clipped = others[0].reason, others[3].reason, others[6].reason
    assert str(silent).startswith(f"{files[0]['audio']}: The recording is silent.")
    assert str(clipped).startswith(f"{files[7]['audio']}: The whole recording is clipped.")
    assert str(missing).startswith(f"{files[3]['audio']}: There is no such audio file.")
    assert without_faults(sound) == (sound, [])


def test_damaged_audio_is_an_error(tmp_path):
    (tmp_path / "a.wav").write_text("no audio")
    with pytest.raises(AudioError, match="cannot be decoded"):
        fault(tmp_path / "a.wav")
