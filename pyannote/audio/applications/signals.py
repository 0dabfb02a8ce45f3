"""Signals that ask a command to end: Ctrl-C, and SIGTERM.

The first one is raised as an exception where the command is at work, so that it ends as it does after an
error: what it has begun to write is removed, and locks are given back. Others change nothing while it
ends so. What takes longer than `PATIENCE` is left as it is: every file is whole at any time.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

from pyannote.audio.core.ranks import Rank

PATIENCE = 4.0
"""Seconds that a command has to end in."""

STATUS: dict[int, int] = {signal.SIGINT: 130, signal.SIGTERM: 143}
"""Exit status after each signal."""


class Terminated(BaseException):
    """The process was asked to end (SIGTERM)."""


_heard: list[int] = []
"""The first signal since the command began."""

_at_work: list[None] = []
"""Not empty while a command is at work."""

_sections: list[None] = []
"""As many as there are sections that a signal must not interrupt."""


def received() -> int | None:
    """Number of the first signal that has come since the command began."""
    return _heard[0] if _heard else None


def sentence(number: int) -> str:
    """Sentence that is printed after a signal.

    Examples
    --------
    >>> sentence(signal.SIGTERM)
    'Terminated. What was finished is safe.'
    """
    word = "Interrupted" if number == signal.SIGINT else "Terminated"
    return f"{word}. What was finished is safe."


@contextmanager
def handled() -> Iterator[None]:
    """Raise the first signal that comes within: KeyboardInterrupt, or Terminated.

    From then on, and after the block, signals change nothing.
    """
    _heard.clear()
    _at_work.append(None)
    try:
        _install(_raise)
        yield
        check_received()
    finally:
        _at_work.clear()


def check_received() -> None:
    """Raise a signal that has come, and was dropped: Python drops what is raised while it cleans up."""
    # a process that goes on after its command, such as a notebook, does not hear it again
    if _heard and _at_work and not _sections:
        raise _error(_heard[0])


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let a signal wait for the end of a short section.

    The writer of tensorboard shares a queue with a thread: an exception in the wrong place would leave it
    waiting for ever.
    """
    _sections.append(None)
    try:
        yield
    finally:
        _sections.pop()
        check_received()


def watch() -> None:
    """From now on, let a signal end this process within `PATIENCE`, whatever it is busy with."""
    _install(_leave)
    reader, writer = os.pipe()
    if hasattr(os, "set_blocking"):
        # Windows has it from Python 3.12 on, and does without
        os.set_blocking(writer, False)
    # told by the operating system's own handler: Python's has to wait for what the main thread is busy with
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    threading.Thread(target=_end_in_time, args=(reader,), daemon=True).start()


def leave(status: int) -> NoReturn:
    """Exit at once: there is nothing left to tidy up, and Python hears no signal while it does."""
    for stream in (sys.stdout, sys.stderr):
        # whoever read it may have gone
        with suppress(OSError):
            stream.flush()
    os._exit(status)


def _install(handler: signal.Handlers | object) -> None:
    for number in STATUS:
        # a shell lets jobs in the background ignore Ctrl-C
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, handler)  # type: ignore[arg-type]


def _error(number: int) -> BaseException:
    return KeyboardInterrupt() if number == signal.SIGINT else Terminated()


def _raise(number: int, frame: FrameType | None) -> None:
    if _at_work and not _heard:
        _heard.append(number)
        check_received()


def _leave(number: int, frame: FrameType | None) -> None:
    """End at once: nothing has begun."""
    os._exit(STATUS[number])


def _end_in_time(reader: int) -> None:
    number = 0
    while number not in STATUS:
        number = os.read(reader, 1)[0]
    time.sleep(PATIENCE)
    # one process of a training speaks for all
    if Rank.of().rank == 0:
        with suppress(OSError):
            print(sentence(number), file=sys.stderr, flush=True)
    os._exit(STATUS[number])
