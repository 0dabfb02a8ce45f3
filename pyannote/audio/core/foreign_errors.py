"""Errors of Python and of libraries, translated into errors of the toolkit."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike

from pyannote.audio.core.errors import OutOfMemoryError, ToolkitError

_WORDS_OF_MEMORY = (
    "out of memory",
    "allocate memory",
    "bad_alloc",
    "ALLOC_FAILED",
    "can't start new thread",
    "failed to map segment",
    "malloc failed",
)
"""Parts of the messages of NumPy, torch, CUDA, the C++ library, soxr and the operating system."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error means that memory has run out, judged by its class and its message.

    Examples
    --------
    >>> is_out_of_memory(RuntimeError("CUDA out of memory. Tried to allocate 2 GiB."))
    True
    """
    if isinstance(error, (MemoryError, OutOfMemoryError)):
        return True
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return True
    return not isinstance(error, ToolkitError) and any(word in str(error) for word in _WORDS_OF_MEMORY)


def unexpected_error(error: BaseException, file: str | PathLike[str] | None = None) -> ToolkitError:
    """Error for an exception that no code handles: most likely a bug.

    Parameters
    ----------
    error : BaseException
    file : path or str, optional
        The file, or the subject, that the error is about.

    Examples
    --------
    >>> print(unexpected_error(ValueError("too small"), file="a.wav"))
    a.wav: An unexpected error occurred (ValueError: too small). Please report it with the output of --debug.
    """
    text = " ".join(str(error).split())
    return ToolkitError(
        f"An unexpected error occurred ({type(error).__name__}{': ' * bool(text)}{text}).",
        file=file,
        fix="Please report it with the output of --debug.",
    )


@contextmanager
def error_subject(name: str) -> Iterator[None]:
    """Context that turns unexpected exceptions into errors which name their subject.

    Parameters
    ----------
    name : str
        File, batch or other subject that is being processed.

    Raises
    ------
    ToolkitError
        For an exception other than a `ToolkitError`, an out-of-memory error or an `OSError` with a file.

    Examples
    --------
    >>> with error_subject("batch 3 of epoch 1"):
    ...     raise ValueError
    Traceback (most recent call last):
    pyannote.audio.core.errors.ToolkitError: batch 3 of epoch 1: An unexpected error occurred (ValueError)...
    """
    try:
        yield
    except Exception as error:
        located = isinstance(error, OSError) and error.filename is not None
        if isinstance(error, ToolkitError) or located or is_out_of_memory(error):
            raise
        raise unexpected_error(error, name) from error


@contextmanager
def within_memory(
    purpose: str, *, fix: str, file: str | PathLike[str] | None = None, line: int | None = None
) -> Iterator[None]:
    """Context that turns an out-of-memory error of any library into an `OutOfMemoryError`.

    Parameters
    ----------
    purpose : str
        Object that needs the memory, such as "batches of 4096 chunks".
    fix : str
        A sentence that says how to need less memory.
    file : path, optional
        The file that sets the size, or that is being processed.
    line : int, optional
        The line of `file`.

    Raises
    ------
    OutOfMemoryError
        If memory runs out. An `OutOfMemoryError` raised within passes unchanged.

    Examples
    --------
    >>> with within_memory("batches of 4096 chunks", fix="Set a smaller batch_size."):
    ...     raise MemoryError
    Traceback (most recent call last):
    pyannote.audio.core.errors.OutOfMemoryError: There is too little memory for batches of 4096 chunks. Set...
    """
    try:
        yield
    except OutOfMemoryError:
        raise
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        message = f"There is too little memory for {purpose}."
        raise OutOfMemoryError(message, file=file, line=line, fix=fix) from error
