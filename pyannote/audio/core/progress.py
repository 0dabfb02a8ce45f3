"""Interface for progress reports of long loops."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

T = TypeVar("T")


class Progress(Protocol):
    """Function that wraps an iterable and may display how much of it has been consumed.

    Examples
    --------
    >>> progress: Progress = silent
    >>> list(progress([1, 2], total=2, description="files"))
    [1, 2]
    """

    def __call__(self, items: Iterable[T], *, total: int, description: str) -> Iterable[T]:
        """Yield the items unchanged, in their order."""


def silent(items: Iterable[T], *, total: int, description: str) -> Iterator[T]:
    """Display no progress.

    Examples
    --------
    >>> list(silent([1, 2], total=2, description="files"))
    [1, 2]
    """
    yield from items
