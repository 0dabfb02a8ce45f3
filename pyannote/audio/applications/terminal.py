"""What commands say, and how they end."""

from __future__ import annotations

import os
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator
from io import TextIOWrapper
from typing import TypeVar

from pyannote.audio.applications import signals
from pyannote.audio.core.errors import OutOfMemoryError, PeerError, ToolkitError
from pyannote.audio.core.foreign_errors import is_out_of_memory, unexpected_error
from pyannote.audio.core.ranks import Rank
from pyannote.audio.io.storage_errors import storage_error

T = TypeVar("T")


def say(sentence: str) -> None:
    """Print a line of results."""
    if _leads():
        print(sentence, flush=True)


def warn(sentence: str) -> None:
    """Print a line that asks for attention, apart from the results."""
    if _leads():
        print(f"Warning: {sentence}", file=sys.stderr, flush=True)


def bar(items: Iterable[T], *, total: int, description: str) -> Iterator[T]:
    """Show a progress bar where someone is looking, nothing in log files."""
    from tqdm import tqdm

    hidden = not (_leads() and sys.stderr.isatty())
    shown = tqdm(items, total=total, desc=description, leave=False, disable=hidden)
    for item in shown:
        signals.check_received()
        yield item


def run(command: Callable[[], int | None], debug: bool = False) -> int:
    """Run a command, and turn what ends it into a sentence and an exit status.

    Parameters
    ----------
    command : callable
        The work; it may give an exit status of its own.
    debug : bool
        Whether tracebacks are shown.

    Returns
    -------
    int
        That of the command or 0, the code of the error, 130 after Ctrl-C, or 143 after SIGTERM.
    """
    if isinstance(sys.stdout, TextIOWrapper):
        # a terminal of another encoding shall not end what a name in a sentence cannot be written in
        sys.stdout.reconfigure(errors="backslashreplace")
    if not debug:
        warnings.simplefilter("ignore")
        # an error in a thread comes back to the command, which says it in a sentence
        threading.excepthook = _silent
        # what is raised while an object is cleaned up, such as a signal, comes again
        sys.unraisablehook = _silent
    try:
        with signals.handled():
            return command() or 0
    except (Exception, KeyboardInterrupt, signals.Terminated) as error:
        return _status(error, debug)


def _status(error: BaseException, debug: bool) -> int:
    """Say what has ended a command: a signal, if one has come, whatever has become of it."""
    if (number := signals.received()) is not None:
        _report(signals.sentence(number))
        return signals.STATUS[number]
    if isinstance(error, BrokenPipeError):
        # whoever read the output has gone; there is no one left to tell
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return _failed(error if isinstance(error, ToolkitError) else _translated(error), debug)


def _failed(error: ToolkitError, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    if isinstance(error, PeerError):
        _report(f"Error: {error}")
    else:
        print(f"Error: {error}", file=sys.stderr)
    return error.code


def _report(sentence: str) -> None:
    """Say once what befalls all processes of a training."""
    if _leads():
        print(sentence, file=sys.stderr)


def _leads() -> bool:
    """Whether this is the only process of a command, or the first one."""
    return Rank.of().rank == 0


def _silent(arguments: object) -> None:
    """Print nothing."""


def _translated(error: BaseException) -> ToolkitError:
    """The same error as a sentence."""
    if is_out_of_memory(error):
        return OutOfMemoryError(
            "There is too little memory for this.",
            fix="Set a smaller batch_size in config.yml, or a smaller --batch. Finished epochs are safe.",
        )
    if isinstance(error, OSError) and error.errno is not None:
        return storage_error(error, error.filename or "A file", action="used")
    return unexpected_error(error)
