"""Labels in two spellings, and the map that merges them, in the preparation of own data."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml
from places import SCRIPTS

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.corpora.label_maps import LabelMap
from pyannote.audio.database.corpora.own_data import make_database
from pyannote.audio.io.rttm import read_events

ROWS = ("a,0,1,Coq", "a,1,2,Coq", "b,0,1,coq", "b,2,3,people talking", "c,1,2,people_talking", "c,2,3,noise")


@pytest.fixture
def data(tmp_path):
    for name in "abc":
        path = tmp_path / "audio" / f"{name}.wav"
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, np.zeros(32000), 8000)
    (tmp_path / "events.csv").write_text("\n".join(["filename,onset,offset,label", *ROWS]) + "\n")
    return tmp_path


def made(data, labels):
    path = data / "map.yml"
    path.write_text(labels)
    result = LabelMap.read(path)
    make_database(data / "audio", data / "events.csv", data / "out", labels=result, development=0, test=0)
    return result


def test_two_spellings_are_refused_with_lines_counts_and_the_map_that_merges_them(data):
    with pytest.raises(DataError) as caught:
        make_database(data / "audio", data / "events.csv", data / "out")
    assert (caught.value.file, caught.value.line) == (data / "events.csv", 2)
    for words in ("'Coq' (2 events)", "'coq' (1 event, the first in events.csv, line 4)", '`"coq": "Coq"`'):
        assert words in str(caught.value)
    assert not (data / "out").exists()
    # the map that the message names is one
    with pytest.raises(DataError, match=r"'people talking' \(1 event\) and 'people_talking' \(1 event"):
        made(data, '"coq": "Coq"')


def test_a_map_merges_spellings_and_leaves_labels_out(data):
    labels = made(data, "coq: Coq\npeople_talking: people talking\nnoise: null\n")
    events = read_events(data / "out" / "Own.rttm")
    assert sorted(event.label for event in events) == ["Coq"] * 3 + ["people_talking"] * 2
    assert yaml.safe_load((data / "out" / "labels.yml").read_text()) == {
        "Coq": "Coq",
        "people_talking": "people talking",
    }
    assert labels.remarks() == [
        "1 event of 'coq' count as 'Coq'.",
        "1 event of 'people_talking' count as 'people talking'.",
        "1 event of 'noise' are left out.",
    ]


def test_spellings_in_annotation_of_each_subset_are_refused_and_merged_as_well(data):
    folder = data / "annotation"
    folder.mkdir()
    line = "SPEAKER {} 1 0 1 <NA> <NA> {} <NA> <NA>\n"
    (folder / "my.train.rttm").write_text(line.format("a", "Coq"))
    (folder / "my.test.rttm").write_text(line.format("b", "coq"))
    with pytest.raises(DataError, match=r"'Coq' \(1 event\) and 'coq' \(1 event, the first in my.test.rttm"):
        make_database(data / "audio", folder, data / "out")
    labels = LabelMap({"coq": "Coq"}, Path("map.yml"))
    make_database(data / "audio", folder, data / "out", labels=labels)
    assert {event.label for event in read_events(data / "out" / "Own.rttm")} == {"Coq"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("coqq: Coq", "No event has the label 'coqq'. Did you mean 'coq'?"),
        ("[coq, Coq]", "This is no map of labels to classes."),
        ("coq: [Coq]", "or one of them is no name"),
        ("coq: ''", "or one of them is no name"),
        ("no: Coq", "or one of them is no name"),
        ("coq: 'a\tb'", "or one of them is no name"),
        ("coq: {", "not valid YAML"),
    ],
)
def test_a_wrong_map_is_a_sentence(data, text, words):
    with pytest.raises(DataError) as caught:
        made(data, text)
    assert words in str(caught.value) and str(caught.value).startswith(str(data / "map.yml"))
    assert not (data / "out").exists()


def test_the_script_says_what_a_map_has_changed(data):
    (data / "map.yml").write_text("coq: Coq\npeople_talking: people talking\nnoise: null\n")
    command = [sys.executable, SCRIPTS / "make_database.py", "--test=0", f"--labels={data / 'map.yml'}"]
    command += [data / "audio", data / "events.csv", data / "out"]
    done = subprocess.run([str(one) for one in command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 event of 'noise' are left out.\n" in done.stdout
