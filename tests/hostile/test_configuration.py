"""Both configurations that the project was created from, with each key changed: refused with its line, or
meant as it is written."""

import re
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
import yaml

from pyannote.audio.applications.blocks._shelves import refuse_other_shelf
from pyannote.audio.applications.blocks.base import block
from pyannote.audio.config.recipe import Recipe
from pyannote.audio.config.registry import parameters_of
from pyannote.audio.config.schema import load_config
from pyannote.audio.core.errors import ConfigError

CLI = Path(__file__).parents[1] / "cli"
SEEDS = {"seed": "dcase", "seed_embedding": "emb"}
SHELVES = {"dcase": "task", "emb": "approach"}

VALUES = {
    "a word": ("zzz", "zzz"),
    "a list": ("[1, zzz]", [1, "zzz"]),
    "a mapping": ("{zzz: 1}", {"zzz": 1}),
    "a number": ("1.5", 1.5),
    "True": ("True", True),
    "nothing": ("~", None),
    "1e-2": ("1e-2", 0.01),
    "no": ("no", "no"),
}
"""What is written in the place of each value, and what it means."""

LEGAL = {
    "block": set(),
    "optional block": {"nothing"},
    "class": set(),
    "params": {"nothing"},
    "bool": {"True"},
    "number": {"a number", "1e-2"},
    "whole": set(),
    "word": {"a word", "no"},
    "choice": set(),
    "bool or choice": {"True"},
    "list": set(),
    "mapping": set(),
    "no effect": set(VALUES),
}
"""For each kind of value, those of VALUES that are of its type. Of numbers, the range is another matter."""

KINDS = {
    "block": "task approach feature_extraction architecture scheduler",
    "optional block": "data_augmentation",
    "class": "name",
    "params": "params",
    "bool": "logavgmel e De DDe D DD instance_normalize bidirectional batch_normalize",
    "number": "duration per_epoch learning_rate step snr_min snr_max margin min_duration max_duration "
    "label_min_duration epochs_per_cycle",
    "whole": "batch_size sample_rate n_mels coefs per_fold per_label",
    "word": "collection",
    "choice": "rnn pooling metric clamp sampling",
    "bool or choice": "normalize",
    "list": "recurrent linear regular",
    "mapping": "labels_spec",
}
"""Kinds of the values in both files, by the names of their keys."""

REQUIRED = {"task", "approach", "feature_extraction", "architecture", "scheduler", "name", "labels_spec"}
"""Keys that have no default; `learning_rate` has one: a range test."""

NO_EFFECT = {"sincnet", "ff"}
"""Parameters of another network, which the first file has below that of `Dcase`, as it has `rnn`."""


class Entry(NamedTuple):
    """A key of a file, where it stands."""

    path: tuple[str, ...]
    key: yaml.Node
    value: yaml.Node
    flow: bool

    @property
    def kind(self):
        for depth, name in enumerate(self.path):
            unused = name in NO_EFFECT or (name == "rnn" and self.path[0] == "architecture" and self.nested)
            if unused and depth >= 2:
                return "no effect"
        return next(kind for kind, names in KINDS.items() if self.path[-1] in names.split())

    @property
    def nested(self):
        """`rnn` is a choice in one file, and a mapping without effect in the other."""
        return len(self.path) > 3 or isinstance(self.value, yaml.MappingNode)

    @property
    def line(self):
        return self.key.start_mark.line + 1


def entries(node, path=()):
    """All keys of a file, at all levels."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            own = (*path, key.value)
            yield Entry(own, key, value, node.flow_style)
            yield from entries(value, own)


class Text:
    """A configuration that can be changed at one key."""

    def __init__(self, text):
        self.text = text
        self.lines = text.splitlines(keepends=True)
        self.entries = list(entries(yaml.compose(text, Loader=yaml.SafeLoader)))

    def end(self, entry):
        """Line after the block of a key."""
        for number in range(entry.line, len(self.lines)):
            line = self.lines[number]
            indent = len(line) - len(line.lstrip())
            if line.strip() and not line.lstrip().startswith("#") and indent <= entry.key.start_mark.column:
                return number
        return len(self.lines)

    def renamed(self, entry, name):
        start, end = entry.key.start_mark.index, entry.key.end_mark.index
        return self.text[:start] + name + self.text[end:]

    def with_value(self, entry, value):
        if entry.flow or isinstance(entry.value, yaml.ScalarNode):
            start, end = entry.value.start_mark.index, entry.value.end_mark.index
            return self.text[:start] + value + self.text[end:]
        head = self.lines[entry.line - 1][: entry.key.end_mark.column]
        return "".join([*self.lines[: entry.line - 1], f"{head}: {value}\n", *self.lines[self.end(entry) :]])

    def without(self, entry):
        if entry.flow:
            return self.text[: entry.key.start_mark.index] + self.text[entry.value.end_mark.index :]
        return "".join(self.lines[: entry.line - 1] + self.lines[self.end(entry) :])

    def doubled(self, entry):
        """Text with the key twice, and the line of the second one."""
        if entry.flow:
            again = self.text[entry.key.start_mark.index : entry.value.end_mark.index]
            return self.with_value(entry, f"1, {again}"), entry.line
        end = self.end(entry)
        return "".join(self.lines[:end] + self.lines[entry.line - 1 : end] + self.lines[end:]), end + 1


@pytest.fixture(params=SEEDS)
def seed(request):
    """Text of a file, and what reads it."""
    text = Text((CLI / request.param / "config.yml").read_text())
    assert text.lines[-1].endswith("\n")
    return text, SEEDS[request.param]


@pytest.fixture
def built(tmp_path):
    """All that a configuration describes, as `train` makes it before it looks at any recording."""

    def build(text, family) -> Any:
        (tmp_path / "config.yml").write_text(text)
        config = load_config(tmp_path / "config.yml")
        refuse_other_shelf(block(family), config)
        recipe = Recipe(config)
        if family == "emb":
            files = [{"events": [(0.0, 100.0, str(speaker))]} for speaker in range(20)]
            recipe.task.check(files)
        specifications = recipe.task.specifications(recipe.extraction)
        recipe.net = recipe.model(specifications)
        recipe.optimizer([recipe.net])
        recipe.rates = recipe.scheduler()
        recipe.callback(object)
        return recipe

    return build


@pytest.fixture
def refusal(built, tmp_path):
    """Error with which a text is refused; None if it is not."""

    def refuse(text, family):
        try:
            built(text, family)
        except ConfigError as error:
            assert error.file == tmp_path / "config.yml" and error.line is not None and error.fix
            assert "\n" not in str(error)
            return error
        return None

    return refuse


def misspelt(entry, siblings):
    """Typing errors of a key: one letter too few, one too many, two swapped."""
    name = entry.path[-1]
    wrong = {f"{name[:-1]}x{name[-1]}", f"{name}x"}
    if len(name) > 3:
        wrong |= {name[:-2] + name[-1], f"{name[:-2]}{name[-1]}{name[-2]}"}
    return sorted(wrong - siblings - {name})


def lines_of(text, entry):
    """Where an error about a key may stand: in its line, or, below a parameter, in that of the parameter."""
    parents = [one.line for one in text.entries if one.path == entry.path[:-1] and len(entry.path) > 3]
    return {entry.line, *parents}


def test_a_misspelt_key(seed, refusal, promise):
    text, family = seed
    count = Counter()
    for entry in text.entries:
        siblings = {one.path[-1] for one in text.entries if one.path[:-1] == entry.path[:-1]}
        for name in misspelt(entry, siblings):
            error = refusal(text.renamed(entry, name), family)
            if entry.kind == "no effect" and len(entry.path) > 3:
                assert error is None
                count["without effect"] += 1
                continue
            assert error is not None, (entry.path, name)
            count["refused"] += 1
            assert error.line in lines_of(text, entry), (entry.path, name)
            assert repr(name) in error.message
            assert f"Did you mean {entry.path[-1]!r}?" in str(error), (entry.path, name, error)
    assert count["refused"] > 50
    promise(
        "A misspelt key is refused with its line and the nearest name.",
        f"Misspell each of {len(text.entries)} keys of the first configuration with `{SHELVES[family]}:`, "
        "at all levels, in up to four ways.",
        f"{count['refused']} refused, all with line and name; {count['without effect']} within parameters "
        "that have no effect",
    )


def test_a_misspelt_class(seed, refusal):
    text, family = seed
    for entry in text.entries:
        if entry.kind == "class":
            name = entry.value.value
            for wrong in (name[:-1], name.lower(), f"{name}s"):
                error = refusal(text.with_value(entry, wrong), family)
                assert error.line == entry.line
                assert f"Did you mean {name.rpartition('.')[2]!r}?" in error.fix
                assert "--code" in error.fix


def test_another_value(seed, built, refusal, promise):
    text, family = seed
    count = Counter()
    for entry in text.entries:
        for name, (written, meant) in VALUES.items():
            error = refusal(text.with_value(entry, written), family)
            if name not in LEGAL[entry.kind]:
                assert error is not None, (entry.path, written)
                assert error.line in lines_of(text, entry), (entry.path, written, error)
                count["refused"] += 1
            elif error is not None:
                # a number that is out of range, or parameters that have no default
                assert entry.kind in ("number", "params")
                params = [one.line for one in text.entries if one.path == entry.path[:2]]
                assert error.line in {entry.line, *params} or "needs the parameter" in error.message
                count["out of range"] += 1
            else:
                content = built(text.with_value(entry, written), family).config.document.content
                for key in entry.path:
                    content = content[key]
                assert content == meant and type(content) is type(meant)
                count["meant as written"] += 1
    promise(
        "A value of another type is refused with its line; `1e-2` is a number, and `no` a word.",
        f"Write {len(VALUES)} other values into each of {len(text.entries)} keys of the first configuration "
        f"with `{SHELVES[family]}:`.",
        f"{count['refused']} of another type refused, {count['out of range']} out of range refused, "
        f"{count['meant as written']} legal and meant as written",
    )


def test_a_missing_key(seed, refusal, built, promise):
    text, family = seed
    count = Counter()
    for entry in text.entries:
        error = refusal(text.without(entry), family)
        needed = entry.path[-1] in REQUIRED or (
            # parameters of which one has no default
            entry.path[-1] in ("params", "regular") and entry.path[0] == "task"
        )
        assert (error is not None) == needed, (entry.path, error)
        if error is not None:
            name = {"params": "labels_spec", "regular": "labels_spec"}.get(entry.path[-1], entry.path[-1])
            assert name in str(error)
        else:
            assert_defaults(built(text.without(entry), family), entry)
        count["refused" if needed else "default"] += 1
    promise(
        "A missing key is refused by its name, or has its default.",
        f"Leave out each of {len(text.entries)} keys of the first configuration with `{SHELVES[family]}:`.",
        f"{count['refused']} refused, {count['default']} with their defaults",
    )


def assert_defaults(recipe, entry):
    """What is made without a parameter is what the class is documented to make."""
    made = {
        "task": recipe.task,
        "approach": recipe.task,
        "feature_extraction": recipe.extraction,
        "scheduler": recipe.rates,
    }.get(entry.path[0])
    if len(entry.path) != 3:
        return
    name = entry.path[-1]
    for holder in (made, getattr(made, "segments", None)):
        if hasattr(holder, name):
            assert getattr(holder, name) == parameters_of(type(made))[name].default


def test_a_doubled_key(seed, refusal, promise):
    text, family = seed
    for entry in text.entries:
        changed, second = text.doubled(entry)
        error = refusal(changed, family)
        assert error.line == second, entry.path
        assert error.message == f"The key {entry.path[-1]!r} is already in line {entry.line}."
    promise(
        "A doubled key is refused with both lines.",
        f"Double each of {len(text.entries)} keys of the first configuration with `{SHELVES[family]}:`.",
        f"{len(text.entries)} refused",
    )


def test_the_configurations_themselves_are_whole(seed, built):
    text, family = seed
    recipe = built(text.text, family)
    assert sum(weight.numel() for weight in recipe.net.parameters()) > 10_000
    assert recipe.net.training and not torch.is_inference_mode_enabled()
    assert re.fullmatch(r"[A-Z]\w+", type(recipe.task).__name__)
