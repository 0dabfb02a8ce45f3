"""The command `pyannote-audio`."""

from __future__ import annotations

import sys
from importlib import import_module

from pyannote.audio import __version__
from pyannote.audio.applications import signals
from pyannote.audio.applications.arguments import EXIT_STATUS, HELP, dispatch, one_of

USAGE = (
    """Train, validate, apply and score small audio networks.

Usage:
  pyannote-audio <block> train    [options] <root>     <protocol>
  pyannote-audio <block> validate [options] <train>    <protocol>
  pyannote-audio <block> apply    [options] <validate> <protocol>
  pyannote-audio <block> evaluate [options] <apply>...
  pyannote-audio emb     compare  [options] <validate> <audio> <audio>
  pyannote-audio check            [options] <root>     [<protocol>]
  pyannote-audio <block> <command> --help
  pyannote-audio --help
  pyannote-audio --version

Blocks:
  dcase    Sound event detection with short-term and long-term input (DCASE 2017 task 3).
  mlt      Multilabel detection.
  emb      Speaker embedding.

`check` looks at <root>/config.yml and the data before anyone trains.

Folders:
  <root>/config.yml                                    what to train; you write it
  <root>/train/<protocol>.<subset>                     <train>: epochs of `train`
  <train>/validate_<metric>/<protocol>.<subset>        <validate>: what `validate` has found best
  <validate>/apply/<epochs>                            <apply>: what `apply` gives

Protocols are those of pyannote.database: name their database.yml in PYANNOTE_DATABASE_CONFIG.
Features are cached in $PYANNOTE_AUDIO_CACHE (default: ~/.cache/pyannote.audio).

"""
    + EXIT_STATUS
)

BLOCKS = {"dcase": "labeling", "mlt": "labeling", "emb": "embedding"}
"""Blocks, and the family of commands that each belongs to."""

CHECK = "check"
"""The command that belongs to no block: what it looks at says which one it is of."""


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


def _run(argv: list[str]) -> int | None:
    if not argv or argv[0] in HELP or (argv[0] in BLOCKS and (not argv[1:] or argv[1] in HELP)):
        print(USAGE, end="")
        return None
    if argv == ["--version"]:
        print(__version__)
        return None
    block = one_of("block", argv[0], (*BLOCKS, CHECK), "pyannote-audio --help")
    if block == CHECK:
        commands = import_module("pyannote.audio.applications.checking.commands")
        return dispatch("pyannote-audio", commands.texts(), commands.RUN, argv)
    commands = import_module(f"pyannote.audio.applications.{BLOCKS[block]}.commands")
    return dispatch(f"pyannote-audio {block}", commands.texts(block), commands.RUN, argv[1:])


if __name__ == "__main__":
    main()
