"""Help answers at once, because it imports nothing heavy; what is mistyped gets the nearest name."""

import json
import subprocess
import sys

import pytest

from pyannote.audio import __version__
from pyannote.audio.applications import pyannote_audio, speaker_embedding
from pyannote.audio.applications.blocks.base import blocks

BLOCKS = {"dcase": "labeling", "mlt": "labeling", "emb": "embedding", "pretrain": "pretraining"}

HEAVY = (
    "torch",
    "numpy",
    "scipy",
    "librosa",
    "soundfile",
    "pyannote.core",
    "pyannote.database",
    "matplotlib",
    "sklearn",
)
COMMANDS = {
    "labeling": ("train", "validate", "apply", "evaluate"),
    "embedding": ("train", "validate", "apply", "compare"),
    "pretraining": ("train", "validate"),
}
HELP = [
    ["--help"],
    ["-h"],
    [],
    ["dcase"],
    ["dcase", "--help"],
    ["check", "--help"],
    *([block, command, "--help"] for block, family in BLOCKS.items() for command in COMMANDS[family]),
]
# the command of 2019
OLD_HELP = [["--help"], ["-h"], [], *([command, "--help"] for command in COMMANDS["embedding"])]


@pytest.mark.parametrize(
    ("program", "arguments"),
    [
        *((pyannote_audio, arguments) for arguments in HELP),
        *((speaker_embedding, arguments) for arguments in OLD_HELP),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value.__name__.rpartition(".")[2],
)
def test_help_is_given(program, arguments, here):
    result = here(*arguments, program=program)
    assert (result.code, result.err) == (0, "")
    assert "Usage:" in result.out
    assert max(map(len, result.out.splitlines())) <= 110
    assert "{" not in result.out


def test_all_blocks_are_tested():
    found = {name: tuple(block.commands) for name, block in blocks().items()}
    assert found == {name: COMMANDS[family] for name, family in BLOCKS.items()}


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_has_the_commands_of_its_family(block, here):
    for command in COMMANDS[BLOCKS[block]]:
        assert f"Usage: pyannote-audio {block} {command} " in here(block, command, "--help").out
    for command in ("apply", "compare", "evaluate"):
        known = command in COMMANDS[BLOCKS[block]]
        assert here(block, command, "--help").code == (0 if known else 2)


def test_what_differs_between_both_commands_of_embedding(here):
    def options(arguments, program):
        return here(*arguments, "--help", program=program).out

    new = {name: options(["emb", name], pyannote_audio) for name in COMMANDS["embedding"]}
    old = {name: options([name], speaker_embedding) for name in COMMANDS["embedding"]}
    assert "[default: 100]" in new["train"] and "no end" in old["train"]
    assert "--evergreen" in new["validate"] and "--chronological" in old["validate"]
    assert "--evergreen" not in old["validate"] and "--chronological" not in new["validate"]
    for name in ("validate", "apply"):
        assert "as a share of it [default: 0.25]" in new[name]
        assert "in seconds (default: a quarter of it)" in old[name]
    for name in ("train", "validate", "apply"):
        assert "--database=FILE" in old[name] and "--database" not in new[name]


@pytest.mark.parametrize("command", COMMANDS["labeling"])
def test_help_of_a_command_names_its_block(command, here):
    assert f"pyannote-audio mlt {command}" in here("mlt", command, "--help").out


def test_help_wins_over_wrong_options(here):
    assert here("dcase", "train", "--nonsense", "--help").code == 0


def test_nothing_heavy_is_imported():
    """Half a second is kept by not importing what takes longer; timing it would be a matter of luck."""
    script = f"""
import json, sys
from pyannote.audio.applications import pyannote_audio, speaker_embedding
for arguments in {HELP!r} + [["--version"], ["dcase", "trian"], ["dcase", "train", "--form=last"]]:
    pyannote_audio.run(arguments)
for arguments in {OLD_HELP!r} + [["--version"], ["trian"], ["validate", "--form=last"]]:
    speaker_embedding.run(arguments)
print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    modules = set(json.loads(done.stderr.splitlines()[-1]))
    assert "pyannote.audio.applications.pyannote_audio" in modules
    assert not modules & set(HEAVY)


@pytest.mark.parametrize("program", ["pyannote_audio", "speaker_embedding"])
def test_the_module_runs_as_a_command(program, command):
    result = command("--version", program=program)
    assert (result.code, result.out, result.err) == (0, f"{__version__}\n", "")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["dcaes", "train"], "emb, mlt, pretrain, check. Did you mean 'dcase'?"),
        (["xyz"], "There is no block 'xyz'; there are dcase, emb, mlt, pretrain, check. See"),
        (["chekc", "r"], "Did you mean 'check'?"),
        (["check"], "This does not fit: pyannote-audio check [--cpu | --gpu] [options] <root> [<protocol>]"),
        (["check", "--jsno", "r"], "Did you mean --json?"),
        (["check", "--to=0", "r"], "--to must be a whole number of at least 1, not '0'."),
        (["dcase", "trian"], "There is no command 'trian'; there are train, validate, apply, evaluate. "
         "Did you mean 'train'?"),
        (["dcase", "train", "--form=last", "r", "p"], "There is no option --form"),
        (["dcase", "train", "--form=last", "r", "p"], "Did you mean --from?"),
        (["dcase", "validate", "--evry=2", "t", "p"], "Did you mean --every?"),
        (["dcase", "apply", "--qqqq", "v", "p"], "See pyannote-audio dcase apply --help."),
        (["dcase", "train", "r"], "This does not fit: pyannote-audio dcase train [--cpu | --gpu] [options]"),
        (["dcase", "train", "r", "p", "q"], "See pyannote-audio dcase train --help."),
        (["dcase", "train", "--cpu", "--gpu", "r", "p"], "This does not fit"),
        (["dcase", "evaluate"], "This does not fit"),
        (["dcase", "train", "--to=soon", "r", "p"], "--to must be a whole number of at least 1, not 'soon'."),
        (["dcase", "train", "--to=0", "r", "p"], "--to must be a whole number of at least 1, not '0'."),
        (["dcase", "train", "--from=-1", "r", "p"], "--from must be a whole number of at least 0, not '-1'."),
        (["dcase", "train", "--parallel=0", "r", "p"], "--parallel must be a whole number from 1 to 1024"),
        (["dcase", "train", "--subset=trian", "r", "p"], "Did you mean 'train'?"),
        (["dcase", "train", "--mixed=maybe", "r", "p"], "There is no --mixed 'maybe'; there are auto"),
        (["emb", "train", "--compile=of", "r", "p"], "There is no --compile 'of'"),
        (["dcase", "train", "--graphs=yes", "r", "p"], "There is no --graphs 'yes'"),
        (["dcase", "validate", "--every=0", "t", "p"], "--every must be a whole number of at least 1"),
        (["dcase", "validate", "--step=2", "t", "p"], "--step must be a number from 0.001 to 1, not '2'."),
        (["dcase", "validate", "--step=nan", "t", "p"], "--step must be a number from 0.001 to 1"),
        (["dcase", "validate", "--precision=90", "t", "p"], "--precision must be a number from 0.001 to 1"),
        (["dcase", "validate", "--criterion=fscroe", "t", "p"], "Did you mean 'fscore'?"),
        (["dcase", "apply", "--selection=classwise", "v", "p"], "Did you mean 'class-wise'?"),
        (["dcase", "apply", "--batch=many", "v", "p"], "--batch must be a whole number"),
        (["emb", "evaluate", "a"], "There is no command 'evaluate'; there are train, validate"),
        (["dcase", "compare", "v", "a", "b"], "There is no command 'compare'"),
        (["emb", "validate", "--chronological", "t", "p"], "There is no option --chronological"),
        (["emb", "validate", "--precision=0.9", "t", "p"], "There is no option --precision"),
        (["emb", "validate", "--metric=cosin", "t", "p"], "Did you mean 'cosine'?"),
        (["emb", "validate", "--purity=2", "t", "p"], "--purity must be a number from 0.001 to 1, not '2'."),
        (["emb", "apply", "--step=2", "v", "p"], "--step must be a number from 0.001 to 1, not '2'."),
        (["emb", "compare", "v", "a"], "See pyannote-audio emb compare --help."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_mistyped_commands_get_the_nearest_name(arguments, expected, here):
    result = here(*arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("Error: ") and result.err.count("\n") == 1
    assert expected in result.err
