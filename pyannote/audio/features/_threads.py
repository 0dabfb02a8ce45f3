"""Number of threads that compute the features of a recording, and that BLAS uses meanwhile."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from functools import lru_cache
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

MAX_THREADS = 8
"""Largest number of threads for one recording: more are hardly faster, and need more memory."""


def threads_per_recording(parallel: int = 1) -> int:
    """Number of threads for each recording, on the cores that this process may use.

    Parameters
    ----------
    parallel : int
        Number of recordings that are computed at the same time.

    Examples
    --------
    >>> threads_per_recording(parallel=1000)
    1
    """
    from joblib import cpu_count

    return max(1, min(MAX_THREADS, cpu_count() // max(1, parallel)))


class _SingleThread(AbstractContextManager[None]):
    """Limit of BLAS to one thread while at least one thread is inside this context.

    The limit applies to the whole process: two threads that set and restored it independently could do so in
    an order that leaves it set.
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
    """Limit the matrix products of NumPy and SciPy to one thread within a context.

    Matrices of short-term features are small: synchronizing threads would take longer than computing, and
    many times longer while other threads are busy, such as those of torch. The last bits of a product, which
    depend on the number of threads, are then the same on all machines with one type of processor.

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
    import scipy.linalg  # noqa: F401  loads its own BLAS, which must be loaded to be limited
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
