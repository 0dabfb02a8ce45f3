"""Errors of Python and of libraries, told as sentences."""

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
"""What NumPy, torch, CUDA, the C++ library, soxr and the operating system say where memory runs out."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error means that memory has run out, which each library says in its own words.

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
    """An error that nobody foresaw, as a sentence.

    Examples
    --------
    >>> print(unexpected_error(ValueError("too small"), file="a.wav"))
    a.wav: An unexpected error occurred (ValueError: too small). Please report it, with what --debug prints.
    """
    text = " ".join(str(error).split())
    return ToolkitError(
        f"An unexpected error occurred ({type(error).__name__}{': ' * bool(text)}{text}).",
        file=file,
        fix="Please report it, with what --debug prints.",
    )


@contextmanager
def named(name: str) -> Iterator[None]:
    """Let errors within that nobody foresaw name what they are about.

    Examples
    --------
    >>> with named("batch 3 of epoch 1"):
    ...     raise ValueError
    Traceback (most recent call last):
    pyannote.audio.core.errors.ToolkitError: batch 3 of epoch 1: An unexpected error occurred (ValueError)...
    """
    try:
        yield
    except Exception as error:
        told = isinstance(error, ToolkitError) or (isinstance(error, OSError) and error.filename is not None)
        if told or is_out_of_memory(error):
            raise
        raise unexpected_error(error, name) from error


@contextmanager
def within_memory(
    what: str, *, fix: str, file: str | PathLike[str] | None = None, line: int | None = None
) -> Iterator[None]:
    """Say for what memory was needed, where it runs out within, and how less would do.

    Parameters
    ----------
    what : str
        What needs memory.
    fix : str
        How less would do.
    file : path, optional
        The file that says how much, or that it is about.
    line : int, optional
        The line of `file`.

    Raises
    ------
    OutOfMemoryError
        If memory runs out. One that has been told passes as it is.

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
        found = f"There is too little memory for {what}."
        raise OutOfMemoryError(found, file=file, line=line, fix=fix) from error
