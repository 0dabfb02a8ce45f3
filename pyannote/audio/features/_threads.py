"""How many threads libraries compute with."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController


def single_blas_thread() -> AbstractContextManager[object]:
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
    limits: AbstractContextManager[object] = _libraries().limit(limits=1, user_api="blas")
    return limits


@lru_cache(maxsize=1)
def _libraries() -> ThreadpoolController:
    import scipy.linalg  # noqa: F401  brings a BLAS of its own, which must be there to be found
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
