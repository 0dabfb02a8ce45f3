"""Channels that cancel are told by every command, and single channels are read by all of them."""

import json
import shutil

import numpy as np
import pytest
import soundfile
import yaml

from pyannote.audio.io.experiment_folders import TrainFolder


@pytest.fixture
def stereo(recordings, tmp_path):
    """Copies of the good recordings on two channels; what is on the second one is told by `change`."""
    copies = recordings._replace(root=tmp_path / "stereo")

    def make(change):
        copies.wav("any").parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(recordings.root / "turns.rttm", copies.root)
        for uri in recordings.uris:
            samples, rate = soundfile.read(recordings.wav(uri), dtype="int16")
            # the smallest integer has no opposite
            samples = np.maximum(samples, -32767)
            soundfile.write(copies.wav(uri), np.stack([samples, change(samples)], axis=1), rate)
        return copies

    return make


HALF, ALL = "10 dB lower than a channel", "their mean is 0 throughout"


@pytest.mark.parametrize(("factor", "said"), [(0.5, HALF), (1, ALL)])
def test_all_commands_tell_that_channels_cancel(
    detector, stereo, run, new_experiment, tmp_path, factor, said
):
    copies = stereo(lambda samples: (-factor * samples).astype("int16"))
    where = {"database": copies.database(tmp_path / "database"), "cache": tmp_path / "cache"}
    shutil.copytree(detector.root, tmp_path / "experiment")
    train = TrainFolder(tmp_path / "experiment" / detector.train.relative_to(detector.root))
    checked = run("check", "--cpu", "--json", train.root, detector.protocol, **where)
    findings = [one for one in json.loads(checked.out)["findings"] if said in one["what"]]
    assert (
        len(findings) == 10
        and "All samples are 0" not in checked.out
        and not any(one["what"].startswith("The audio equals") for one in json.loads(checked.out)["findings"])
    )
    validate = train.path / detector.validate.relative_to(detector.train)
    new = new_experiment(tmp_path / "new", (detector.root / "config.yml").read_text(), detector.protocol, "x")
    for command in (
        ("train", "--to=1", new.root, detector.protocol),
        ("validate", "--to=1", train.path, detector.protocol),
        ("apply", validate, detector.protocol),
        ("apply", validate, copies.wav("ann1")),
    ):
        result = run("dcase", command[0], "--cpu", *command[1:], **where)
        assert result.code == 0, result.err
        (told,) = [line for line in result.err.splitlines() if said in line]
        assert told.startswith("Warning: ") and "channel: 1" in told and str(copies.root) in told
        assert "All samples are 0" not in result.err


def test_one_channel_gives_what_a_file_of_that_channel_gives(detector, stereo, recordings, run, tmp_path):
    copies = stereo(lambda samples: samples[::-1])
    result = run("dcase", "apply", "--cpu", detector.validate, f"{copies.wav('ann5')}#1")
    assert (result.code, result.err) == (0, "")
    plain = run("dcase", "apply", "--cpu", detector.validate, recordings.wav("ann5"))
    assert (plain.code, plain.err) == (0, "")
    scores = [
        np.load(one)
        for name in ("ann5#1~*.npy", "ann5~*.npy")
        for one in (detector.applied / "audio").glob(name)
    ]
    assert len(scores) == 2
    np.testing.assert_array_equal(*scores)


def test_a_database_of_channels_is_trained_validated_and_scored(
    detector, stereo, run, new_experiment, alike, tmp_path
):
    copies = stereo(lambda samples: samples[::-1])
    path = copies.database(tmp_path / "database")
    config = yaml.safe_load(path.read_text())
    config["Protocols"]["Hostile"]["SpeakerDiarization"]["Audio"]["channel"] = 1
    path.write_text(yaml.safe_dump(config))
    where = {"database": path, "cache": tmp_path / "cache"}
    new = new_experiment(
        tmp_path / "new",
        (detector.root / "config.yml").read_text(),
        detector.protocol,
        "validate_average_detection_fscore",
    )
    for command in (
        ("train", "--to=1", new.root),
        ("validate", "--to=1", new.train),
        ("apply", new.validate),
    ):
        result = run("dcase", command[0], "--cpu", *command[1:], detector.protocol, **where)
        assert (result.code, result.err) == (0, ""), result
    # the same training as that on the channel alone
    assert alike(new, detector)
