"""How the C library hands out memory."""

from __future__ import annotations

import ctypes
import sys

# of malloc.h
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4


def tune_allocator() -> bool:
    """Let this process keep the memory that it has freed, and use it again.

    Each step of a training allocates what the one before has freed. By default, glibc gives large pieces
    back to the system, which must find them, and fill them with zeros, again. Other C libraries are left
    alone.

    Returns
    -------
    bool
        Whether the C library did as it was told.
    """
    if sys.platform != "linux":
        return False
    try:
        library = ctypes.CDLL(None)
        library.gnu_get_libc_version  # noqa: B018  others than glibc have none
        settings = ((_MMAP_MAX, 0), (_TRIM_THRESHOLD, -1), (_TOP_PAD, 1 << 26))
        return all(library.mallopt(name, value) == 1 for name, value in settings)
    except (OSError, AttributeError):
        return False
