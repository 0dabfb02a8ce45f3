"""Errors of single files, collected while the other files are processed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from pyannote.audio.core.counted import counted
from pyannote.audio.core.errors import DataError

Item = TypeVar("Item")
Result = TypeVar("Result")


def result_or_error(work: Callable[[Item], Result], item: Item) -> Result | DataError:
    """Result of a function for an item, or the `DataError` that it raises.

    Examples
    --------
    >>> def halved(number):
    ...     if number % 2:
    ...         raise DataError(f"{number} is odd.")
    ...     return number // 2
    >>> [result_or_error(halved, number) for number in (4, 5)]
    [2, DataError('5 is odd.')]
    """
    try:
        return work(item)
    except DataError as error:
        return error


def errors_by_position(results: Iterable[object]) -> dict[int, DataError]:
    """Errors among results of `result_or_error`, by their positions.

    Examples
    --------
    >>> errors_by_position([2, DataError("5 is odd.")])
    {1: DataError('5 is odd.')}
    """
    return {index: result for index, result in enumerate(results) if isinstance(result, DataError)}


def combined_error(errors: Sequence[DataError], others: str = "{} cannot be read either.") -> DataError:
    """First of several errors; its message also gives the number of the others.

    Parameters
    ----------
    errors : sequence of DataError, shape (errors,)
    others : str
        Sentence about the others, with braces for their number.

    Examples
    --------
    >>> print(combined_error([DataError("It is empty.", file=name, fix="Copy it again.") for name in "abc"]))
    a: It is empty. 2 other files cannot be read either. Copy it again.
    """
    first, *more = errors
    if not more:
        return first
    count = others.format(counted(len(more), "other file"))
    return type(first)(f"{first.message} {count}", file=first.file, line=first.line, fix=first.fix)
