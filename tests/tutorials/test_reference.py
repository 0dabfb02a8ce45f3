"""Reference pages: tables of classes, parameters and options agree with the code."""

import importlib
import inspect
import re
import typing
from pathlib import Path

import pytest

from pyannote.audio.config.classes import FOLDERS
from pyannote.audio.config.registry import available

ROOT = Path(__file__).parents[2] / "tutorials"
PLACES = {
    "task": ("models/dcase/tasks.md", "Parameters"),
    "approach": ("models/speaker_embedding/losses.md", "Losses"),
    "backend": ("models/speaker_embedding/losses.md", "Back-ends"),
    "feature_extraction": ("reference/classes.md", "Features"),
    "data_augmentation": ("reference/classes.md", "Augmentations"),
    "architecture": ("reference/classes.md", "Networks"),
    "optimizer": ("reference/classes.md", "Optimizers and schedulers"),
    "scheduler": ("reference/classes.md", "Optimizers and schedulers"),
    "callbacks": ("reference/classes.md", "Callbacks"),
}
# filled in by the toolkit
INJECTED = {"specifications", "use_memmap"}
PROGRAMS = [
    *((block, command) for block in ("dcase", "mlt") for command in ("train", "validate", "apply")),
    *((block, "evaluate") for block in ("dcase", "mlt")),
    *(("pretrain", command) for command in ("train", "validate")),
    *(("emb", command) for command in ("train", "validate", "apply", "compare")),
    ("check",),
]


@pytest.fixture(scope="module")
def place(section):
    """Text of the page and section in which classes of a kind are described."""
    return lambda kind: section((ROOT / PLACES[kind][0]).read_text(encoding="utf-8"), PLACES[kind][1])


def classes(kinds):
    """Classes that configurations can name, by name."""
    return {
        name: getattr(importlib.import_module(module), name)
        for kind in kinds
        for name, module in available(kind).items()
    }


def parameters(found):
    """Parameters of a class and of its parts, which configurations give beside each other."""
    parts = getattr(found, "parts", {})
    for name, value in inspect.signature(found).parameters.items():
        if name in parts:
            yield from parameters(parts[name])
        elif name not in INJECTED:
            yield name, value.default


def rows(text):
    """Cells of the rows of the first table of a text."""
    table = re.search(r"(?:^\|.*\|\n)+", text, flags=re.MULTILINE)[0]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()[2:]]


def defaults_in(table, signatures):
    """Defaults that a table gives, by class and parameter; rows of `all` classes hold unless others do."""
    general, special, name = {}, {}, None
    for cells in table:
        name = re.sub(r" \(dB\)$", "", cells[0]).strip("`") or name
        parameters = re.findall(r"`(\w+)`", cells[-3])
        values = re.findall(r"\[.*?\]|[^, ]+", cells[-2])
        for parameter, value in zip(parameters, values, strict=True):
            if name == "all":
                general |= {(one, parameter): value for one in signatures if parameter in signatures[one]}
            else:
                special[name, parameter] = value
    return general | special


def shown(default):
    """A default as tables have it."""
    if default is inspect.Parameter.empty:
        return "required"
    if isinstance(default, (list, tuple)):
        return f"[{', '.join(map(shown, default))}]"
    return "none" if default is None else f"{default:g}" if isinstance(default, float) else str(default)


def test_each_kind_of_class_has_a_place():
    assert set(PLACES) == set(FOLDERS)


@pytest.mark.parametrize(
    "kinds", sorted({tuple(k for k in PLACES if PLACES[k] == p) for p in PLACES.values()})
)
def test_tables_give_all_classes_parameters_and_defaults(kinds, place):
    signatures = {
        name: {parameter: shown(default) for parameter, default in parameters(found)}
        for name, found in classes(kinds).items()
    }
    table = rows(place(kinds[0]))
    expected = {(name, key): value for name, values in signatures.items() for key, value in values.items()}
    assert defaults_in(table, signatures) == expected
    named = {re.sub(r" \(dB\)$", "", cells[0]).strip("`") for cells in table} - {"", "all"}
    assert named == set(signatures)


def test_the_table_of_networks_gives_their_outputs(place):
    outputs = {
        cells[0].strip("`"): cells[1] for cells in rows(place("architecture")) if cells[0] not in ("", "all")
    }
    expected = {name: ", ".join(found.output_kinds) for name, found in classes(["architecture"]).items()}
    assert outputs == expected


@pytest.mark.parametrize("kind", PLACES)
def test_tables_name_all_values_that_are_allowed(kind, place):
    for found in classes([kind]).values():
        for name, hint in typing.get_type_hints(found.__init__).items():
            for part in (hint, *typing.get_args(hint)):
                for value in typing.get_args(part) if typing.get_origin(part) is typing.Literal else ():
                    assert f"`{value}`" in place(kind), (found, name, value)


def documented(title, section):
    """Options of a section of the page of options: their default, and for which commands or blocks."""
    page = (ROOT / "reference" / "options.md").read_text(encoding="utf-8")
    found = {}
    for names, where, default, _ in rows(section(page, title)):
        for name in re.findall(r"`--([\w-]+)", names):
            found[name] = where, default
    return found


def printed(text):
    """Options of a help text, with their defaults."""
    entries = re.findall(r"^  (?:-\w, )?--([\w-]+)(.*(?:\n {5,}.*)*)", text, flags=re.MULTILINE)
    defaults = {name: re.search(r"\[default: (.*?)\]", entry) for name, entry in entries}
    return {name: default and default[1] for name, default in defaults.items()}


@pytest.mark.parametrize("program", PROGRAMS, ids=" ".join)
def test_options_are_those_of_the_commands(program, here, section):
    result = here(*program, "--help")
    assert result.code == 0
    block, command = program[0], program[-1]
    common = {
        name: (where, default)
        for name, (where, default) in documented("All commands", section).items()
        if where == "all"
        or command in where.split(", ")
        or (f"all except {command}" not in where and "except" in where)
    }
    own = {
        name: (where, default)
        for name, (where, default) in documented(f"{command.capitalize()} options", section).items()
        if where in ("all", block)
        or (where == "detection" and block in ("dcase", "mlt"))
        or (where == "applied" and block != "pretrain")
    }
    options = printed(result.out)
    assert set(options) == set(common) | set(own)
    for name, (_, default) in own.items():
        if options[name] is not None:
            assert default == options[name], name
