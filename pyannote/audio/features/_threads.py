"""How many threads compute a recording, and with how many libraries multiply matrices."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from functools import lru_cache
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

MOST = 8
"""Threads beyond which one recording gains little, and needs more memory."""


def threads_of_one(at_once: int = 1) -> int:
    """Threads for each of some recordings at once, on the cores that this process may use."""
    from joblib import cpu_count

    return max(1, min(MOST, cpu_count() // max(1, at_once)))


class _SingleThread(AbstractContextManager[None]):
    """Limits BLAS from when the first one asks for it until the last one is done.

    The limit is one of the whole process: two threads that set and restored it on their own would take turns
    in such an order that it stayed.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0

    def __enter__(self) -> None:
        with self._lock:
            if self._users == 0:
                self._limit = _libraries().limit(limits=1, user_api="blas")
            self._users += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                self._limit.restore_original_limits()


_SINGLE_THREAD = _SingleThread()


def single_blas_thread() -> AbstractContextManager[None]:
    """Let NumPy and SciPy multiply matrices in one thread.

    Matrices of short-term features are small: threads would wait for each other longer than they compute,
    and many times longer while other threads are at work, such as those of torch. The last bits of a product,
    which depend on the number of threads, are then the same on all machines of a kind.

    Examples
    --------
    >>> import numpy as np
    >>> with single_blas_thread():
    ...     print(np.ones((2, 3)) @ np.ones(3))
    [3. 3.]
    """
    return _SINGLE_THREAD


@lru_cache(maxsize=1)
def _libraries() -> ThreadpoolController:
    import scipy.linalg  # noqa: F401  brings a BLAS of its own, which must be there to be found
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
