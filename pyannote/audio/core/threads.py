"""Parallel processing in threads, with results in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Sized
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def in_order(
    function: Callable[[_Item], _Result], items: Iterable[_Item], threads: int = 1
) -> Generator[_Result, None, None]:
    """Yield the result of a function for each item, in the order of the items.

    At most `threads` results wait in memory. If an item fails, all threads have ended when its error is
    raised.

    Parameters
    ----------
    function : callable
        Called with one item, in a thread.
    items : iterable
        The calling thread takes them, as there is room.
    threads : int
        Items that are processed at once; below 2 in the calling thread.

    Examples
    --------
    >>> list(in_order(abs, [-1, 2, -3], threads=2))
    [1, 2, 3]
    """
    if threads < 2 or (isinstance(items, Sized) and len(items) < 2):
        yield from map(function, items)
        return
    waiting: deque[Future[_Result]] = deque()
    pool = ThreadPoolExecutor(threads)
    try:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
