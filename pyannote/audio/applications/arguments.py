"""Command lines: help and parsing that follow from dataclasses of options."""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from math import inf
from pathlib import Path
from typing import Any, TypeVar

from pyannote.audio.applications.repeated import matched
from pyannote.audio.core.errors import UsageError

HELP = ("-h", "--help")
COLUMN, WIDTH = 21, 110

COMMON = ("--database", "--unannotated", "--code", "--cpu", "--gpu", "--parallel", "--scheduler", "--debug")
"""Options that most commands have, in the order in which they end the help."""

EXIT_STATUS = """\
Exit status:
  0 done           4 data          8 checkpoint
  1 unexpected     5 busy folder   9 another process of the training
  2 usage          6 storage       10 warnings of `check`
  3 configuration  7 memory        130 interrupted, 143 terminated
"""

Arguments = dict[str, Any]
Read = Callable[[str, str], Any]
Word = TypeVar("Word", bound=str)
Options = TypeVar("Options")


@dataclass(frozen=True)
class Option:
    """An option of a command line.

    Parameters
    ----------
    word : str
        Such as "--batch".
    help : str
        Help of the option, without its default.
    value : str
        Placeholder of its value; a flag has none.
    default : str, optional
        As it would be written on the command line.
    read : callable
        Gives the value, from the word and what was written.
    negated : bool
        Whether a flag means that the field is False.
    """

    word: str
    help: str
    value: str = ""
    default: str | None = None
    read: Read = lambda word, given: given
    negated: bool = False

    @property
    def start(self) -> Any:
        """Value of the field where the command line does not give the option."""
        if not self.value:
            return self.negated
        return None if self.default is None else self.read(self.word, self.default)

    def of(self, given: Any) -> Any:
        """Value of the field, from what docopt has found."""
        if not self.value:
            return given != self.negated
        return None if given is None else self.read(self.word, given)

    def lines(self) -> str:
        """Lines of the help."""
        head = f"  {self.word}={self.value}" if self.value else f"  {self.word}"
        # the default must stand on one line, where docopt looks for it
        default = "" if self.default is None else f" [default:\0{self.default}]"
        text = f"{self.help}{default}."
        wrapped = textwrap.wrap(text, WIDTH - COLUMN, break_on_hyphens=False, break_long_words=False)
        return (f"{head:<{COLUMN}}" + f"\n{'':<{COLUMN}}".join(wrapped)).replace("\0", " ")


def option(word: str, help: str, value: str = "", default: str | None = None, **others: Any) -> Any:
    """Field of a dataclass that an option sets (see `Option`)."""
    made = Option(word, help, value, default, **others)
    return field(default=made.start, metadata={"option": made})


def argument(word: str, read: Callable[[Any], Any] = str, default: Any = ...) -> Any:
    """Field of a dataclass that a positional argument sets, such as `<root>`."""
    metadata = {"argument": (word, read)}
    return field(metadata=metadata) if default is ... else field(default=default, metadata=metadata)


def whole(least: int, most: float = inf) -> Read:
    """Reader of a whole number within limits.

    Examples
    --------
    >>> whole(1)("--to", "20")
    20
    """
    return lambda word, given: _number(word, given, int, least, most)


def real(least: float, most: float = inf) -> Read:
    """Reader of a number within limits."""
    return lambda word, given: _number(word, given, float, least, most)


def epoch(word: str, given: str) -> Any:
    """Number of an epoch, or the word `last`."""
    return "last" if given == "last" else _number(word, given, int, 0, inf)


def words(*allowed: str, kind: str | None = None) -> Read:
    """Reader of one of some words."""
    return lambda word, given: one_of(kind or word, given, allowed)


def listed(word: str, given: str) -> tuple[str, ...]:
    """Words with commas between, each once.

    Examples
    --------
    >>> listed("--format", "tsv, rttm,tsv")
    ('tsv', 'rttm')
    """
    return tuple(dict.fromkeys(one.strip() for one in given.split(",")))


def path(word: str, given: str) -> Path | None:
    """Path of a file, where one is named."""
    return Path(given) if given else None


def _number(word: str, given: str, kind: Callable[[str], Any], least: float, most: float) -> Any:
    try:
        value = kind(given)
    except ValueError:
        value = None
    if value is None or not least <= value <= most:
        what = "a whole number" if kind is int else "a number"
        limits = f"from {least:g} to {most:g}" if most < inf else f"of at least {least:g}"
        raise UsageError(f"{word} must be {what} {limits}, not {given!r}.")
    return value


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


def help_of(options: type[Any], usage: str, about: str, epilogue: str = "") -> str:
    """Help of a command, in the form that docopt reads.

    Parameters
    ----------
    options : type
        Dataclass whose fields are made by `option` and `argument`.
    usage : str
        Words before the arguments, such as "pyannote-audio dcase train".
    about : str
        Description of the command.
    epilogue : str
        Text after the options.
    """
    places = [one.metadata["argument"][0] for one in fields(options) if "argument" in one.metadata]
    found = _options(options)
    device = "[--cpu | --gpu] " if "--cpu" in found else ""
    own = [one.lines() for word, one in found.items() if word not in COMMON]
    common = [found[word].lines() for word in COMMON if word in found]
    listed = "\n".join([*own, *common, "  -h, --help         Show this text."])
    filled = textwrap.fill(about, WIDTH, break_on_hyphens=False)
    line = f"Usage: {usage} {device}[options] {' '.join(places)}"
    return f"{filled}\n\n{line}\n\nOptions:\n{listed}\n" + (f"\n{epilogue}" if epilogue else "")


def options_of(options: type[Options], arguments: Mapping[str, Any]) -> Options:
    """Options of a command line, as an object of a dataclass.

    Parameters
    ----------
    options : type
        Dataclass whose fields are made by `option` and `argument`.
    arguments : mapping
        Result of `parse`.
    """
    given: Arguments = {}
    for one in fields(options):  # type: ignore[arg-type]
        if "argument" in one.metadata:
            word, read = one.metadata["argument"]
            value = arguments[_bare(word)]
            given[one.name] = None if value is None else read(value)
        elif "option" in one.metadata:
            given[one.name] = one.metadata["option"].of(arguments[one.metadata["option"].word])
    return options(**given)


def _options(options: type[Any]) -> dict[str, Option]:
    found = [one.metadata["option"] for one in fields(options) if "option" in one.metadata]
    return {one.word: one for one in found}


def _bare(word: str) -> str:
    """Name of a positional argument, without the marks of one that may be left out or repeated."""
    return word.strip("[].")


def parse(text: str, argv: Sequence[str], words: Sequence[str], help_command: str) -> Arguments | None:
    """Arguments by name, or None if help was asked for.

    Parameters
    ----------
    text : str
        Help in the form that docopt reads.
    argv : sequence of str
        Arguments after the words of the command.
    words : sequence of str
        The words of the command, as they stand in the usage.
    help_command : str
        Command that prints the help.

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
        named = word.partition("=")[0]
        if word.startswith("--") and named not in known:
            close = get_close_matches(named, known, n=1)
            fix = f"Did you mean {close[0]}?" if close else f"See {help_command}."
            raise UsageError(f"There is no option {named}; there are {', '.join(known)}.", fix=fix)
    usage = re.search(r"Usage:\s+(.*)", text)
    try:
        parsed = matched(text, [*words, *argv])
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
