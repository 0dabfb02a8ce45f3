"""Prefetching of batches in a thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


@contextmanager
def prefetched(items: Iterable[T], size: int) -> Iterator[Iterator[T]]:
    """Compute items in a thread before they are requested.

    Random numbers must depend on the position of an item alone: then the items are those of the same loop
    without a thread. An error in an item is raised when that item is requested. The thread ends with the
    block, after the item that it is computing.

    Parameters
    ----------
    items : iterable
        May be endless.
    size : int
        Items that are computed in advance. 0 computes each item when it is requested, without a thread.

    Yields
    ------
    iterator
        The same items, in the same order.

    Examples
    --------
    >>> with prefetched(range(5), size=2) as numbers:
    ...     print(list(numbers))
    [0, 1, 2, 3, 4]
    """
    if size == 0:
        yield iter(items)
        return
    # a single worker computes items one after the other
    pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="prefetch")
    try:
        yield _queued(pool, iter(items), size)
    finally:
        pool.shutdown(cancel_futures=True)


def _queued(pool: ThreadPoolExecutor, items: Iterator[T], size: int) -> Iterator[T]:
    # an item comes in a tuple, which is empty at the end: `next` may not raise StopIteration here
    waiting: deque[Future[tuple[T, ...]]] = deque(pool.submit(_next, items) for _ in range(size))
    while item := waiting.popleft().result():
        waiting.append(pool.submit(_next, items))
        yield item[0]


def _next(items: Iterator[T]) -> tuple[T, ...]:
    for item in items:
        return (item,)
    return ()
