"""Control characters of files and options never reach the terminal raw, whichever way they come."""

import re
import sys

import pytest
import yaml

from pyannote.audio.applications import terminal
from pyannote.audio.core.errors import DataError
from pyannote.audio.core.findings import Finding

pytestmark = pytest.mark.usefixtures("environment")

HOSTILE = "a\x1b[2J\x07\u202e\x9bb"
"""Clears the screen, rings, reverses the text that follows, and begins a sequence in one character."""
RAW = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
FOLD = "TUT2017.SpeakerDiarization.Fold1"


def harmless(result, *parts):
    """Check that outputs hold no control characters, and show what was escaped."""
    assert not RAW.search(result.out) and not RAW.search(result.err), result
    shown = result.out + result.err
    for part in parts:
        assert part in shown, result


@pytest.fixture
def database(data, tmp_path):
    """A copy of the database, to be changed."""
    import shutil

    shutil.copytree(data / "database", tmp_path / "database")
    path = tmp_path / "database" / "database.yml"
    path.write_text(path.read_text().replace(f"{data}/database", f"{tmp_path}/database"))
    return path


def change(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def uri(experiment, database):
    path = database.parent / "lists" / "Fold1.train.lst"
    change(path, path.read_text().split()[0], HOSTILE)
    return (experiment.root, FOLD), "\\x1b[2J"


def label(experiment, database):
    rttm = database.parent / "TUT2017.rttm"
    change(rttm, " car ", f" {HOSTILE} ")
    return (experiment.root, FOLD), "\\x1b[2J"


def folder(experiment, database):
    other = experiment.root.parent / f"{HOSTILE}\n"
    experiment.root.rename(other)
    (other / "config.yml").write_text("task: 3\n")
    return (other, FOLD), "\\x1b[2J"


def missing_folder(experiment, database):
    return (experiment.root / HOSTILE, FOLD), "\\x1b[2J"


def protocol(experiment, database):
    return (experiment.root, f"{HOSTILE}\n.SpeakerDiarization.Fold1"), "\\x1b[2J"


def database_name(experiment, database):
    content = yaml.safe_load(database.read_text())
    content["Protocols"][HOSTILE] = content["Protocols"].pop("TUT2017")
    content["Databases"][HOSTILE] = content["Databases"].pop("TUT2017")
    # pyannote.database prints names of protocols without a scope
    for one in content["Protocols"][HOSTILE]["SpeakerDiarization"].values():
        one.pop("scope", None)
    database.write_text(yaml.safe_dump(content))
    return (experiment.root, FOLD), "There is no protocol"


def key(experiment, database):
    experiment.config.write_text(f"{yaml.safe_dump({HOSTILE: 1})}{experiment.config.read_text()}")
    return (experiment.root, FOLD), "\\x1b[2J"


def value(experiment, database):
    content = yaml.safe_load(experiment.config.read_text())
    content["task"]["name"] = HOSTILE
    experiment.config.write_text(yaml.safe_dump(content))
    return (experiment.root, FOLD), "\\x1b[2J"


def parameter(experiment, database):
    content = yaml.safe_load(experiment.config.read_text())
    content["task"]["params"][HOSTILE] = HOSTILE
    experiment.config.write_text(yaml.safe_dump(content))
    return (experiment.root, FOLD), "\\x1b[2J"


def class_name(experiment, database):
    content = yaml.safe_load(experiment.config.read_text())
    content["task"]["params"]["labels_spec"]["regular"].append(HOSTILE)
    experiment.config.write_text(yaml.safe_dump(content))
    return (experiment.root, FOLD), "\\x1b[2J"


def option(experiment, database):
    return (f"--gpu={HOSTILE}", experiment.root, FOLD), ""


SOURCES = [
    uri, label, folder, missing_folder, protocol, database_name, key, value, parameter, class_name, option,
]  # fmt: skip


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.__name__)
@pytest.mark.parametrize("command", [("check", "--quick"), ("dcase", "train", "--to=1")])
def test_control_characters_are_escaped(source, command, experiment, database, here, tmp_path):
    arguments, shown = source(experiment, database)
    result = here(*command, *arguments, database=database, cache=tmp_path / "cache")
    assert result.code not in {0, 1}
    harmless(result, shown)


def test_control_characters_of_an_own_class_are_escaped(experiment, here, tmp_path):
    code = tmp_path / "own.py"
    code.write_text(f"raise ValueError({HOSTILE!r})\n")
    for debug in ((), ("--debug",)):
        result = here("dcase", "train", f"--code={code}", *debug, experiment.root, FOLD)
        assert result.code not in {0, 1}
        harmless(result, "\\x1b[2J")


SENTENCES = {
    "say": lambda text: terminal.say(text),
    "say_table": lambda text: terminal.say_table(text),
    "warn": lambda text: terminal.warn(text),
    "detail": lambda text: terminal.warn("Several files are left out:", text),
    "finding": lambda text: terminal.warn(str(Finding("kind", text, "Mend it.", file=text))),
}


@pytest.mark.parametrize("way", SENTENCES.values(), ids=SENTENCES)
def test_each_way_to_the_terminal_escapes(way, capsys):
    way(HOSTILE)
    captured = capsys.readouterr()
    shown = captured.out + captured.err
    assert not RAW.search(shown) and "a\\x1b[2J\\x07\\u202e\\x9bb" in shown


@pytest.mark.parametrize("way", ["say", "warn", "detail", "finding"])
def test_a_line_feed_of_a_name_begins_no_line(way, capsys):
    SENTENCES[way]("a\nError: forged")
    captured = capsys.readouterr()
    assert not re.search("^Error", captured.out + captured.err, flags=re.MULTILINE)


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("kind", [DataError, ValueError, KeyError])
def test_errors_escape(kind, debug, capsys):
    def command():
        raise kind(f"{HOSTILE}\n")

    assert terminal.run(command, debug=debug) != 0
    assert not RAW.search(capsys.readouterr().err)


def test_bars_escape(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert list(terminal.bar([1, 2], total=2, description=HOSTILE)) == [1, 2]
    shown = capsys.readouterr().err
    # the bar itself moves the cursor
    assert "\x1b[2J" not in shown and "\u202e" not in shown and "a\\x1b[2J" in shown


def test_text_of_any_script_is_kept():
    text = "née 日本 שלום سلام 👩\u200d👩\u200d👧 e\u0301"
    assert terminal.printable(text) == text
    assert terminal.printable("a\nb\tc") == "a\\nb\\tc" and terminal.printable("a\nb", kept="\n") == "a\nb"
