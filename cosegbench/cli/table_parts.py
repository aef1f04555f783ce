"""The parts of which ``cosegbench table`` is put together, each a list of tables; remarks go to standard error."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from cosegbench.cli.table_options import TableRequest
from cosegbench.records import Record
from cosegbench.suites import SUITES, suite_datasets
from cosegbench.tables.figures import Figure, figures_of, read_records
from cosegbench.tables.grid import Grid
from cosegbench.tables.ledger import PublishedFigure

Records = Sequence[tuple[Path, Record]]


def published_figures(request: TableRequest) -> tuple[PublishedFigure, ...]:
    """What ``--published`` selects of the ledger.

    Raises:
        UnknownNameError: no such selection.
    """
    if not request.published:
        return ()
    from cosegbench.tables.selections import select

    return select(request.published)


def printed(request: TableRequest) -> list[Grid]:
    """The paper's table, and the audit of its cells with what one log gives under two rules."""
    grids: list[Grid] = []
    if request.printed:
        from cosegbench.tables.table1 import printed_grid

        grids.append(printed_grid())
    if request.audit:
        from cosegbench.tables.anchors import anchor_grid
        from cosegbench.tables.audit import audit_grid

        grids += [audit_grid(), anchor_grid()]
    return grids


def read(request: TableRequest) -> Records:
    """Every record of the folder, after refusing names that nothing bears."""
    if request.suite is not None:
        suite_datasets(request.suite)
    _check_protocols(request.protocols)
    records = read_records(request.folder) if request.folder.is_dir() else ()
    if request.check:
        _prove(records)
    return records


def measured(request: TableRequest, records: Records, published: Sequence[PublishedFigure]) -> list[Grid]:
    """The measured figures, published ones below them; published ones without a measured column come last."""
    from cosegbench.tables.measured import measured_grids
    from cosegbench.tables.uncertainty import Uncertainty

    figures = figures_of((path.parent.name, record) for path, record in records)
    drawn = Uncertainty(records, *request.draws) if request.draws else None
    grids = measured_grids(figures, SUITES, request.suite, request.protocols, drawn, published)
    _remark(request, grids, figures, bool(published))
    return [*grids, *_without_column(request, grids, published)]


def hidden(request: TableRequest, records: Records) -> list[Grid]:
    """What mIoU hides."""
    from cosegbench.tables.measures import Draws, measure_grids
    from cosegbench.tables.settings import Declared

    declared = Declared(request.trained_on or "", request.similarity)
    draws = Draws(*request.draws) if request.draws else None
    grids, problems = measure_grids(records, SUITES, request.suite, declared, draws)
    for problem in problems:
        click.echo(problem, err=True)
    if not grids and not problems:
        click.echo(f"No record in {request.folder} keeps label maps' counts (channel pairs) to measure.", err=True)
    return list(grids)


def under_every_rule(request: TableRequest, records: Records) -> list[Grid]:
    """``--rules`` and ``--stability``."""
    from cosegbench.tables.answers import answer
    from cosegbench.tables.rules import rule_grids
    from cosegbench.tables.stability import stability_grids

    answers = answer(records)
    for problem in answers.outcome.problems:
        click.echo(problem, err=True)
    grids = [*rule_grids(answers, SUITES, request.suite)] if request.rules else []
    return [*grids, *stability_grids(answers.figures, SUITES, request.suite)] if request.stability else grids


def _without_column(request: TableRequest, grids: Sequence[Grid], published: Sequence[PublishedFigure]) -> list[Grid]:
    """Published figures of the views of the suite, or of all, that no measured table has a column for."""
    from cosegbench.tables.published import published_grid

    shown = {column.partition(" #")[0] for grid in grids for column in grid.columns}
    views = suite_datasets(request.suite) if request.suite else tuple({figure.view for figure in published})
    rest = [figure for figure in published if figure.view in views and figure.view not in shown]
    if outside := sorted({figure.view for figure in published} - set(views)):
        click.echo(f"Published figures of other views than suite {request.suite}'s: {', '.join(outside)}.", err=True)
    grid = published_grid(rest)
    return [grid] if grid else []


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


def _remark(request: TableRequest, grids: Sequence[Grid], figures: Sequence[Figure], quoted: bool) -> None:
    """Say on standard error what was asked for and is not there."""
    shown = {grid.key.rpartition("/")[2] for grid in grids}
    where = f" of suite {request.suite}" if request.suite else ""
    if not grids and not request.protocols and not quoted:
        attempt = f"cosegbench run --predictor coseg-prefix --suite {request.suite or 'miniature'}"
        click.echo(
            f"No record{where} lies in {request.folder} (--results names another folder). To make one: {attempt}",
            err=True,
        )
    measured_under = ", ".join(sorted({figure.protocol for figure in figures})) or "none"
    for protocol in request.protocols:
        if protocol not in shown:
            click.echo(f"No record{where} holds a figure under {protocol!r}. Records hold: {measured_under}.", err=True)
