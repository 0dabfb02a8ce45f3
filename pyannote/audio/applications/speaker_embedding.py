"""The command `pyannote-speaker-embedding`, with the options of 2019."""

from __future__ import annotations

import sys

from pyannote.audio import __version__
from pyannote.audio.applications import signals
from pyannote.audio.applications.arguments import EXIT_STATUS, HELP
from pyannote.audio.applications.blocks.emb import OLD
from pyannote.audio.applications.commands import dispatch

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
    dispatch("pyannote-speaker-embedding", OLD, argv)


if __name__ == "__main__":
    main()
