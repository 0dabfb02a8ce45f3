"""Work on many files, some of which cannot be read: the others are not to suffer from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from pyannote.audio.core.errors import DataError

Item = TypeVar("Item")
Result = TypeVar("Result")


def result_or_error(work: Callable[[Item], Result], item: Item) -> Result | DataError:
    """What some work gives, or what is wrong with the data that it was given.

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
    """Errors among the results of attempts, by their positions.

    Examples
    --------
    >>> errors_by_position([2, DataError("5 is odd.")])
    {1: DataError('5 is odd.')}
    """
    return {place: result for place, result in enumerate(results) if isinstance(result, DataError)}


def combined_error(errors: Sequence[DataError]) -> DataError:
    """The first of some errors, which also tells how many other files have one.

    Examples
    --------
    >>> print(combined_error([DataError("It is empty.", file=name, fix="Copy it again.") for name in "abc"]))
    a: It is empty. 2 other files cannot be read, either. Copy it again.
    """
    first, *others = errors
    if not others:
        return first
    count = f"{len(others)} other file{'s' * (len(others) > 1)} cannot be read, either."
    return type(first)(f"{first.message} {count}", file=first.file, line=first.line, fix=first.fix)
