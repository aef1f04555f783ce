"""What a run starts on the cores that it may use, where nobody says."""

from __future__ import annotations

from cosegbench.cores import available_cores

MOST_THREADS = 32
"""Threads that a network is computed on by default: one image's layers are too small to share among more."""

MOST_READERS = 8
"""Threads that read images: decoding holds the interpreter for a part of its time, so that more gain nothing."""


def default_threads() -> int:
    """Threads of a run where nobody says: the cores that it may use, at most 32."""
    return min(available_cores(), MOST_THREADS)


def reader_threads(threads: int) -> int:
    """Threads that read images beside ``threads`` that compute; they wait for the disk for most of their time."""
    return max(1, min(threads, MOST_READERS))
