"""``cosegbench table``: Table 1 as printed, and as measured here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cosegbench.cli.completion import complete_protocols, complete_suites
from cosegbench.cli.output import emit, json_option

if TYPE_CHECKING:
    from cosegbench.records import Record
    from cosegbench.tables.grid import Grid
    from cosegbench.tables.uncertainty import Uncertainty

    Records = Sequence[tuple[Path, Record]]

FORMATS = ("github", "latex", "csv", "json", "html")
"""Kept here so that ``--help`` imports no table code; a test holds them equal to what can be rendered."""

DEFAULT_RESULTS = Path("results")
DEFAULT_RESAMPLES = 1000

EXAMPLES = """
\b
Examples:
  cosegbench table
  cosegbench table --no-printed --suite miniature --protocol standard --protocol mmseg
  cosegbench table --format latex > table1.tex
  cosegbench table --no-printed --results results/run --ci --resamples 2000
  cosegbench table --no-printed --results results/run --rules --stability --suite miniature
  cosegbench table --audit
"""


@click.command("table", epilog=EXAMPLES)
@click.option(
    "--results",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with the records of `run` and `score`.  [default: results]",
)
@click.option(
    "--suite",
    metavar="SUITE",
    shell_complete=complete_suites,
    help="Only the columns of this suite.  [default: every suite with records]",
)
@click.option(
    "--protocol",
    "protocols",
    multiple=True,
    metavar="NAME",
    shell_complete=complete_protocols,
    help="Rule of the measured figures; repeatable.  [default: standard, and coseg-authors where measured]",
)
@click.option("--format", "format_", type=click.Choice(FORMATS), default="github", show_default=True, help="Format.")
@click.option("--printed/--no-printed", default=True, show_default=True, help="Begin with the paper's own table.")
@click.option(
    "--check/--no-check",
    default=True,
    show_default=True,
    help="Compute every figure again from the evidence beside its record; a difference is an error.",
)
@click.option(
    "--ci",
    is_flag=True,
    help="Put the 95% interval beside each measured figure, and mark ties with the best.",
)
@click.option(
    "--resamples",
    type=click.IntRange(min=1),
    default=None,
    help=f"Bootstrap resamples of --ci.  [default: {DEFAULT_RESAMPLES}]",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=None, help="Of --ci; equal seeds, equal output.  [default: 0]"
)
@click.option("--rules", is_flag=True, help="Add each predictor under every rule that its kept evidence answers.")
@click.option("--stability", is_flag=True, help="Add under how many rules the order of each two predictors holds.")
@click.option("--audit", is_flag=True, help="Add the paper's table cell by cell: what each figure is, verdict, source.")
@json_option
def command(
    *,
    results: Path | None,
    suite: str | None,
    protocols: tuple[str, ...],
    format_: str,
    printed: bool,
    check: bool,
    ci: bool,
    resamples: int | None,
    seed: int | None,
    rules: bool,
    stability: bool,
    audit: bool,
    json_file: str | None,
) -> None:
    """Print Table 1: as the paper prints it, and as measured.

    Every printed figure that is not what its row or column says is marked and explained. Measured figures share a
    column only where rule and ground truth are the same. Equal records give equal tables: no date, path or speed.
    """
    from cosegbench.tables.render import as_document, render

    if not ci and (resamples is not None or seed is not None):
        raise click.UsageError("--resamples and --seed are settings of --ci; give --ci as well.")
    grids: list[Grid] = []
    if printed:
        from cosegbench.tables.table1 import printed_grid

        grids.append(printed_grid())
    if audit:
        from cosegbench.tables.audit import audit_grid

        grids.append(audit_grid())
    folder = results or DEFAULT_RESULTS
    records = _records(folder, suite, protocols, check)
    grids += _measured(
        records,
        folder,
        suite,
        protocols,
        _uncertainty(records, resamples or DEFAULT_RESAMPLES, seed or 0) if ci else None,
    )
    if rules or stability:
        grids += _under_every_rule(records, suite, rules, stability)
    emit(render(grids, format_).removesuffix("\n"), as_document(grids), json_file)


def _records(folder: Path, suite: str | None, protocols: Sequence[str], check: bool) -> Records:
    """Every record of the folder, after refusing names that nothing bears."""
    from cosegbench.suites import suite_datasets
    from cosegbench.tables.figures import read_records

    if suite is not None:
        suite_datasets(suite)
    _check_protocols(protocols)
    records = read_records(folder) if folder.is_dir() else ()
    if check:
        _prove(records)
    return records


def _measured(
    records: Records, folder: Path, suite: str | None, protocols: Sequence[str], uncertainty: Uncertainty | None
) -> Sequence[Grid]:
    from cosegbench.suites import SUITES
    from cosegbench.tables.figures import figures_of
    from cosegbench.tables.measured import measured_grids

    figures = figures_of((path.parent.name, record) for path, record in records)
    grids = measured_grids(figures, SUITES, suite, protocols, uncertainty)
    _remark(grids, folder, suite, protocols, sorted({figure.protocol for figure in figures}))
    return grids


def _uncertainty(records: Records, resamples: int, seed: int) -> Uncertainty:
    from cosegbench.tables.uncertainty import Uncertainty

    return Uncertainty(records, resamples, seed)


def _under_every_rule(records: Records, suite: str | None, rules: bool, stability: bool) -> list[Grid]:
    from cosegbench.suites import SUITES
    from cosegbench.tables.answers import answer
    from cosegbench.tables.rules import rule_grids
    from cosegbench.tables.stability import stability_grids

    answers = answer(records)
    for problem in answers.outcome.problems:
        click.echo(problem, err=True)
    grids = [*rule_grids(answers, SUITES, suite)] if rules else []
    return [*grids, *stability_grids(answers.figures, SUITES, suite)] if stability else grids


def _check_protocols(names: Sequence[str]) -> None:
    """Refuse an unknown protocol before any record is read."""
    if names:
        from cosegbench.protocols import get_protocol

        for name in names:
            get_protocol(name)


def _prove(records: Records) -> None:
    """Compare every record with its evidence, and say on standard error which have none."""
    from cosegbench.tables.proof import prove

    if alone := prove(records):
        click.echo(
            f"{len(alone)} of {len(records)} records have no evidence beside them, {alone[0]} among them; their "
            "figures are printed as they stand.",
            err=True,
        )


def _remark(
    grids: Sequence[Grid], folder: Path, suite: str | None, protocols: Sequence[str], measured: Sequence[str]
) -> None:
    """Say on standard error what was asked for and is not there."""
    shown = {grid.key.rpartition("/")[2] for grid in grids}
    where = f" of suite {suite}" if suite else ""
    if not grids and not protocols:
        attempt = f"cosegbench run --predictor coseg-prefix --suite {suite or 'miniature'}"
        click.echo(
            f"No record{where} lies in {folder} (--results names another folder). To make one: {attempt}", err=True
        )
    for protocol in protocols:
        if protocol not in shown:
            known = ", ".join(measured) or "none"
            click.echo(f"No record{where} holds a figure under {protocol!r}. Records hold: {known}.", err=True)
