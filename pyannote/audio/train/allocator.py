"""Settings of the memory allocator of the C library."""

from __future__ import annotations

import ctypes
import sys

# names of parameters in malloc.h
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4


def tune_allocator() -> bool:
    """Let this process keep freed memory and use it again.

    Each step of a training allocates memory that the step before has freed. By default, glibc returns large
    blocks to the system, which must map and zero them again. Other C libraries are left unchanged.

    Returns
    -------
    bool
        Whether the C library has accepted all settings.

    References
    ----------
    mallopt(3), Linux manual pages.

    Examples
    --------
    >>> tune_allocator() in (True, False)
    True
    """
    if sys.platform != "linux":
        return False
    try:
        library = ctypes.CDLL(None)
        library.gnu_get_libc_version  # noqa: B018  other C libraries have no such function
        settings = ((_MMAP_MAX, 0), (_TRIM_THRESHOLD, -1), (_TOP_PAD, 1 << 26))
        return all(library.mallopt(name, value) == 1 for name, value in settings)
    except (OSError, AttributeError):
        return False
