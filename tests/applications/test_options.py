"""Every option of every command: its word, default and range, in the code and in the help."""

import re
import subprocess
import sys
from dataclasses import fields
from inspect import getmembers, isclass
from pathlib import Path

import pytest

from pyannote.audio.applications import options, options_2019
from pyannote.audio.applications.arguments import WIDTH, help_of, options_of, parse
from pyannote.audio.core.errors import UsageError

CLASSES = {
    name: found
    for module in (options, options_2019)
    for name, found in getmembers(module, isclass)
    if found.__module__ == module.__name__ and name.endswith("Options")
}
CASES = [
    (name, one.name) for name, found in CLASSES.items() for one in fields(found) if "option" in one.metadata
]

DEFAULTS = {
    "with_development": False,
    "errors": False,
    "accept_changes": False, "backend": None, "batch": 32, "code": None, "compiled": "auto", "cpu": False,
    "criterion": "balanced", "database": None, "debug": False, "evergreen": False, "every": 1, "first": 0,
    "formats": ("tsv", "rttm"),
    "gpu": False, "graphs": "auto", "json": False, "last": None, "metric": None, "mixed": "auto",
    "output": None, "precision": None, "pretrained": None, "prior": 2.0, "protocol": None, "purity": None,
    "quick": False, "scheduler": None, "seed": 0, "selection": "class-wise", "shortest": 0.5, "skip": 0.1,
    "step": 0.25, "step_seconds": None, "tolerance": 0.05, "unit": "segments", "validate": False,
    "duration": None, "unannotated": "refuse", "seen": "refuse",
}  # fmt: skip
"""Default of each option, wherever it stands; the others follow."""

OTHER_DEFAULTS = {
    ("TrainOptions", "last"): 100,
    ("TrainOptions", "subset"): "train",
    ("OldTrainOptions", "subset"): "train",
    ("EpochOptions", "subset"): "development",
    ("ValidateOptions", "subset"): "development",
    ("DetectionOptions", "subset"): "development",
    ("EmbeddingOptions", "subset"): "development",
    ("OldValidateOptions", "subset"): "development",
    ("OldValidateOptions", "evergreen"): True,
    ("ApplyOptions", "subset"): "test",
    ("DetectionApplyOptions", "subset"): "test",
    ("OldApplyOptions", "subset"): "test",
    ("EvaluateOptions", "subset"): "test",
}

RANGES = {
    "--parallel": (["1", "1024"], ["0", "1025", "-1", "1.5", "x", ""]),
    "--batch": (["1", "1048576"], ["0", "1048577", "1.0"]),
    "--from": (["0", "7", "last"], ["-1", "first", "1.5"]),
    "--to": (["1", "100000"], ["0", "-1", "last"]),
    "--every": (["1", "50"], ["0", "x"]),
    "--seed": (["0", "2147483648"], ["-1", "2147483649"]),
    "--skip": (["0", "0.5", "1"], ["-0.1", "1.1", "nan", "inf"]),
    "--duration": (["0.001", "86400"], ["0", "86401", "nan", "inf"]),
    "--precision": (["0.001", "1"], ["0", "1.01", "nan"]),
    "--purity": (["0.001", "1"], ["0", "1.01", "nan"]),
    "--prior": (["0", "1000000"], ["-1", "1e7", "nan"]),
    "--tolerance": (["0", "1"], ["-0.1", "1.1", "nan"]),
    "--shortest": (["0", "86400"], ["-1", "86401", "nan"]),
    "--subset": (["train", "development", "test"], ["dev", ""]),
    "--mixed": (["auto", "on", "off"], ["yes", ""]),
    "--compile": (["auto", "on", "off"], ["yes"]),
    "--graphs": (["auto", "on", "off"], ["yes"]),
    "--criterion": (["balanced", "fscore", "error_rate"], ["f1"]),
    "--unit": (["segments", "frames"], ["seconds"]),
    "--metric": (["cosine", "euclidean", "angular"], ["manhattan"]),
    "--selection": (["class-wise", "global"], ["classwise"]),
    "--unannotated": (["refuse", "skip"], ["ignore", ""]),
    "--seen": (["refuse", "score"], ["scored", ""]),
}
STEPS = {
    "step": (["0.001", "1"], ["0", "1.01", "nan"]),
    "step_seconds": (["0.001", "86400"], ["0", "86401"]),
}
FREE = {"--code", "--scheduler", "--database", "--pretrained", "--backend", "--protocol", "--output"}
"""Options of any text."""


def option_of(name, field):
    return CLASSES[name].__dataclass_fields__[field].metadata["option"]


def parsed(name, *words):
    """Options of a command line that holds some words and all arguments that there have to be."""
    kind = CLASSES[name]
    text = help_of(kind, "program command", "It does something.")
    places = [one.metadata["argument"][0] for one in fields(kind) if "argument" in one.metadata]
    given = [f"/{place.strip('<>.')}" for place in places if not place.startswith("[")]
    return options_of(kind, parse(text, [*words, *given], ["command"], "--help"))


@pytest.mark.parametrize("name", CLASSES)
def test_the_defaults_are_those_that_are_documented(name):
    found = parsed(name)
    for one in fields(CLASSES[name]):
        if "option" in one.metadata and one.name != "parallel":
            expected = OTHER_DEFAULTS.get((name, one.name), DEFAULTS.get(one.name, ...))
            value = getattr(found, one.name)
            assert (value, type(value)) == (expected, type(expected)), one.name


def test_no_default_is_listed_that_no_option_has():
    options = {field for _, field in CASES}
    assert DEFAULTS.keys() <= options and OTHER_DEFAULTS.keys() <= set(CASES)


@pytest.mark.parametrize(("name", "field"), CASES)
def test_values_within_the_range_are_taken_and_others_refused(name, field):
    option = option_of(name, field)
    if not option.value:
        assert getattr(parsed(name, option.word), field) == (not option.negated)
        return
    if option.word in FREE:
        assert str(getattr(parsed(name, f"{option.word}=a b"), field)) == "a b"
        return
    if option.word == "--format":
        # names of formats are known to the command alone
        assert getattr(parsed(name, "--format=tsv, csv,tsv"), field) == ("tsv", "csv")
        return
    good, bad = STEPS[field] if option.word == "--step" else RANGES[option.word]
    for text in good:
        value = getattr(parsed(name, f"{option.word}={text}"), field)
        assert str(value) == text or value == float(text)
    for text in bad:
        with pytest.raises(UsageError) as caught:
            parsed(name, f"{option.word}={text}")
        assert repr(text) in str(caught.value)


@pytest.mark.parametrize(("name", "field"), CASES)
def test_an_option_has_its_word_in_every_command(name, field):
    """The same word means the same field everywhere, with the same range."""
    words = {option_of(*case).word for case in CASES if case[1] == field}
    known = {"evergreen": {"--evergreen", "--chronological"}}.get(field, words)
    assert len(words) == 1 or words == known
    assert re.fullmatch(r"--[a-z]+(-[a-z]+)*", option_of(name, field).word)


@pytest.mark.parametrize("name", CLASSES)
def test_the_help_fits_and_names_each_option_with_its_default(name):
    text = help_of(CLASSES[name], "pyannote-speaker-embedding validate", "It does something.")
    assert max(map(len, text.splitlines())) <= WIDTH
    for one in fields(CLASSES[name]):
        if "option" in one.metadata:
            option = one.metadata["option"]
            (entry,) = re.findall(
                rf"^  {option.word}\b(?!-)(?:.|\n)*?(?=^  -|\Z)", text, re.MULTILINE
            )  # fmt: skip
            assert (f"[default: {option.default}]" in entry) == (option.default is not None)
            assert entry.rstrip().endswith(".") and (
                f"{option.word}={option.value}" in entry or not option.value
            )


@pytest.mark.parametrize("name", CLASSES)
def test_arguments_come_in_their_order(name):
    found = parsed(name)
    for one in fields(CLASSES[name]):
        if "argument" in one.metadata and not one.metadata["argument"][0].startswith("["):
            value = getattr(found, one.name)
            expected = f"/{one.metadata['argument'][0].strip('<>.')}"
            assert value in (expected, Path(expected), (Path(expected),))


@pytest.mark.parametrize("cores", [None, 1, 2, 16])
def test_one_core_is_left_free_by_readers_of_files(cores):
    """The default is made at import."""
    script = (
        f"import os; os.cpu_count = lambda: {cores}\n"
        "from pyannote.audio.applications.options import CheckOptions\n"
        "print(CheckOptions.__dataclass_fields__['parallel'].default)"
    )
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert int(out) == max(1, (cores or 2) - 1)
