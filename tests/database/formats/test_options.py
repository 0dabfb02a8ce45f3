"""Options of the readers of annotation, from the command line to the database."""

import runpy
import sys

import numpy as np
import pytest
import soundfile
from places import SCRIPTS

from pyannote.audio.core.errors import UsageError
from pyannote.audio.database.annotation_files import read_annotation_files
from pyannote.audio.database.formats.base import ReadOptions, formats

NAMES = ("a", "b", "c")


@pytest.fixture
def audio(tmp_path):
    (tmp_path / "audio").mkdir()
    for name in NAMES:
        soundfile.write(tmp_path / "audio" / f"{name}.wav", np.zeros(32000), 8000)
    return tmp_path / "audio"


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the script in this process: its status and what it says."""

    def script(*arguments):
        monkeypatch.setattr(sys, "argv", ["make_database.py", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            runpy.run_path(str(SCRIPTS / "make_database.py"), run_name="__main__")
        return end.value.code, *capsys.readouterr()

    return script


def soft(folder):
    """One table a recording, with a soft label for each second."""
    folder.mkdir()
    for name in NAMES:
        rows = [f"{second}\t{second + 1}\tcar\t{value}\n" for second, value in enumerate((0.2, 0.5, 0.8, 0))]
        (folder / f"{name}.txt").write_text("onset\toffset\tlabel\tvalue\n" + "".join(rows))
    return folder


def test_the_script_passes_options_to_the_readers(run, audio, tmp_path):
    annotation = soft(tmp_path / "soft")
    code, _, err = run(audio, annotation, tmp_path / "out")
    assert code == 4 and "--soft=0.5" in err and not (tmp_path / "out").exists()
    code, _, err = run("--soft=0.5", "--format=csv_per_recording", audio, annotation, tmp_path / "out")
    assert code == 0, err
    lines = (tmp_path / "out" / "Own.rttm").read_text().splitlines()
    assert [tuple(map(float, line.split()[3:5])) for line in lines] == [(1.0, 2.0)] * 3


def test_the_script_takes_the_column_of_labels(run, audio, tmp_path):
    table = tmp_path / "table.csv"
    table.write_text("file,start,end,species,class\n" + "".join(f"{name},1,2,x,y\n" for name in NAMES))
    assert "--label-column=species" in run(audio, table, tmp_path / "out")[2]
    assert run("--label-column=class", audio, table, tmp_path / "out")[0] == 0
    assert "<NA> y <NA>" in (tmp_path / "out" / "Own.rttm").read_text()


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--format=rtm", "There is no format 'rtm'; there are a"),
        ("--format=../base", "There is no format '../base'"),
        ("--format=base", "There is no format 'base'"),
        ("--soft=half", "--soft=half is not a number"),
        ("--soft=0", "--soft=0 is not above 0"),
        ("--soft=1.01", "--soft=1.01 is not above 0, and 1 or less"),
        ("--soft=nan", "--soft=nan is not above 0"),
        ("--pattern=(?P<speaker>", "is no regular expression"),
        ("--pattern=.*", "has no group `speaker`"),
    ],
)
def test_wrong_values_are_refused_in_a_sentence(run, audio, tmp_path, option, message):
    code, out, err = run(option, audio, soft(tmp_path / "soft"), tmp_path / "out")
    assert (code, out) == (2, "")
    assert message in err and err.count("\n") == 1


def test_a_format_of_a_similar_name_is_offered(tmp_path):
    with pytest.raises(UsageError) as caught:
        read_annotation_files(tmp_path, {}, name="audicity")
    assert caught.value.fix == "Did you mean 'audacity'?"
    assert all(name in caught.value.message for name in formats())


def test_patterns_name_speakers():
    assert ReadOptions(pattern="(?P<speaker>[^_]+)_.*").pattern
    assert ReadOptions(soft=1.0).soft == 1


def test_the_help_lists_all_formats(run):
    text = run("--help")[1]
    for name, one in formats().items():
        assert f"  {name:<20} {one.about}\n" in text


def test_paths_may_begin_with_the_name_of_the_audio_folder(run, tmp_path):
    for name in ("street/a", "street/b", "home/a", "audio/street/b"):
        (tmp_path / "audio" / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(tmp_path / "audio" / f"{name}.wav", np.zeros(32000), 8000)
    names = ("audio\\street\\a.wav", "audio\\home\\a.wav", "street/b.wav", "audio/street/b.wav")
    rows = [f"{name},{onset},{onset + 1},car\n" for onset, name in enumerate(names)]
    (tmp_path / "table.csv").write_text("filename,onset,offset,label\n" + "".join(rows))
    assert run(tmp_path / "audio", tmp_path / "table.csv", tmp_path / "out")[0] == 0
    lines = [line.split() for line in (tmp_path / "out" / "Own.rttm").read_text().splitlines()]
    # a path below the folder goes before one that begins with its name
    expected = {"street/a": 0, "home/a": 1, "street/b": 2, "audio/street/b": 3}
    assert {line[1]: float(line[3]) for line in lines} == expected
