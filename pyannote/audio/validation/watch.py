"""Epochs to validate, while they are made or afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator


def watch(
    available: Callable[[], list[int]],
    running: Callable[[], bool],
    done: set[int],
    first: int = 0,
    last: int | None = None,
    every: int = 1,
    newest_first: bool = False,
    poll: float = 1.0,
) -> Iterator[int]:
    """Epochs in the order in which they are to be validated.

    Ends when `last` is reached, or when no training is running and all is validated.

    Parameters
    ----------
    available : callable
        Gives the epochs that exist, in rising order.
    running : callable
        Tells whether more may come.
    done : set of int
        Epochs that need no validation.
    first, last : int
        Range of epochs, both included.
    every : int
        Validate each epoch whose number is a multiple of it.
    newest_first : bool
        Take the newest epoch that is left, instead of the oldest.
    poll : float
        Seconds between two looks.

    Yields
    ------
    int
        An epoch.

    Examples
    --------
    >>> list(watch(lambda: [1, 2, 3, 4], lambda: False, done={1}, every=1))
    [2, 3, 4]
    >>> list(watch(lambda: [1, 2, 3, 4], lambda: False, done=set(), every=2, newest_first=True))
    [4, 2]
    """
    seen = set(done)
    while True:
        # asked before looking: an epoch that is saved in between is then not missed
        more = running()
        left = [
            epoch
            for epoch in available()
            if epoch not in seen and epoch >= first and (last is None or epoch <= last) and epoch % every == 0
        ]
        if left:
            epoch = left[-1] if newest_first else left[0]
            seen.add(epoch)
            yield epoch
        elif not more or (last is not None and any(epoch >= last for epoch in available())):
            return
        else:
            time.sleep(poll)
