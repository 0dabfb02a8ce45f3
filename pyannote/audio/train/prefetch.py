"""Batches that are drawn while others are learned from."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


@contextmanager
def prefetched(items: Iterable[T], ahead: int) -> Iterator[Iterator[T]]:
    """Make items in a thread of their own, some ahead of those that are asked for.

    What is drawn at random must depend on its position alone: then the items are those that would come
    without a thread. An error in making an item is raised where that item is asked for. Whatever ends the
    block ends the thread, too, once the item that it is at is made.

    Parameters
    ----------
    items : iterable
        May be endless.
    ahead : int
        Items that wait, or are being made. 0 makes each when it is asked for, and no thread.

    Yields
    ------
    iterator
        The same items, in the same order.

    Examples
    --------
    >>> with prefetched(range(5), ahead=2) as numbers:
    ...     print(list(numbers))
    [0, 1, 2, 3, 4]
    """
    if ahead == 0:
        yield iter(items)
        return
    # a single worker, so that items are made one after the other
    pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="prefetch")
    try:
        yield _through(pool, iter(items), ahead)
    finally:
        pool.shutdown(cancel_futures=True)


def _through(pool: ThreadPoolExecutor, items: Iterator[T], ahead: int) -> Iterator[T]:
    # an item comes in a tuple, which is empty at the end: `next` may not raise StopIteration here
    waiting: deque[Future[tuple[T, ...]]] = deque(pool.submit(_next, items) for _ in range(ahead))
    while item := waiting.popleft().result():
        waiting.append(pool.submit(_next, items))
        yield item[0]


def _next(items: Iterator[T]) -> tuple[T, ...]:
    for item in items:
        return (item,)
    return ()
