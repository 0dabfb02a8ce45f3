"""Versions of training files at several speeds."""

import copy
from pathlib import Path

import numpy as np
import pytest

from pyannote.audio.augmentation.add_noise_from_gaps import AddNoiseFromGaps
from pyannote.audio.augmentation.speed_perturbation import SpeedPerturbation
from pyannote.audio.core.errors import ConfigError
from pyannote.audio.features.raw_audio import RawAudio


def recording(uri="a", **changed):
    return {
        "uri": uri,
        "database": "Test",
        "audio": Path(f"{uri}.wav"),
        "duration": 99.0,
        "regions": [(0.0, 33.0), (49.5, 99.0)],
        "events": [(9.9, 19.8, "ann"), (49.5, 99.0, "bob")],
        **changed,
    }


def test_each_file_and_its_versions():
    files = [recording("a"), recording("b")]
    before = copy.deepcopy(files)
    found = SpeedPerturbation([0.9, 1.1])(files)
    assert files == before
    assert [file["uri"] for file in found] == ["a", "a@0.9", "a@1.1", "b", "b@0.9", "b@1.1"]
    assert [found[0], found[3]] == files
    assert [file.get("speed") for file in found] == [None, 0.9, 1.1] * 2
    assert [file["audio"] for file in found] == [Path("a.wav")] * 3 + [Path("b.wav")] * 3


def test_times_are_divided_by_the_speed():
    version = SpeedPerturbation(speeds=[1.1])([recording()])[1]
    assert version["duration"] == pytest.approx(90)
    np.testing.assert_allclose(version["regions"], [(0, 30), (45, 90)])
    np.testing.assert_allclose([event[:2] for event in version["events"]], [(9, 18), (45, 90)])
    assert max(end for _, end, *_ in version["regions"] + version["events"]) <= version["duration"]


@pytest.mark.parametrize(
    ("new_labels", "labels"), [(True, ["ann@1.05", "bob@1.05"]), (False, ["ann", "bob"])]
)
def test_labels(new_labels, labels):
    version = SpeedPerturbation(speeds=[1.05], new_labels=new_labels)([recording()])[1]
    assert [label for *_, label in version["events"]] == labels


@pytest.mark.parametrize("events", [None, []])
def test_files_without_events(events):
    assert [file["events"] for file in SpeedPerturbation()([recording(events=events)])] == [events] * 3


def test_files_that_have_a_speed_have_no_further_versions():
    files = SpeedPerturbation([0.8])([recording()])
    assert [file["uri"] for file in SpeedPerturbation([1.2])(files)] == ["a", "a@1.2", "a@0.8"]


@pytest.mark.parametrize(
    ("speeds", "message"),
    [
        ([], "named once"),
        ([1.0], "named once"),
        ([0.9, 0.9], "named once"),
        ([3], "0.5 to 2"),
        ([0.9, 1.001], "steps"),
    ],
)
def test_speeds_out_of_range(speeds, message):
    with pytest.raises(ConfigError, match=message):
        SpeedPerturbation(speeds=speeds)


def test_events_match_the_audio_of_a_version():
    """A click at 2 s of a silent recording is where the annotation of each version says."""
    samples = np.zeros(5 * 16000, dtype=np.float32)
    samples[2 * 16000] = 1
    file = recording(duration=5.0, regions=[(0.0, 5.0)], events=[(2.0, 2.1, "click")])
    for version in SpeedPerturbation([0.75, 0.9, 1.33])([file]):
        heard = RawAudio(8000)({**version, "waveform": samples, "sample_rate": 16000}).data[:, 0]
        assert len(heard) / 8000 == pytest.approx(version["duration"], abs=1e-4)
        assert np.abs(heard).argmax() / 8000 == pytest.approx(version["events"][0][0], abs=2e-4)


def test_gaps_of_versions():
    files = SpeedPerturbation([0.5])([recording()])
    gaps = [(sound.file["uri"], sound.start, sound.end) for sound in AddNoiseFromGaps().sources(files)]
    own = [("a", 0.0, 9.9), ("a", 19.8, 33.0)]
    assert gaps == own + [("a@0.5", 2 * start, 2 * end) for _, start, end in own]
