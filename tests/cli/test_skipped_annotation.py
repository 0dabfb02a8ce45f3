"""`--skip` leaves out training files whose annotation is wrong, as it does those whose audio is."""

import json

import numpy as np
import pytest
import soundfile
import yaml
from commands import CONFIG

PROTOCOL = "Tones.SpeakerDiarization.All"
DATABASE = """\
Databases: {{Tones: "{folder}/audio/{{uri}}.wav"}}
Protocols:
  Tones:
    SpeakerDiarization:
      All:
        scope: database
        train: {{uri: {folder}/train.lst, annotation: {folder}/all.rttm}}
        development: {{uri: {folder}/development.lst, annotation: {folder}/all.rttm}}
"""
GOOD = "SPEAKER {} 1 0.5 1.5 <NA> <NA> car <NA> <NA>\n"
FAULTS = {
    "no duration": ("SPEAKER {} 1 2.0 0.0 <NA> <NA> car <NA> <NA>\n", "shorter than a microsecond"),
    "no time": ("SPEAKER {} 1 soon 1.0 <NA> <NA> car <NA> <NA>\n", "'soon' is not a time"),
    "a column is missing": ("SPEAKER {} 1 2.0 1.0 <NA> <NA> car <NA>\n", "Found 9 columns"),
    "past the end": ("SPEAKER {} 1 2.0 9.0 <NA> <NA> car <NA> <NA>\n", "its audio ends at 4.000 s"),
}


def make(folder, count, faulty="", line=GOOD):
    """A protocol of `count` recordings, with another line about one of them; returns its database.yml."""
    (folder / "audio").mkdir(parents=True)
    names = [f"r{index:02d}" for index in range(count)]
    for index, name in enumerate([*names, "dev"]):
        noise = np.random.default_rng(index).normal(0, 0.05, 4 * 44100)
        soundfile.write(folder / "audio" / f"{name}.wav", noise, 44100)
    lines = "".join(GOOD.format(name) for name in [*names, "dev"])
    (folder / "all.rttm").write_text(lines + (line.format(faulty) if faulty else ""))
    (folder / "train.lst").write_text("".join(f"{name}\n" for name in names))
    (folder / "development.lst").write_text("dev\n")
    (folder / "database.yml").write_text(DATABASE.format(folder=folder))
    return folder / "database.yml"


@pytest.fixture
def train(here, tmp_path):
    def run(name, database, *options):
        root = tmp_path / name
        root.mkdir(exist_ok=True)
        content = yaml.safe_load(CONFIG)
        content["task"]["params"]["labels_spec"] = {"regular": ["car"]}
        (root / "config.yml").write_text(json.dumps(content))
        result = here("dcase", "train", "--cpu", "--to=1", *options, root, PROTOCOL, database=database)
        return result, root / "train" / f"{PROTOCOL}.train"

    return run


@pytest.mark.parametrize("fault", FAULTS)
def test_a_file_with_wrong_annotation_is_left_out(fault, train, tmp_path, here):
    """One of eleven, as by default one in ten may be: the weights are those without that file."""
    line, message = FAULTS[fault]
    database = make(tmp_path / "data", 11, "r10", line)
    result, folder = train("faulty", database)
    assert result.code == 0, result.err
    assert "Warning: 1 of 11 files is left out:\n" in result.err and message in result.err
    assert f"{tmp_path / 'data' / 'all.rttm'}, line 13: " in result.err
    left_out = yaml.safe_load((folder / "left_out.yml").read_text())
    assert list(left_out) == ["Tones/r10"]
    assert here("check", "--quick", folder.parents[1], PROTOCOL, database=database).code == 10
    without, other = train("without", make(tmp_path / "less", 10))
    assert without.code == 0 and not (other / "left_out.yml").exists()
    weights = [(one / "weights" / "0001.pt").read_bytes() for one in (folder, other)]
    assert weights[0] == weights[1]


@pytest.mark.parametrize("fault", FAULTS)
def test_it_is_refused_beyond_the_share(fault, train, tmp_path, here):
    line, message = FAULTS[fault]
    database = make(tmp_path / "data", 11, "r10", line)
    result, folder = train("faulty", database, "--skip=0.09")
    assert result.code == 4 and message in result.err and "more than the share of 0.09" in result.err
    assert f"{tmp_path / 'data' / 'all.rttm'}, line 13: " in result.err
    assert not folder.exists() or not list(folder.rglob("*.pt"))


def test_a_line_that_names_no_recording_is_always_refused(train, tmp_path, here):
    database = make(tmp_path / "data", 11, "r10", "Once upon a time {}\n")
    result, _ = train("faulty", database, "--skip=1")
    assert result.code == 4 and f"{tmp_path / 'data' / 'all.rttm'}, line 13: " in result.err


def test_a_wrong_line_about_a_file_to_validate_on_is_refused(train, tmp_path, here):
    database = make(tmp_path / "data", 11, "dev", FAULTS["no time"][0])
    result, _ = train("faulty", database)
    assert result.code == 4 and "'soon' is not a time" in result.err
