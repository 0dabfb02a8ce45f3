"""The command `pyannote-audio`."""

from __future__ import annotations

import sys

from pyannote.audio import __version__
from pyannote.audio.applications import signals
from pyannote.audio.applications.arguments import EXIT_STATUS, HELP, help_of, one_of, options_of, parse
from pyannote.audio.applications.blocks.base import blocks
from pyannote.audio.applications.commands import dispatch, load_code_of
from pyannote.audio.applications.options import CheckOptions

USAGE = (
    """Train, validate, apply and score small audio networks.

Usage:
  pyannote-audio <block> train    [options] <root>     <protocol>
  pyannote-audio <block> validate [options] <train>    <protocol>
  pyannote-audio <block> apply    [options] <validate>... <protocol>
  pyannote-audio <block> evaluate [options] <apply>...
  pyannote-audio emb     compare  [options] <validate> <audio> <audio>
  pyannote-audio check            [options] <root>     [<protocol>]
  pyannote-audio <block> <command> --help
  pyannote-audio --help
  pyannote-audio --version

Blocks:
{blocks}

`check` finds mistakes in <root>/config.yml and the data before training.

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

CHECK = "check"
"""The command that belongs to no block: the configuration that it reads names one."""

CHECK_ABOUT = (
    "Find mistakes in a configuration and a data set before training. Without <protocol>, <root>/config.yml "
    "alone is read."
)
CHECK_STATUS = """\
Exit status: 0 if nothing was found, 10 if there are warnings alone. If `train` or `validate` would refuse
something: 3 if the configuration is wrong whatever the data are, 4 if data and configuration do not fit.
"""


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
    known = blocks()
    if not argv or argv[0] in HELP or (argv[0] in known and (not argv[1:] or argv[1] in HELP)):
        listed = "\n".join(f"  {name:<9}{block.about}" for name, block in known.items())
        print(USAGE.format(blocks=listed), end="")
        return None
    if argv == ["--version"]:
        print(__version__)
        return None
    name = one_of("block", argv[0], (*known, CHECK), "pyannote-audio --help")
    if name == CHECK:
        return _check(argv[1:])
    return dispatch(f"pyannote-audio {name}", known[name], argv[1:])


def _check(argv: list[str]) -> int | None:
    text = help_of(CheckOptions, "pyannote-audio check", CHECK_ABOUT, CHECK_STATUS)
    arguments = parse(text, argv, [CHECK], "pyannote-audio check --help")
    if arguments is None:
        return None
    options = options_of(CheckOptions, arguments)
    load_code_of(options)
    from pyannote.audio.applications.check import check

    return check(options)


if __name__ == "__main__":
    main()
