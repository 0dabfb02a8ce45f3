"""Reading of command lines: what is mistyped is answered with what would be right."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from math import inf
from typing import Any, TypeVar

from pyannote.audio.core.errors import UsageError
from pyannote.audio.core.shares import Share

HELP = ("-h", "--help")
SUBSETS = ("train", "development", "test")
CHOICES = ("auto", "on", "off")

EXIT_STATUS = """\
Exit status:
  0 done           4 data          8 checkpoint
  1 unforeseen     5 busy folder   9 another process of the training
  2 usage          6 storage       10 warnings of `check`
  3 configuration  7 memory        130 interrupted, 143 terminated
"""

CODE = """\
  --code=FILES       Python files with classes of your own that config.yml names, with commas between.
"""

COMMON = f"""\
{CODE}  --cpu              Compute on the CPU.
  --gpu              Compute on the GPU (default: if there is one).
  --parallel=N       Read that many files at once [default: %d].
  --scheduler=ADDR   Let a Dask cluster read them: where its scheduler listens, or the scheduler file.
  --debug            Show tracebacks, and look for NaN in gradients.
  -h, --help         Show this text.
"""


Arguments = dict[str, Any]
Command = Callable[[Arguments], int | None]
Word = TypeVar("Word", bound=str)


def common_options(database: bool = False) -> str:
    """Help on the options that most commands share, with --database if asked for."""
    own = "  --database=FILE    A database.yml, instead of those that the environment names.\n"
    return own * database + COMMON % max(1, (os.cpu_count() or 2) - 1)


def dispatch(
    program: str, texts: Mapping[str, str], run: Mapping[str, Command], argv: Sequence[str]
) -> int | None:
    """Run the command that a command line names, and give its exit status if it has one of its own.

    Parameters
    ----------
    program : str
        What stands before the command.
    texts : mapping of str to str
        Help of each command, with its usage.
    run : mapping of str to callable
        What each command does with its arguments.
    argv : sequence of str
        Command, options and arguments.
    """
    command = one_of("command", argv[0] if argv else "", tuple(texts), f"{program} --help")
    words = [*program.split()[1:], command]
    _refuse_several(command)
    arguments = parse(texts[command], argv[1:], words, f"{program} {command} --help")
    if arguments is None:
        return None
    _load_code(arguments.pop("--code", None))
    return run[command](arguments)


def _load_code(files: str | None) -> None:
    """Make the classes known that a command line names, and nothing else does."""
    for file in (files or "").split(","):
        if file:
            from pyannote.audio.config.classes import load_code

            load_code(file)


def _refuse_several(command: str) -> None:
    processes = Share.of().size
    if processes > 1 and command != "train":
        raise UsageError(
            f"`{command}` is the work of one process, and {processes} were started.",
            fix="Start it without torchrun; --parallel shares work on one machine.",
        )


def one_of(kind: str, given: str, allowed: Sequence[Word], help_command: str = "--help") -> Word:
    """The one of some words that was given.

    Raises
    ------
    UsageError
        If it is none of them; with the nearest one.

    Examples
    --------
    >>> one_of("subset", "test", ("train", "test"))
    'test'
    """
    for word in allowed:
        if given == word:
            return word
    close = get_close_matches(given, allowed, n=1)
    fix = f"Did you mean {close[0]!r}?" if close else f"See {help_command}."
    raise UsageError(f"There is no {kind} {given!r}; there are {', '.join(allowed)}.", fix=fix)


def parse(text: str, argv: Sequence[str], words: Sequence[str], help_command: str) -> Arguments | None:
    """Arguments by name, or None if help was asked for.

    Parameters
    ----------
    text : str
        Help in the form that docopt reads.
    argv : sequence of str
        What follows the words of the command.
    words : sequence of str
        The words of the command, as they stand in the usage.
    help_command : str
        What shows the help.

    Raises
    ------
    UsageError
        If they do not fit the usage.
    """
    import docopt

    if any(word in HELP for word in argv):
        print(text, end="")
        return None
    for word in argv:
        if "\0" in word:
            raise UsageError(f"{word!r} holds a NUL character, which no name can have.")
    known = sorted(set(re.findall(r"--[a-z]+(?:-[a-z]+)*", text)))
    for word in argv:
        option = word.partition("=")[0]
        if word.startswith("--") and option not in known:
            close = get_close_matches(option, known, n=1)
            fix = f"Did you mean {close[0]}?" if close else f"See {help_command}."
            raise UsageError(f"There is no option {option}; there are {', '.join(known)}.", fix=fix)
    usage = re.search(r"Usage:\s+(.*)", text)
    try:
        parsed = docopt.docopt(text, argv=[*words, *argv], default_help=False)
    except docopt.DocoptExit:
        raise UsageError(
            f"This does not fit: {usage.group(1) if usage else ''}", fix=f"See {help_command}."
        ) from None
    return {name: value for name, value in parsed.items() if name not in words}


def script_arguments(text: str) -> Arguments:
    """Arguments of a script, by name; where help was asked for, it is given, and the script ends.

    Parameters
    ----------
    text : str
        Help in the form that docopt reads.

    Raises
    ------
    UsageError
        If the command line does not fit it.
    """
    arguments = parse(text, sys.argv[1:], (), "--help")
    if arguments is None:
        raise SystemExit(0)
    return arguments


def number(
    arguments: Arguments, name: str, kind: Callable[[str], Any], least: float, most: float = inf
) -> Any:
    """Value of an option as a number, or None.

    Examples
    --------
    >>> number({"--to": "20"}, "--to", int, 1)
    20
    """
    given = arguments[name]
    if given is None:
        return None
    try:
        value = kind(given)
    except ValueError:
        value = None
    if value is None or not least <= value <= most:
        what = "a whole number" if kind is int else "a number"
        limits = f"from {least:g} to {most:g}" if most < inf else f"of at least {least:g}"
        raise UsageError(f"{name} must be {what} {limits}, not {given!r}.")
    return value


def epoch(arguments: Arguments, name: str) -> Any:
    """Value of an option as the number of an epoch, or the word `last`."""
    return "last" if arguments[name] == "last" else number(arguments, name, int, 0)


def compute(arguments: Arguments) -> dict[str, Any]:
    """Values of the options that most commands share."""
    return {
        "subset": one_of("subset", arguments["--subset"], SUBSETS),
        "cpu": arguments["--cpu"],
        "gpu": arguments["--gpu"],
        "parallel": number(arguments, "--parallel", int, 1, 1024),
        "scheduler": arguments["--scheduler"],
    }


def acceleration(arguments: Arguments) -> dict[str, Any]:
    """Values of the options of `train` on how to compute faster."""
    return {
        "mixed": one_of("--mixed", arguments["--mixed"], CHOICES),
        "compiled": one_of("--compile", arguments["--compile"], CHOICES),
        "graphs": one_of("--graphs", arguments["--graphs"], CHOICES),
    }
