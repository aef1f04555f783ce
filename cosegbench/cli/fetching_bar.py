"""How a fetch goes, on standard error: remarks as lines, and a bar where somebody watches."""

from __future__ import annotations

import sys
from typing import Any

import click


class Bar:
    """One bar at a time; see :class:`cosegbench.fetching.Progress`."""

    def __init__(self) -> None:
        self._bar: Any = None

    def remark(self, text: str) -> None:
        """A line above the bar."""
        from tqdm import tqdm

        with tqdm.external_write_mode(file=sys.stderr):
            click.echo(text, err=True)

    def start(self, what: str, total: int | None, unit: str, done: int = 0) -> None:
        """A new bar."""
        from tqdm import tqdm

        self._bar = tqdm(
            desc=what, total=total, initial=done, unit=unit, unit_scale=unit == "B", file=sys.stderr, disable=None,
            leave=False,
        )  # fmt: skip

    def advance(self, units: int) -> None:
        """Move it."""
        if self._bar is not None:
            self._bar.update(units)

    def stop(self) -> None:
        """Take it away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
