"""`validate` and `apply` print the warnings of `check` about the files of their subset."""

import json
import shutil

import numpy as np
import pytest
import soundfile

from pyannote.audio.io.experiment_folders import TrainFolder


@pytest.fixture
def damaged(recordings, tmp_path):
    """Copies of the good recordings, with faults in development and test files."""
    copies = recordings._replace(root=tmp_path / "copies")
    copies.wav("any").parent.mkdir(parents=True)
    shutil.copy(recordings.root / "turns.rttm", copies.root)
    for uri in recordings.uris:
        shutil.copy(recordings.wav(uri), copies.wav(uri))
    for silent, clipped in (("ann3", "bob3"), ("ann5", "bob5")):
        samples, rate = soundfile.read(copies.wav(silent))
        soundfile.write(copies.wav(silent), 0 * samples, rate)
        soundfile.write(copies.wav(clipped), np.sign(samples), rate)
    shutil.copy(copies.wav("ann1"), copies.wav("ann4"))
    with (copies.root / "turns.rttm").open("a") as stream:
        for uri in ("bob4", "bob5"):
            stream.write(f"SPEAKER {uri} 1 2.6 0.2 <NA> <NA> dog <NA> <NA>\n")
            stream.write(f"SPEAKER {uri} 1 0.5 2.0 <NA> <NA> bob <NA> <NA>\n")
    return copies


def of_check(result, damaged, subset):
    """Sentences of `check` about the files of a subset, with file and line."""
    findings = json.loads(result.out)["findings"]
    names = {"development": ("ann3", "bob3", "ann4", "bob4"), "test": ("ann5", "bob5")}[subset]
    files = {str(damaged.wav(uri)) for uri in names}
    lines = (damaged.root / "turns.rttm").read_text().splitlines()
    for finding in findings:
        annotated = str(finding["file"]).endswith("turns.rttm") and finding["line"] is not None
        if finding["file"] in files or (annotated and lines[finding["line"] - 1].split()[1] in names):
            line = "" if finding["line"] is None else f", line {finding['line']}"
            yield finding["kind"], f"{finding['file']}{line}: {finding['what']} {finding['mend']}"


def test_warnings_of_validate_and_apply_are_those_of_check(detector, damaged, run, tmp_path):
    shutil.copytree(detector.root, tmp_path / "experiment")
    train = TrainFolder(tmp_path / "experiment" / detector.train.relative_to(detector.root))
    database = damaged.database(tmp_path / "database")
    cache = tmp_path / "cache"
    checked = run("check", "--cpu", "--json", tmp_path / "experiment", detector.protocol, database=database)
    expected = dict(of_check(checked, damaged, "development"))
    assert {"silent", "clipped", "content", "unknown", "duplicate"} <= set(expected)
    # a training file is named by its uri, as its path is not stored
    copied = expected["content"].replace("ann1.wav (train)", "Hostile/ann1 (train)")
    where = {"database": database, "cache": cache}
    result = run("dcase", "validate", "--cpu", "--to=1", train.path, detector.protocol, **where)
    assert result.code == 0, result.err
    for sentence in {**expected, "content": copied}.values():
        assert f"Warning: {sentence}" in result.err.splitlines()
    validate = train.path / detector.validate.relative_to(detector.train)
    result = run("dcase", "apply", "--cpu", validate, detector.protocol, **where)
    assert result.code == 0, result.err
    expected = dict(of_check(checked, damaged, "test"))
    assert {"silent", "clipped", "duplicate"} <= set(expected)
    for sentence in expected.values():
        assert f"Warning: {sentence}" in result.err.splitlines()
