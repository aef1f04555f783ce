"""How commands tell people how it goes: a bar with rate and time left, and remarks, all on standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from cosegbench.running.request import Tick

_SLOW = 30.0
"""Seconds between two lines where standard error is a file: a log should stay readable."""


class Terminal:
    """Progress bars and remarks on standard error."""

    def remark(self, text: str) -> None:
        """Print a line for people."""
        click.echo(text, err=True)

    @contextmanager
    def progress(self, title: str, total: int, done: int) -> Iterator[Tick]:
        """A bar over images: how many, how fast, how long still."""
        from tqdm import tqdm

        interval = 0.1 if sys.stderr.isatty() else _SLOW
        with tqdm(
            desc=title,
            total=total,
            initial=done,
            unit="image",
            file=sys.stderr,
            mininterval=interval,
            dynamic_ncols=True,
        ) as bar:

            def tick(images: int) -> None:
                bar.update(images)

            yield tick
