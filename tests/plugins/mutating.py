"""Mutations of configurations, data, and files of an experiment."""

import json
import os
import re
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import soundfile
import yaml
from worlds import Mutation

OTHERS = {
    "Dcase": "Crnn",
    "LibrosaMelSpectrogram": "LibrosaSpectrogram",
    "LibrosaMFCC": "LibrosaMelSpectrogram",
    "ConstantScheduler": "CyclicScheduler",
    "TristouNet": "XVector",
    "TripletLoss": "ContrastiveLoss",
    "WCCN": "Direct",
    "SGD": "Adam",
    "AddNoise": "Reverb",
}
"""A class that can stand for another one."""

ADDED = {
    "optimizer": {"name": "Adam"},
    "callbacks": [{"name": "WeightAveraging"}],
    "data_augmentation": [{"name": "TimeFrequencyMasking"}],
    "preprocessors": {"audio": "/nowhere/{uri}.wav"},
    "backend": {"name": "WCCN"},
}
"""Blocks that a configuration may leave out."""


MANIFEST = re.compile(r"\d{4}\.json")


def leaves(content, where=()):
    """Places of all values in nested mappings and lists, lists included."""
    if isinstance(content, dict):
        for key, value in content.items():
            yield from leaves(value, (*where, key))
    else:
        yield where
        if isinstance(content, list):
            for index, value in enumerate(content):
                yield from leaves(value, (*where, index))


def at(content, where):
    for key in where:
        content = content[key]
    return content


def another(value):
    """A value of the same type that makes sense in the same place, if need be."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        return value * 2 if value else 0.25
    if isinstance(value, list):
        return value[::-1]
    return OTHERS.get(value, f"{value}x")


def edit_yaml(path, edit):
    content = yaml.safe_load(path.read_text())
    edit(content)
    path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True))


def edits(content):
    """What can be done to each value: a name, and a function that does it to a copy."""

    def replace(where, content):
        at(content, where[:-1])[where[-1]] = another(at(content, where))

    def drop(where, content):
        del at(content, where[:-1])[where[-1]]

    for where in leaves(content):
        name = ".".join(map(str, where))
        yield f"{name} changed", partial(replace, where)
        yield f"{name} dropped", partial(drop, where)


def of_config(path, resolved):
    """Each value of `<root>/config.yml` changed and dropped, and each default and each block added."""
    content = yaml.safe_load(path.read_text())
    for name, edit in edits(content):
        yield Mutation("config", f"config.yml: {name}", lambda world, edit=edit: edit_yaml(path, edit))

    def add(where, value, content):
        for key in where[:-1]:
            content = content.setdefault(key, {})
        content[where[-1]] = value

    for key, value in ADDED.items():
        if key not in content:
            edit = partial(add, (key,), value)
            yield Mutation(
                "config", f"config.yml: {key} added", lambda world, edit=edit: edit_yaml(path, edit)
            )
    stored = {key: value for key, value in yaml.safe_load(resolved.read_text()).items() if key in content}
    for where in leaves(stored):
        try:
            at(content, where)
        except (KeyError, IndexError, TypeError):
            value = at(stored, where)
            for how, one in (("said", value), ("added", another(value))):
                if "data_augmentation" not in where and None not in (value, one):
                    edit = partial(add, where, one)
                    name = f"config.yml: {'.'.join(map(str, where))} {how}"
                    yield Mutation("config", name, lambda world, edit=edit: edit_yaml(path, edit))


def of_database(path, protocol):
    """Each value that database.yml has for a protocol changed and dropped."""
    content = yaml.safe_load(path.read_text())
    database, task, name = protocol.split(".")
    for title, edit in edits(content):
        if title.startswith((f"Protocols.{database}.{task}.{name}.", f"Databases.{database}")):
            yield Mutation(
                "database", f"database.yml: {title}", lambda world, edit=edit: edit_yaml(path, edit)
            )


def lines_edited(item, path, name, edit):
    def change(world):
        path.write_text("".join(edit(path.read_text().splitlines(keepends=True))))

    return Mutation(item, f"{path.name}: {name}", change)


def of_list(item, path):
    """Order and content of a list of files."""
    yield lines_edited("order", path, "in another order", lambda lines: lines[::-1])
    yield lines_edited(item, path, "first line dropped", lambda lines: lines[1:])
    yield lines_edited(item, path, "first line doubled", lambda lines: lines[:1] + lines)


def of_events(item, path, uri):
    """One event of a recording in an RTTM file moved, deleted, relabelled."""

    labels = sorted({line.split()[7] for line in path.read_text().splitlines()})

    def on_first(edit, lines):
        place = next(index for index, line in enumerate(lines) if line.split()[1] == uri)
        return [*lines[:place], *edit(lines[place].split()), *lines[place + 1 :]]

    def moved(fields):
        fields[3] = str(float(fields[3]) + 0.25)
        return [" ".join(fields) + "\n"]

    def relabelled(fields):
        label = next(label for label in labels if label != fields[7])
        return [" ".join([*fields[:7], label, *fields[8:]]) + "\n"]

    for name, edit in (("moved", moved), ("relabelled", relabelled), ("deleted", lambda fields: [])):
        yield lines_edited(item, path, f"an event of {uri} {name}", partial(on_first, edit))


def of_regions(item, path, uri):
    """The annotated region of a recording cut."""

    def cut(lines):
        split = [line.split() for line in lines]
        return [
            " ".join([*one[:3], str(float(one[3]) / 2)] if one[0] == uri else one) + "\n" for one in split
        ]

    yield lines_edited(item, path, f"the region of {uri} cut", cut)


def of_audio(item, path, other):
    """A recording silenced in its middle, and replaced."""

    def silence(world):
        samples, rate = soundfile.read(path, dtype="int16")
        samples[len(samples) // 3 : len(samples) * 2 // 3] = 0
        soundfile.write(path, samples, rate)

    def replace(world):
        shutil.copyfile(other, path)

    for name, change in (("silenced in its middle", silence), ("replaced", replace)):
        yield Mutation(item, f"{path.name}: {name}", partial(as_of, path, change))


def as_of(path, change, world):
    """Change a file that says afterwards that it has not changed."""
    made = path.stat().st_mtime_ns
    change(world)
    os.utime(path, ns=(made, made))


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def unseal(where, path):
    """Change a value of a sealed file, and take its seal away."""

    def edit(content):
        at(content, where[:-1])[where[-1]] = another(at(content, where))

    edit_yaml(path, edit)


def edit_json(where, path):
    content = json.loads(path.read_text())
    at(content, where[:-1])[where[-1]] = another(at(content, where))
    path.write_text(json.dumps(content, indent=1) + "\n")


def of_file(item, path, other=None, epoch=None):
    """A file of an experiment damaged, cut, deleted; that of another training or epoch in its place."""
    damages = {
        "one bit changed": flip,
        "cut": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
        "emptied": lambda path: path.write_bytes(b""),
    }
    found = {**(damages if path.stat().st_size else {}), "deleted": Path.unlink}
    for name, source in (("of another training", other), ("of another epoch", epoch)):
        if source is not None and source.read_bytes() != path.read_bytes():
            found[name] = partial(shutil.copyfile, source)
    if path.suffix == ".yml":
        for where in leaves(yaml.safe_load(path.read_text())):
            found[f"{'.'.join(map(str, where))} changed and the seal removed"] = partial(unseal, where)
    if path.suffix == ".json":
        for where in leaves(json.loads(path.read_text())):
            found[f"{'.'.join(map(str, where))} changed"] = partial(edit_json, where)
    for name, change in found.items():
        # an epoch without its manifest does not exist
        kind = "epochs" if name == "deleted" and MANIFEST.fullmatch(path.name) else item
        yield Mutation(kind, f"{path.name}: {name}", lambda world, change=change: change(path))


def arrays_changed(path):
    array = np.load(path)
    array[len(array) // 2] += 1
    np.save(path, array)


def of_trials(item, path):
    """A trial dropped, and its truth turned round."""
    yield lines_edited(item, path, "first line dropped", lambda lines: lines[1:])
    yield lines_edited(
        item, path, "first truth turned", lambda lines: [f"{1 - int(lines[0][0])}{lines[0][1:]}", *lines[1:]]
    )
