"""Folders that hold data, cache and experiment of a user, and can be put back to an earlier state."""

import os
import re
import shutil
from pathlib import Path
from typing import NamedTuple

TEXTS = {".yml", ".lst", ".txt"}


class World:
    """One folder, with copies of its states beside it."""

    def __init__(self, root, states):
        self.root, self.states = root, states
        self.untouched = {}
        root.mkdir(parents=True)

    def adopt(self, folder):
        """Copy a data set, and let its absolute paths lead to the copy."""
        shutil.copytree(folder, self.root, dirs_exist_ok=True)
        for path in self.files():
            if path.suffix in TEXTS and str(folder) in (text := path.read_text()):
                path.write_text(text.replace(str(folder), str(self.root)))

    def files(self, folder=""):
        return sorted(path for path in (self.root / folder).rglob("*") if path.is_file())

    def save(self, name):
        shutil.copytree(self.root, self.states / name, symlinks=True)
        self.untouched = changed_at(self.root)

    def restore(self, name):
        """Put back all files that are other ones now, even if they say that they have not changed."""
        before, now, changed = entries(self.states / name), entries(self.root), changed_at(self.root)
        same = {
            path
            for path, state in before.items()
            if path in now and now[path] == state and changed[path] == self.untouched.get(path)
        }
        for path in sorted(set(now) - same, reverse=True):
            if now[path] is not None or before.get(path, ()) is not None:
                remove(self.root / path)
        for path in sorted(set(before) - same):
            if before[path] is None:
                (self.root / path).mkdir(exist_ok=True)
            else:
                shutil.copy2(self.states / name / path, self.root / path, follow_symlinks=False)
        self.untouched = changed_at(self.root)


def changed_at(folder):
    """Time of the last change of each entry, which no program can set back."""
    return {path: (folder / path).lstat().st_ctime_ns for path in entries(folder)}


def entries(folder):
    """Relative path of each entry, and what tells it from others: None for folders."""
    found = {}
    for parent, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            path = Path(parent, name)
            status = path.lstat()
            plain = not path.is_dir() or path.is_symlink()
            found[path.relative_to(folder)] = (status.st_size, status.st_mtime_ns) if plain else None
    return found


def remove(path):
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


class Step(NamedTuple):
    """A command, and the state that it is run in.

    Parameters
    ----------
    name : str
    state : str
        What the world is like before it.
    run : callable
        Takes further arguments, and gives exit status, output and errors.
    results : callable
        Gives what the command has written, by name.
    inputs : set of str
        Items that are its input: where they change, its results may change.
    refuses : set of str
        Items whose change it has to refuse.
    kept : tuple of Path
        What earlier commands have computed, so that it need not.
    """

    name: str
    state: str
    run: object
    results: object
    inputs: frozenset = frozenset()
    refuses: frozenset = frozenset()
    kept: tuple = ()


class Mutation(NamedTuple):
    """Something that happens between two commands.

    Parameters
    ----------
    item : str
        Kind of thing that changes.
    name : str
        What changes, and how.
    change : callable
        Does it, given the world.
    arguments : tuple of str
        What the command line says in addition.
    """

    item: str
    name: str
    change: object
    arguments: tuple = ()


NAMED = re.compile(r"/\S+\.\w+|\.yml|--\w|'\S+'")
"""A file, an option or a name in a sentence."""

REFUSALS = {2, 3, 4, 6, 8}
"""Exit statuses of a sentence about what the user has given."""


def outcome(world, step, mutation, expected):
    """How a command ends after a mutation: "refused", "equal", "redone" or "said"; or a fault, in words."""
    world.restore(step.state)
    mutation.change(world)
    result = step.run(*mutation.arguments)
    if result.code:
        return refusal(result)
    found = step.results()
    if mutation.item in step.refuses:
        return "FAULT: it was not refused"
    if found == expected and mutation.item not in step.inputs:
        return "equal"
    # that the weights of an epoch are left out may be the fault of its manifest
    said = "Warning" in result.err and re.split("[.:]", mutation.name)[0] in result.err
    if not (said or mutation.item in step.inputs):
        return f"FAULT: {differing(expected, found)} differ silently; {result.err}"
    world.restore(step.state)
    mutation.change(world)
    for path in step.kept:
        remove(path)
    fresh = step.run(*mutation.arguments)
    if fresh.code or step.results() != found:
        return f"FAULT: {differing(step.results(), found)} are stale; {fresh.err}"
    if found == expected:
        return "equal"
    return "redone" if mutation.item in step.inputs else "said"


def refusal(result):
    """Whether a refusal is a sentence that names what it is about."""
    one_sentence = result.err.count("Error: ") == 1 and "Traceback" not in result.err
    named = NAMED.search(result.err)
    if result.code in REFUSALS and one_sentence and named:
        return "refused"
    return f"FAULT: status {result.code}, {result.err}"


def differing(one, other):
    return sorted(name for name in {*one, *other} if one.get(name) != other.get(name))[:5]
