"""How long work tells its caller how far it is, without knowing of screens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

T = TypeVar("T")


class Progress(Protocol):
    """Wraps an iterable, and may show how much of it has been consumed."""

    def __call__(self, items: Iterable[T], *, total: int, description: str) -> Iterable[T]:
        """The same items, in the same order."""


def silent(items: Iterable[T], *, total: int, description: str) -> Iterator[T]:
    """Show nothing.

    Examples
    --------
    >>> list(silent([1, 2], total=2, description="files"))
    [1, 2]
    """
    yield from items
