"""Contract of blocks: all that shared code asks of them, and the price of one more: a file.

A class that is trained is one file as well (`test_house.py`); a measure of its own would be a third.
"""

import sys
from functools import partial

import pytest
from tested_blocks import ENTRIES

from pyannote.audio.applications import blocks as package
from pyannote.audio.applications.arguments import options_of, parse
from pyannote.audio.applications.blocks.base import block, blocks
from pyannote.audio.config.classes import available

BLOCKS = sorted(blocks())
TASK = '''
from pyannote.audio.core.labels import ClassDefinition, Composition
from pyannote.audio.labeling.tasks.base import Task


class SpeechActivityDetection(Task):
    """Speech: at least one label of any name."""

    labels = Composition((ClassDefinition("speech"),))
'''
BLOCK = '''
"""Block `sad`: speech activity detection."""

from pyannote.audio.applications.blocks._detection import detection_block

BLOCK = detection_block("Speech activity detection.")
'''


@pytest.mark.parametrize("name", BLOCKS)
def test_a_block_names_its_shelf_and_its_commands(name):
    found = block(name)
    assert found.about.endswith(".") and len(found.about) < 100
    assert available(found.shelf) and {"train", "validate"} <= found.commands.keys()
    assert callable(found.measure)
    # a block whose models answer nothing has nothing to apply
    assert callable(found.apply) == ("apply" in found.commands)


def test_each_block_has_an_entry_in_the_table_of_tested_blocks():
    """The tests of commands with bad input, and of resumed trainings, run over that table.

    What is pretrained without annotation has tests of its own.
    """
    assert sorted(ENTRIES) == [name for name in BLOCKS if block(name).annotated]


@pytest.mark.parametrize(
    ("name", "command"), [(name, command) for name in BLOCKS for command in block(name).commands]
)
def test_help_and_parsing_are_made_from_the_same_options(name, command):
    """What the help says to be the default is what the options are without any."""
    found = block(name).commands[command]
    text = block(name).texts(f"pyannote-audio {name}")[command]
    places = [word for word in text[text.index("Usage:") :].splitlines()[0].split() if word.startswith("<")]
    arguments = parse(text, [word.strip("<>.") for word in places], [name, command], "--help")
    options = options_of(found.options, arguments)
    for field, value in vars(options).items():
        default = found.options.__dataclass_fields__[field]
        if "option" in default.metadata:
            assert value == default.default, field


@pytest.fixture
def planted(tmp_path, monkeypatch):
    """A block in a folder of its own, as if its file lay beside the others."""
    folder = tmp_path / "blocks"
    folder.mkdir()
    (folder / "sad.py").write_text(BLOCK)
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(folder)])
    yield
    sys.modules.pop(f"{package.__name__}.sad", None)


def test_a_block_costs_one_file(planted, data, here, new_experiment, config_text, tmp_path):
    """`sad` with the measure and the pipeline of detection: a task, a block, and nothing else changes."""
    code = tmp_path / "speech_activity_detection.py"
    code.write_text(TASK)
    text = config_text.replace(
        "name: Dcase\n   params:\n      duration",
        "name: SpeechActivityDetection\n   params:\n      duration",
        1,
    )
    start = text.index("      labels_spec:")
    text = text[:start] + text[text.index("feature_extraction:") :]
    folders = new_experiment(tmp_path / "experiment", text)
    call = partial(here, "sad")
    assert "sad      Speech activity detection." in here("--help").out
    assert "Usage: pyannote-audio sad train" in call("train", "--help").out
    for command, *arguments in (
        ("train", "--to=1", folders.root),
        ("validate", folders.train),
        ("apply", folders.validate),
    ):
        result = call(command, "--cpu", f"--code={code}", *arguments, folders.protocol)
        assert result.code == 0, result.err
    assert "speech" in result.out
