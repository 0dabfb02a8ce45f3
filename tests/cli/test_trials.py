"""What `emb validate` says about trials, and the text file of their scores."""

import re
from pathlib import Path

import numpy as np
import pytest
import yaml
from outcomes import DATA, check, warnings
from scipy.interpolate import interp1d
from scipy.optimize import brentq
from sklearn.metrics import roc_curve

VOXCELEB = "VoxCeleb.SpeakerVerification.VoxCeleb1"
PAIRS = "VoxCeleb.SpeakerDiarization.VoxCeleb1"


@pytest.fixture
def recordings(tested_block, tmp_path):
    original = tested_block("emb").recordings
    copy = original.copy(tmp_path / "data")
    copy.cache = original.cache
    return copy


@pytest.fixture
def validate(here, recordings, embedded_copy):
    def run(protocol=VOXCELEB, *options):
        database = {"database": recordings.config, "cache": recordings.cache}
        return here("emb", "validate", "--cpu", "--to=1", *options, embedded_copy.train, protocol, **database)

    return run


def listed(recordings, name):
    return recordings.root / "voxceleb" / "lists" / f"VoxCeleb1.{name}"


def equal_error_rate(labels, scores):
    false_alarm, hit, _ = roc_curve(labels, scores, drop_intermediate=False)
    return brentq(lambda rate: 1 - rate - interp1d(false_alarm, hit)(rate), 0, 1)


@pytest.mark.parametrize("protocol", [VOXCELEB, PAIRS])
def test_scikit_learn_finds_the_same_error_rate_in_the_scores(protocol, validate, embedded_copy, recordings):
    result = validate(protocol)
    assert result.code == 0, result.err
    path = Path(re.search(r"Scores of all trials at the best epoch: (.*)\n", result.out)[1])
    folder = path.parent
    assert [one.name for one in folder.glob("trial_scores*")] == [path.name]
    params = yaml.safe_load((folder / "params.yml").read_text())
    assert path.name == f"trial_scores.{params['epoch']:04d}.txt"
    labels, scores = np.loadtxt(path, usecols=(2, 3), unpack=True)
    assert equal_error_rate(labels, scores) == pytest.approx(params["value"], abs=1e-5)
    rows = [line.split() for line in path.read_text().splitlines()]
    if protocol == VOXCELEB:
        trials = listed(recordings, "development.trials").read_text().splitlines()
        assert [f"{label} {first} {second}" for first, second, label, _ in rows] == trials
    else:
        speakers = [[name.split("/")[0] for name in row[:2]] for row in rows]
        assert [one == other for one, other in speakers] == labels.astype(bool).tolist()


def test_scores_of_an_earlier_choice_do_not_stay(validate, embedded_copy):
    stale = embedded_copy.validate / "trial_scores.0099.txt"
    stale.write_text("a b 1 0.5\n")
    assert validate().code == 0
    assert not stale.exists()


def test_doubled_and_self_trials_are_said(validate, recordings):
    path = listed(recordings, "development.trials")
    label, first, second = path.read_text().splitlines()[0].split()
    count = len(path.read_text().splitlines())
    with path.open("a") as stream:
        stream.write(f"{label} {second} {first}\n1 {first} {first}\n")
    alone, doubled = warnings(validate())
    assert alone.startswith(f"{path}, line {count + 2}: 1 trial compares a recording with itself: {first} ")
    assert doubled.startswith(f"{path}, line {count + 1}: 1 trial repeats an earlier one: {second} {first} ")


def test_trials_that_contradict_the_annotation_are_refused(validate, recordings, embedded_copy):
    path, params = listed(recordings, "development.trials"), embedded_copy.validate / "params.yml"
    before = params.read_bytes()
    label, first, _ = path.read_text().splitlines()[0].split()
    path.write_text(path.read_text().replace(f"{label} {first}", f"{1 - int(label)} {first}", 1))
    check(validate(), DATA, f"{path}, line 1:", "1 trial contradicts the annotation", "Correct the list")
    assert params.read_bytes() == before


@pytest.mark.parametrize(("same", "said"), [(True, "pairs of two speakers"), (False, "pairs of one speaker")])
def test_pairs_of_one_kind_have_no_error_rate(same, said, validate, recordings, embedded_copy):
    path = listed(recordings, "development.lst")
    uris = path.read_text().split()
    of_speaker = {
        uri.split("/")[0]: [one for one in uris if one.startswith(uri.split("/")[0])] for uri in uris
    }
    kept = next(iter(of_speaker.values())) if same else [own[0] for own in of_speaker.values()]
    path.write_text("".join(f"{uri}\n" for uri in kept))
    check(validate(PAIRS), DATA, "'development'", f"there are no {said}")
    assert not (embedded_copy.train / "validate_equal_error_rate" / f"{PAIRS}.development").exists()
