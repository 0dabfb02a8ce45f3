"""What commands say, and how they end."""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator
from types import FrameType
from typing import Any, NoReturn, TypeVar

from pyannote.audio.core.errors import OutOfMemoryError, ToolkitError
from pyannote.audio.io.refusals import storage_error

T = TypeVar("T")

INTERRUPTED = 130
TERMINATED = 143


class Terminated(BaseException):
    """The process was asked to end (SIGTERM)."""


def say(sentence: str) -> None:
    """Print a line of results."""
    print(sentence, flush=True)


def warn(sentence: str) -> None:
    """Print a line that asks for attention, apart from the results."""
    print(f"Warning: {sentence}", file=sys.stderr, flush=True)


def bar(items: Iterable[T], *, total: int, description: str) -> Iterator[T]:
    """Show a progress bar where someone is looking, nothing in log files."""
    from tqdm import tqdm

    yield from tqdm(items, total=total, desc=description, leave=False, disable=not sys.stderr.isatty())


def run(command: Callable[[], None], debug: bool = False) -> int:
    """Run a command, and turn what ends it into a sentence and an exit status.

    Parameters
    ----------
    command : callable
        The work.
    debug : bool
        Whether tracebacks are shown.

    Returns
    -------
    int
        0, the code of the error, 130 after Ctrl-C, or 143 after SIGTERM.
    """
    signal.signal(signal.SIGTERM, _terminate)
    if not debug:
        warnings.simplefilter("ignore")
        # an error in a thread comes back to the command, which says it in a sentence
        threading.excepthook = _silent
    try:
        command()
    except ToolkitError as error:
        return _failed(error, debug)
    except KeyboardInterrupt:
        print("Interrupted. What was finished is safe.", file=sys.stderr)
        return INTERRUPTED
    except Terminated:
        print("Terminated. What was finished is safe.", file=sys.stderr)
        return TERMINATED
    except BrokenPipeError:
        # whoever read the output has gone; there is no one left to tell
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        return _failed(_translated(error), debug)
    return 0


def _failed(error: ToolkitError, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    print(f"Error: {error}", file=sys.stderr)
    return error.code


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    raise Terminated


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
