"""The options of ``cosegbench table``, and what was asked with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from cosegbench.cli.completion import complete_datasets, complete_protocols, complete_suites
from cosegbench.cli.output import json_option

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

FORMATS = ("github", "latex", "csv", "json", "html")
"""Kept here so that ``--help`` imports no table code; a test holds them equal to what can be rendered."""

DEFAULT_RESULTS = Path("results")
DEFAULT_RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class TableRequest:
    """One call of ``table``; the fields are its options."""

    results: Path | None
    suite: str | None
    protocols: tuple[str, ...]
    format_: str
    printed: bool
    check: bool
    published: tuple[str, ...]
    ci: bool
    resamples: int | None
    seed: int | None
    measures: bool
    trained_on: str | None
    similarity: Path | None
    rules: bool
    stability: bool
    audit: bool

    @property
    def folder(self) -> Path:
        """Where the records are."""
        return self.results or DEFAULT_RESULTS

    @property
    def draws(self) -> tuple[int, int] | None:
        """Resamples and seed; None without ``--ci``."""
        return (self.resamples or DEFAULT_RESAMPLES, self.seed or 0) if self.ci else None

    def check_together(self) -> None:
        """Refuse settings of an option that was not given.

        Raises:
            click.UsageError: names the option that is missing.
        """
        if not self.ci and (self.resamples is not None or self.seed is not None):
            raise click.UsageError("--resamples and --seed are settings of --ci; give --ci as well.")
        if not self.measures and (self.trained_on or self.similarity):
            raise click.UsageError("--trained-on and --similarity are settings of --measures; give --measures as well.")


def table_options(command: CommandT) -> CommandT:
    """Every option; the command receives the fields of :class:`TableRequest` and ``json_file``."""
    for option in reversed((*_WHICH, *_UNCERTAINTY, *_MORE)):
        command = option(command)
    return json_option(command)


_WHICH = (
    click.option(
        "--results",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        help="Folder with the records of `run` and `score`.  [default: results]",
    ),
    click.option(
        "--suite",
        metavar="SUITE",
        shell_complete=complete_suites,
        help="Only the columns of this suite.  [default: every suite with records]",
    ),
    click.option(
        "--protocol",
        "protocols",
        multiple=True,
        metavar="NAME",
        shell_complete=complete_protocols,
        help="Rule of the measured figures; repeatable.  [default: standard, and coseg-authors where measured]",
    ),
    click.option(
        "--format", "format_", type=click.Choice(FORMATS), default="github", show_default=True, help="Format."
    ),
    click.option("--printed/--no-printed", default=True, show_default=True, help="Begin with the paper's own table."),
    click.option(
        "--check/--no-check",
        default=True,
        show_default=True,
        help="Compute every figure again from the evidence beside its record; a difference is an error.",
    ),
    click.option(
        "--published",
        multiple=True,
        metavar="SELECTION",
        help="Add rows of published figures, marked as such: sota, table1, all, or a method of the ledger; repeatable.",
    ),
)

_UNCERTAINTY = (
    click.option(
        "--ci",
        is_flag=True,
        help="Put the 95% interval beside each measured figure, and mark ties with the best.",
    ),
    click.option(
        "--resamples",
        type=click.IntRange(min=1),
        default=None,
        help=f"Bootstrap resamples of --ci.  [default: {DEFAULT_RESAMPLES}]",
    ),
    click.option(
        "--seed", type=click.IntRange(min=0), default=None, help="Of --ci; equal seeds, equal output.  [default: 0]"
    ),
)

_MORE = (
    click.option(
        "--measures",
        is_flag=True,
        help="Add what mIoU hides: void, accuracies, worst images, seen and unseen, things and stuff, label sets.",
    ),
    click.option(
        "--trained-on",
        metavar="DATASET",
        shell_complete=complete_datasets,
        help="Of --measures: its classes count as seen.  [default: what the predictors state]",
    ),
    click.option(
        "--similarity",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Of --measures: a matrix of `vocabulary similarity` for open mIoU.  [default: the concept table]",
    ),
    click.option("--rules", is_flag=True, help="Add each predictor under every rule that its kept evidence answers."),
    click.option("--stability", is_flag=True, help="Add under how many rules the order of each two predictors holds."),
    click.option(
        "--audit", is_flag=True, help="Add the paper's table cell by cell: what each figure is, verdict, source."
    ),
)
