"""Channels that cancel in the mean, with the figures that follow from how each recording was made."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from pyannote.audio.database.checks.audio import audio_findings, duplicate_audio, measure_audio
from pyannote.audio.database.checks.cancellation import Cancellation
from pyannote.audio.database.checks.excerpts import seems_faulty
from pyannote.audio.database.faults import fault, without_faults
from pyannote.audio.io.waveform import info

RATE = 16000
STREETS = Path(__file__).parents[4] / "shared" / "data" / "sed" / "flac" / "street"
CHANCE = np.random.default_rng(0)
VOICE = CHANCE.normal(0, 0.1, 20 * RATE)
OTHER = CHANCE.normal(0, 0.1, 20 * RATE)


def written(folder, *channels, subtype="FLOAT"):
    path = folder / "a.wav"
    soundfile.write(path, np.stack(channels, axis=1), RATE, subtype=subtype)
    return path


def kinds(path):
    return [finding.kind for finding in audio_findings(measure_audio(info(path)))]


FOUND = {
    "inverted and half as loud": ([VOICE, -0.5 * VOICE], 1.0, 10 * np.log10(0.625 / 0.0625)),
    "inverted, with noise of its own": ([VOICE, 0.3 * OTHER - VOICE], 1.0, 10 * np.log10(1.045 / 0.0225)),
    "one of four": ([VOICE, VOICE, VOICE, -VOICE], 1.0, 10 * np.log10(1 / 0.25)),
    "two of six": ([VOICE, VOICE, OTHER, -VOICE, OTHER, -OTHER], 1.0, 10 * np.log10(6 / 6 / (2 / 36))),
    "three that add up to nearly 0": (
        [VOICE, OTHER, -0.9 * (VOICE + OTHER)],
        1.0,
        10 * np.log10(1.20667 / (0.02 / 9)),
    ),
    "with a constant offset": ([VOICE + 0.4, 0.4 - 0.5 * VOICE], 1.0, 10.0),
}

FINE = {
    "one channel": [VOICE],
    "two of one": [VOICE, VOICE],
    "two of nothing in common": [VOICE, OTHER],
    "one speaker a channel": [np.where(np.arange(len(VOICE)) % RATE < 8000, VOICE, 0.001 * OTHER), OTHER],
    "one channel is silent": [VOICE, 0 * VOICE],
    "a correlation of -0.3": [VOICE, -0.3 * VOICE + 0.954 * OTHER],
    "a quiet pair of many": [VOICE, OTHER, 0.01 * VOICE, -0.01 * VOICE],
}


@pytest.mark.parametrize("name", FOUND)
def test_channels_that_cancel_are_found_with_their_loss(tmp_path, name):
    channels, share, loss = FOUND[name]
    path = written(tmp_path, *channels)
    statistics = measure_audio(info(path))
    assert statistics.cancelled == pytest.approx(share) and statistics.loss == pytest.approx(loss, abs=0.2)
    (finding,) = [one for one in audio_findings(statistics) if one.kind == "phase"]
    assert finding.file == path and not finding.code
    assert f"100% of the recording, its {len(channels)} channels" in finding.message
    assert f"{loss:.0f} dB lower" in finding.message and "channel: 1" in finding.fix and "#1" in finding.fix
    assert seems_faulty(info(path)) and fault(path) is None


@pytest.mark.parametrize("name", FINE)
def test_other_channels_are_not(tmp_path, name):
    path = written(tmp_path, *FINE[name])
    assert measure_audio(info(path)).cancelled == 0
    assert not {"phase", "cancelled"} & {*kinds(path)}
    assert not seems_faulty(info(path))


@pytest.mark.parametrize(("part", "found"), [(0.5, True), (0.15, True), (0.05, False)])
def test_a_part_of_the_recording(tmp_path, part, found):
    inverted = np.arange(len(VOICE)) < part * len(VOICE)
    path = written(tmp_path, VOICE, np.where(inverted, -VOICE, VOICE))
    assert ("phase" in kinds(path)) == found
    # a block lasts 1 s
    assert measure_audio(info(path)).cancelled == pytest.approx(part, abs=0.03)


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
def test_a_mean_of_0_is_said_to_be_no_silence(tmp_path, subtype):
    path = written(tmp_path, VOICE.clip(-0.9, 0.9), -VOICE.clip(-0.9, 0.9), subtype=subtype)
    assert fault(path) == "cancelled" and fault({"uri": "a", "audio": path}) == "cancelled"
    (finding,) = audio_findings(measure_audio(info(path)))
    assert (
        finding.kind == "cancelled"
        and "clipped" not in finding.message
        and "All samples are 0" not in finding.message
    )
    assert "Its 2 channels cancel" in finding.message and "channel: 1" in finding.fix
    assert fault(f"{path}#1") is None and kinds(f"{path}#1") == []
    _, (unusable,) = without_faults([{"uri": "a", "database": "D", "audio": path}])
    assert "channels cancel" in str(unusable.reason) and "silent." not in str(unusable.reason)


def test_only_silence_is_silence(tmp_path):
    silence = np.zeros(70 * RATE)
    assert fault(written(tmp_path, silence, silence)) == "silent"
    late = silence.copy()
    late[-1] = 0.5
    assert fault(written(tmp_path, late, -late)) == "cancelled"
    assert kinds(written(tmp_path, silence, silence)) == ["silent"]


def test_two_recordings_whose_channels_cancel_are_no_copies(tmp_path):
    (tmp_path / "b").mkdir()
    paths = [written(tmp_path, VOICE, -VOICE), written(tmp_path / "b", OTHER, -OTHER)]
    measured = [measure_audio(info(path)) for path in paths]
    assert measured[0].digest == measured[1].digest
    assert [*duplicate_audio(measured, dict.fromkeys(paths, "x"))] == []


def test_clipping_that_check_reports_shows_in_excerpts(tmp_path):
    clipped = written(tmp_path, np.clip(VOICE, -0.2, 0.2))
    assert kinds(clipped) == ["clipped"] and fault(clipped) is None
    assert seems_faulty(info(clipped))


def test_figures_equal_those_of_a_mean_that_is_computed(tmp_path):
    channels = CHANCE.normal(size=(3, 5000)).astype(np.float32)
    channels[2] -= 1.5 * channels[0]
    cancellation = Cancellation()
    cancellation.add(channels.T)
    ratio = channels.var(axis=1).mean() / channels.mean(axis=0).var()
    assert cancellation.share == 1 and cancellation.loss == pytest.approx(10 * np.log10(ratio), abs=0.01)


@pytest.mark.skipif(not STREETS.is_dir(), reason="no real stereo recordings here")
def test_no_false_alarm_on_real_stereo_recordings():
    paths = sorted(STREETS.glob("*.flac"))
    shares = [measure_audio(info(path)).cancelled for path in paths]
    assert len(paths) == 16 and max(shares) < 0.03
