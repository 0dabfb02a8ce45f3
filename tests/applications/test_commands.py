"""The command that a command line names: its options, its database, its own classes, its exit status."""

import os
from dataclasses import dataclass

import pytest

from pyannote.audio.applications import apply, commands, train, validate
from pyannote.audio.applications.blocks.base import Block, Command
from pyannote.audio.applications.commands import dispatch
from pyannote.audio.applications.options import ApplyOptions, TrainOptions, ValidateOptions
from pyannote.audio.applications.options_2019 import OldTrainOptions
from pyannote.audio.config import classes
from pyannote.audio.core.errors import UsageError
from pyannote.audio.core.ranks import Rank

BLOCK = Block(
    "A block.",
    "task",
    lambda corpus, bundle, options: None,
    lambda validate, options, device: None,
    {
        "train": Command("Train.", OldTrainOptions),
        "validate": Command("Validate.", ValidateOptions),
        "apply": Command("Apply.", ApplyOptions),
    },
)


@dataclass
class Call:
    block: Block
    options: object


@pytest.fixture
def called(monkeypatch):
    """Calls of the three commands, which do nothing and give 10."""
    calls = []

    def command(block, options):
        calls.append(Call(block, options))
        return 10

    for module, name in ((train, "train"), (validate, "validate"), (apply, "apply")):
        monkeypatch.setattr(module, name, command)
    monkeypatch.setenv("PYANNOTE_DATABASE_CONFIG", "before.yml")
    return calls


def run(*words):
    return dispatch("pyannote-audio block", BLOCK, [str(word) for word in words])


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (["train", "root", "P"], TrainOptions),
        (["validate", "train", "P"], ValidateOptions),
        (["apply", "validate", "P"], ApplyOptions),
    ],
)
def test_a_command_gets_its_block_and_options_and_gives_the_exit_status(words, kind, called):
    assert run(*words) == 10
    assert called[0].block is BLOCK and isinstance(called[0].options, kind)
    assert called[0].options.protocol == "P"


@pytest.mark.parametrize("words", [["train", "--help"], ["validate", "t", "p", "-h"]])
def test_help_runs_nothing(words, called, capsys):
    assert run(*words) is None and not called
    assert f"Usage: pyannote-audio block {words[0]}" in capsys.readouterr().out


@pytest.mark.parametrize("words", [[], ["trian"], [""], ["evaluate", "x"]])
def test_there_are_the_commands_of_the_block_alone(words, called):
    with pytest.raises(UsageError, match="there are train, validate, apply"):
        run(*words)
    assert not called


def test_the_database_of_an_option_wins_over_that_of_the_environment(called, tmp_path, monkeypatch):
    (tmp_path / "other.yml").touch()
    monkeypatch.chdir(tmp_path)
    run("train", "--database=other.yml", "root", "P")
    assert os.environ["PYANNOTE_DATABASE_CONFIG"] == str(tmp_path / "other.yml")


def test_the_environment_stays_without_that_option(called):
    run("train", "root", "P")
    run("validate", "train", "P")
    assert os.environ["PYANNOTE_DATABASE_CONFIG"] == "before.yml"


def test_a_database_is_sought_in_the_home_of_the_user(called, tmp_path, monkeypatch):
    (tmp_path / "mine.yml").touch()
    monkeypatch.setenv("HOME", str(tmp_path))
    run("train", "--database=~/mine.yml", "root", "P")
    assert os.environ["PYANNOTE_DATABASE_CONFIG"] == str(tmp_path / "mine.yml")


@pytest.mark.parametrize("name", ["nowhere.yml", "."])
def test_a_database_that_is_no_file_is_refused(name, called, tmp_path):
    with pytest.raises(UsageError, match="which --database names"):
        run("train", f"--database={tmp_path / name}", "root", "P")
    assert not called and os.environ["PYANNOTE_DATABASE_CONFIG"] == "before.yml"


@pytest.mark.parametrize(
    ("option", "expected"),
    [([], []), (["--code="], []), (["--code=a.py"], ["a.py"]), (["--code=a.py,,b.py"], ["a.py", "b.py"])],
)
def test_each_file_of_own_classes_is_loaded_before_the_command(option, expected, called, monkeypatch):
    loaded = []

    def load_code(file):
        assert not called
        loaded.append(file)

    monkeypatch.setattr(classes, "load_code", load_code)
    run("train", *option, "root", "P")
    assert loaded == expected and len(called) == 1


@pytest.mark.parametrize(("command", "allowed"), [("train", True), ("validate", False), ("apply", False)])
def test_training_alone_is_the_work_of_several_processes(command, allowed, called, monkeypatch):
    monkeypatch.setattr(commands.Rank, "of", lambda: Rank(1, 2))
    if allowed:
        assert run(command, "x", "P") == 10
        return
    with pytest.raises(UsageError, match=f"`{command}` is the work of one process, and 2 were started"):
        run(command, "x", "P")
    assert not called
