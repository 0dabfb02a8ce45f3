"""Dispatch of a command line to the command of a block."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from pyannote.audio.applications.arguments import one_of, options_of, parse
from pyannote.audio.applications.blocks.base import Block
from pyannote.audio.core.errors import UsageError
from pyannote.audio.core.ranks import Rank


def dispatch(program: str, block: Block, argv: Sequence[str]) -> int | None:
    """Run a command, and return its exit status if it has one of its own.

    Parameters
    ----------
    program : str
        Words before the command, such as "pyannote-audio dcase".
    block : Block
        Block that has the command.
    argv : sequence of str
        Command, options and arguments.
    """
    name = one_of("command", argv[0] if argv else "", tuple(block.commands), f"{program} --help")
    command = block.commands[name]
    _refuse_several(name)
    words = [*program.split()[1:], name]
    arguments = parse(block.texts(program)[name], argv[1:], words, f"{program} {name} --help")
    if arguments is None:
        return None
    options: Any = options_of(command.options, arguments)
    _use_database(options)
    load_code_of(options)
    run: Callable[[Block, Any], int | None] = getattr(import_module(f"{__package__}.{name}"), name)
    return run(block, options)


def _use_database(options: Any) -> None:
    """Name a database.yml in the environment, which pyannote.database reads when it is imported."""
    named = getattr(options, "database", None)
    if named:
        path = Path(named).expanduser()
        if not path.is_file():
            raise UsageError(f"There is no file {named}, which --database names.", fix="Check the path.")
        os.environ["PYANNOTE_DATABASE_CONFIG"] = str(path.resolve())


def load_code_of(options: Any) -> None:
    """Register the classes of the files that `--code` names."""
    for file in (getattr(options, "code", None) or "").split(","):
        if file:
            from pyannote.audio.config.classes import load_code

            load_code(file)


def _refuse_several(command: str) -> None:
    processes = Rank.of().size
    if processes > 1 and command != "train":
        raise UsageError(
            f"`{command}` is the work of one process, and {processes} were started.",
            fix="Start it without torchrun; --parallel shares work on one machine.",
        )
