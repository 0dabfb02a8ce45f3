"""What commands say, and how they end."""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from types import FrameType
from typing import Any, TypeVar

from pyannote.audio.core.errors import OutOfMemoryError, PeerError, ToolkitError
from pyannote.audio.core.shares import Share
from pyannote.audio.io.refusals import storage_error

T = TypeVar("T")

INTERRUPTED = 130
TERMINATED = 143


class Terminated(BaseException):
    """The process was asked to end (SIGTERM)."""


_asked_to_end: list[type[BaseException]] = []
"""What the last signal raises. Python drops an exception that comes while it cleans an object up; then it is
raised again by the next step of what is shown by a bar."""


_sections: list[None] = []
"""As many as there are sections that a signal must not interrupt."""


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let a signal wait for the end of a short section.

    What writes for tensorboard shares a queue with a thread: an exception in the wrong place would leave it
    waiting for ever.
    """
    _sections.append(None)
    try:
        yield
    finally:
        _sections.pop()
        if _asked_to_end and not _sections:
            raise _asked_to_end.pop()


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
        if _asked_to_end:
            raise _asked_to_end.pop()
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
    _asked_to_end.clear()
    if isinstance(sys.stdout, TextIOWrapper):
        # a terminal of another encoding shall not end what a name in a sentence cannot be written in
        sys.stdout.reconfigure(errors="backslashreplace")
    for number in (signal.SIGINT, signal.SIGTERM):
        # a shell lets jobs in the background ignore Ctrl-C
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _end)
    if not debug:
        warnings.simplefilter("ignore")
        # an error in a thread comes back to the command, which says it in a sentence
        threading.excepthook = _silent
    try:
        return command() or 0
    except ToolkitError as error:
        return _failed(error, debug)
    except KeyboardInterrupt:
        _report("Interrupted. What was finished is safe.")
        return INTERRUPTED
    except Terminated:
        _report("Terminated. What was finished is safe.")
        return TERMINATED
    except BrokenPipeError:
        # whoever read the output has gone; there is no one left to tell
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        return _failed(_translated(error), debug)


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
    return Share.of().rank == 0


def _end(number: int, frame: FrameType | None) -> None:
    error = KeyboardInterrupt if number == signal.SIGINT else Terminated
    _asked_to_end[:] = [error]
    if not _sections:
        raise error


def _silent(arguments: object) -> None:
    """Print nothing."""


def _translated(error: Exception) -> ToolkitError:
    """The same error as a sentence."""
    text = " ".join(str(error).split())
    out_of_memory: tuple[Any, ...] = (MemoryError,)
    if isinstance(error, out_of_memory) or "out of memory" in text or "can't allocate memory" in text:
        return OutOfMemoryError(
            "There is too little memory for this.",
            fix="Set a smaller batch_size in config.yml, or a smaller --batch. Finished epochs are safe.",
        )
    if isinstance(error, OSError):
        return storage_error(error, error.filename or "A file", action="used")
    return ToolkitError(
        f"Something unforeseen happened ({type(error).__name__}: {text}).",
        fix="Please report it, with what --debug prints.",
    )
