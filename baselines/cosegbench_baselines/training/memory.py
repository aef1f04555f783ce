"""Freed memory is kept for the next layer: by default glibc gives large blocks back to the kernel at once."""

from __future__ import annotations

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
"""Parameters of ``mallopt``, from glibc's ``malloc.h``."""

_LARGEST = 2**31 - 1


def keep_freed_memory() -> bool:
    """Let this process keep the memory that tensors on the CPU free; returns whether that could be arranged.

    A step allocates and frees the same tensors of some 10 to 1000 MB again and again. glibc maps each anew, and the
    kernel clears it page by page: a seventh of a step at ViT-B/16, measured. No result depends on it. The process holds
    on to its peak until it ends, which for a training is nearly so anyway.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:  # another C library
        return False
    # No block of its own for any size, and no giving back at the end of the heap.
    return bool(mallopt(_MMAP_MAX, 0)) and bool(mallopt(_TRIM_THRESHOLD, _LARGEST))
