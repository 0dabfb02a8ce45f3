"""The command `pyannote-speaker-embedding`, as it was in 2019."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from pyannote.audio import __version__
from pyannote.audio.applications import signals
from pyannote.audio.applications.arguments import EXIT_STATUS, HELP
from pyannote.audio.applications.blocks.base import Block, Command
from pyannote.audio.applications.blocks.emb import OLD
from pyannote.audio.applications.commands import dispatch
from pyannote.audio.core.errors import UsageError

USAGE = (
    """Train, validate and apply speaker embeddings.

Usage:
  pyannote-speaker-embedding train    [options] <experiment_dir> <protocol>
  pyannote-speaker-embedding validate [options] <train_dir>      <protocol>
  pyannote-speaker-embedding apply    [options] <validate_dir>   <protocol>
  pyannote-speaker-embedding compare  [options] <validate_dir>   <first> <second>
  pyannote-speaker-embedding <command> --help
  pyannote-speaker-embedding --help
  pyannote-speaker-embedding --version

Folders:
  <experiment_dir>/config.yml                             what to train; you write it
  <experiment_dir>/train/<protocol>.<subset>              <train_dir>: epochs of `train`
  <train_dir>/validate/<protocol>.<subset>                <validate_dir>: what `validate` has found best
  <validate_dir>/apply/<epoch>                            embeddings of `apply`

`pyannote-audio emb` does the same, with the options of the other blocks.
Protocols are those of pyannote.database: name their database.yml in PYANNOTE_DATABASE_CONFIG, or in
--database.
Features are cached in $PYANNOTE_AUDIO_CACHE (default: ~/.cache/pyannote.audio).

"""
    + EXIT_STATUS
)


def main(argv: list[str] | None = None) -> None:
    """Entry point: run the command, and exit with its status."""
    signals.watch()
    signals.leave(run(sys.argv[1:] if argv is None else argv))


def run(argv: list[str]) -> int:
    """Run a command line, and return its exit status.

    Examples
    --------
    >>> run(["--version"])
    1.2.0+dcase
    0
    """
    from pyannote.audio.applications import terminal

    return terminal.run(lambda: _run(argv), debug="--debug" in argv)


def _run(argv: list[str]) -> None:
    if not argv or argv[0] in HELP:
        print(USAGE, end="")
        return
    if argv == ["--version"]:
        print(__version__)
        return
    commands = {name: _with_database(command) for name, command in OLD.commands.items()}
    dispatch("pyannote-speaker-embedding", Block(OLD.about, commands), argv)


def _with_database(command: Command) -> Command:
    """Name a database.yml in the environment, which pyannote.database reads when it is imported."""

    def run(options: Any) -> int | None:
        named = getattr(options, "database", None)
        if named:
            path = Path(named).expanduser()
            if not path.is_file():
                raise UsageError(f"There is no file {named}, which --database names.", fix="Check the path.")
            os.environ["PYANNOTE_DATABASE_CONFIG"] = str(path.resolve())
        return command.run(options)

    return replace(command, run=run)


if __name__ == "__main__":
    main()
