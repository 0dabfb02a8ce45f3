"""Order in which epochs are validated, during or after a training."""

from __future__ import annotations

import math
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
    """Iterate over epochs to validate, and wait for new ones while a training is running.

    The iteration ends when `last` is reached, or when no training is running and no epoch is left.

    Parameters
    ----------
    available : callable
        Returns the existing epochs, in rising order.
    running : callable
        Whether a training that may save more epochs is running.
    done : set of int
        Validated epochs.
    first, last : int
        Range of epochs, both included.
    every : int
        Validate each epoch whose number is a multiple of this.
    newest_first : bool
        Take the newest remaining epoch instead of the oldest.
    poll : float
        Seconds between two checks.

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
    started = set(done)
    end = math.inf if last is None else last
    while True:
        # checked before the epochs are listed, so that an epoch saved in between is not missed
        more = running()
        remaining = [
            epoch
            for epoch in available()
            if epoch not in started
            and epoch >= first
            and (last is None or epoch <= last)
            and epoch % every == 0
        ]
        if remaining:
            epoch = remaining[-1] if newest_first else remaining[0]
            started.add(epoch)
            yield epoch
        elif not more or any(epoch >= end for epoch in available()):
            return
        else:
            time.sleep(poll)
