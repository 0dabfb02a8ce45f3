"""A block: commands over one kind of task, with the measure of its validation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from pyannote.audio.applications.arguments import help_of

Run = Callable[[Any], int | None]


@dataclass(frozen=True)
class Command:
    """A command of a block.

    Parameters
    ----------
    about : str
        Its help begins with this.
    options : type
        Dataclass of `applications.options`.
    run : callable
        Does the work, given an object of that dataclass. It imports what it needs, so that help is quick.
    """

    about: str
    options: type[Any]
    run: Run


@dataclass(frozen=True)
class Block:
    """What `pyannote-audio <block>` offers.

    Parameters
    ----------
    about : str
        A line of `pyannote-audio --help`.
    commands : mapping of str to Command
    """

    about: str
    commands: Mapping[str, Command]

    def texts(self, program: str) -> dict[str, str]:
        """Help of each command of a program, such as "pyannote-audio dcase"."""
        return {
            name: help_of(command.options, f"{program} {name}", command.about)
            for name, command in self.commands.items()
        }


def blocks() -> dict[str, Block]:
    """All blocks by their names: `BLOCK` of each file of this folder whose name begins with a letter.

    Examples
    --------
    >>> sorted(blocks())
    ['dcase', 'emb', 'mlt']
    """
    names = sorted(file.stem for file in Path(__file__).parent.glob("[a-z]*.py"))
    return {name: block(name) for name in names if name != Path(__file__).stem}


def block(name: str) -> Block:
    """Block of a name."""
    found: Block = import_module(f"{__package__}.{name}").BLOCK
    return found
