"""Telling people that a long preparation is under way."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

_T = TypeVar("_T")

EVERY = 10.0
"""Seconds between two lines."""


def told(items: Iterable[_T], total: int, what: str, log: Callable[[str], None]) -> Iterator[_T]:
    """``items``, with a line at the start and every ten seconds: how many of ``total`` are done.

    Args:
        items: to pass on.
        total: how many there are.
        what: what is done with them, for instance ``"pictures read"``.
        log: receives the lines.
    """
    log(f"0 of {total} {what}")
    last = time.monotonic()
    for done, item in enumerate(items, start=1):
        yield item
        if time.monotonic() - last > EVERY and done < total:
            last = time.monotonic()
            log(f"{done} of {total} {what}")


def in_words(facts: dict[str, float]) -> str:
    """``{"label_recall": 0.5}`` as ``"label recall 0.5"``."""
    return ", ".join(f"{'mIoU' if name == 'miou' else name.replace('_', ' ')} {value}" for name, value in facts.items())
