"""Output of commands: results, warnings, progress bars, errors and exit status."""

from __future__ import annotations

import os
import sys
import threading
import traceback
import unicodedata
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import redirect_stdout
from io import TextIOBase, TextIOWrapper
from typing import TextIO, TypeVar

from pyannote.audio.applications import signals
from pyannote.audio.core.errors import OutOfMemoryError, PeerError, ToolkitError
from pyannote.audio.core.foreign_errors import is_out_of_memory, unexpected_error
from pyannote.audio.core.ranks import Rank
from pyannote.audio.io.storage_errors import storage_error

T = TypeVar("T")


CONTROLS = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode categories of characters that control a terminal, break lines, or cannot be encoded."""

REORDERING = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
"""Bidirectional classes of characters that reorder the text that follows."""


def printable(text: str, kept: str = "") -> str:
    r"""Text in which characters that control a terminal or reorder text are escaped.

    Parameters
    ----------
    text : str
        Any text, which may contain names, labels, paths or values of files.
    kept : str
        Characters that are not escaped, such as line feeds of a table.

    Returns
    -------
    str
        Text that a terminal only displays; printable characters of any script are kept.

    Examples
    --------
    >>> print(printable("café\x1b[2J, \u202egnp.wav"))
    café\x1b[2J, \u202egnp.wav
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(one if one in kept or not _controls(one) else repr(one)[1:-1] for one in text)


def _controls(character: str) -> bool:
    """Whether a character would control the terminal instead of being displayed."""
    return unicodedata.category(character) in CONTROLS or unicodedata.bidirectional(character) in REORDERING


def say(sentence: str) -> None:
    """Print a line of results on standard output."""
    if _leads():
        print(printable(sentence), flush=True)


def say_table(text: str) -> None:
    """Print a table, or other text of several lines, on standard output."""
    if _leads():
        print(printable(text, kept="\n"), flush=True)


def say_json(text: str) -> None:
    """Print JSON on standard output as it is, because a program reads it."""
    if _leads():
        print(text, file=getattr(sys.stdout, "stream", sys.stdout), flush=True)


class Escaped(TextIOBase):
    r"""Text stream in front of another one that escapes control characters, except line feeds.

    Parameters
    ----------
    stream : text stream

    Examples
    --------
    >>> print("a\x1b[2Jb", file=Escaped(sys.stdout))
    a\x1b[2Jb
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        """Write text, escaped, and return the number of characters."""
        self.stream.write(printable(text, kept="\n"))
        return len(text)

    def flush(self) -> None:
        """Flush the other stream."""
        self.stream.flush()

    def fileno(self) -> int:
        """File descriptor of the other stream."""
        return self.stream.fileno()

    def isatty(self) -> bool:
        """Whether the other stream is a terminal."""
        return self.stream.isatty()


def warn(sentence: str, *details: object) -> None:
    """Print a warning on standard error, and details of it on lines of their own."""
    if _leads():
        _print_error(f"Warning: {sentence}", *details)


def _print_error(sentence: str, *details: object) -> None:
    lines = [printable(sentence), *(f"  {printable(str(detail))}" for detail in details)]
    print("\n".join(lines), file=sys.stderr, flush=True)


def bar(items: Iterable[T], *, total: int, description: str) -> Iterator[T]:
    """Show a progress bar in a terminal, and nothing in log files.

    Parameters
    ----------
    items : iterable
        Items to pass on, one after the other.
    total : int
        Number of items.
    description : str
        Text in front of the bar.

    Yields
    ------
    object
        The items, after signals that came in the meantime were handled.
    """
    from tqdm import tqdm

    hidden = not (_leads() and sys.stderr.isatty())
    shown = tqdm(items, total=total, desc=printable(description), leave=False, disable=hidden)
    for item in shown:
        signals.check_received()
        yield item


def run(command: Callable[[], int | None], debug: bool = False) -> int:
    """Run a command, and turn its error or signal into a sentence and an exit status.

    Parameters
    ----------
    command : callable
        The command; it may return an exit status of its own.
    debug : bool
        Whether tracebacks are shown.

    Returns
    -------
    int
        That of the command or 0, the code of the error, 130 after Ctrl-C, or 143 after SIGTERM.

    Examples
    --------
    >>> run(lambda: 10)
    10
    """
    if isinstance(sys.stdout, TextIOWrapper):
        # a name that the encoding of the terminal cannot represent must not end the command
        sys.stdout.reconfigure(errors="backslashreplace")
    if not debug:
        warnings.simplefilter("ignore")
        # an error in a thread is raised again by the command, which prints it as a sentence
        threading.excepthook = _silent
        # an exception during the cleanup of an object, such as a signal, is raised again
        sys.unraisablehook = _silent
    try:
        # other libraries print names as well
        with signals.handled(), redirect_stdout(Escaped(sys.stdout)):
            return command() or 0
    except (Exception, KeyboardInterrupt, signals.Terminated) as error:
        return _status(error, debug)


def _status(error: BaseException, debug: bool) -> int:
    """Print the reason for the end of a command, and return its exit status; a signal goes first."""
    if (number := signals.received()) is not None:
        _report(signals.sentence(number))
        return signals.STATUS[number]
    if isinstance(error, BrokenPipeError):
        # the reader of the output has ended
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return _failed(error if isinstance(error, ToolkitError) else _translated(error), debug)


def _failed(error: ToolkitError, debug: bool) -> int:
    if debug:
        print(printable(traceback.format_exc(), kept="\n"), end="", file=sys.stderr)
    if isinstance(error, PeerError):
        _report(f"Error: {error}")
    else:
        _print_error(f"Error: {error}")
    return error.code


def _report(sentence: str) -> None:
    """Print a sentence once, though it concerns all processes of a training."""
    if _leads():
        _print_error(sentence)


def _leads() -> bool:
    """Whether this is the only process of a command, or rank 0."""
    return Rank.of().rank == 0


def _silent(arguments: object) -> None:
    """Print nothing."""


def _translated(error: BaseException) -> ToolkitError:
    """Error of the toolkit's tree for an exception of Python or of another library."""
    if is_out_of_memory(error):
        return OutOfMemoryError(
            "There is too little memory for this.",
            fix="Set a smaller batch_size in config.yml, or a smaller --batch. Finished epochs are safe.",
        )
    if isinstance(error, OSError) and error.errno is not None:
        return storage_error(error, error.filename or "A file", action="used")
    return unexpected_error(error)
