"""Table 1's columns as measured here, one table a suite and protocol."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from cosegbench.protocols import list_protocols
from cosegbench.tables.cells import REFERENCE, figure_cell, interval_cell, row_names
from cosegbench.tables.columns import Column, columns_of
from cosegbench.tables.figures import Figure, short
from cosegbench.tables.grid import Cell, Grid, Notes, Row
from cosegbench.tables.published import published_rows

if TYPE_CHECKING:
    from cosegbench.tables.ledger import PublishedFigure
    from cosegbench.tables.uncertainty import Spread, Uncertainty

DEFAULT_PROTOCOLS = ("standard", "coseg-authors")
"""The default column, and the rule of the paper's own rows; each is shown where records have it."""

OTHER = "other data sets"
"""Heading of what belongs to no suite."""


def measured_grids(
    figures: Sequence[Figure],
    suites: Mapping[str, Sequence[str]],
    suite: str | None = None,
    protocols: Sequence[str] = (),
    uncertainty: Uncertainty | None = None,
    published: Sequence[PublishedFigure] = (),
) -> tuple[Grid, ...]:
    """One table for each suite and protocol that has a figure.

    Args:
        figures: as :func:`cosegbench.tables.figures.read_figures` gives them.
        suites: suite -> ids of its data sets, in the order of the columns.
        suite: only this one; by default every suite that has a figure, then the data sets that are in none.
        protocols: only these; by default :data:`DEFAULT_PROTOCOLS`.
        uncertainty: of the same records; each figure then gets its interval, and ties are marked.
        published: figures of the ledger; those of a view that is a column get rows below the measured ones.
    """
    grids = (
        _grid(
            name,
            datasets,
            protocol,
            [figure for figure in figures if figure.protocol == protocol],
            uncertainty,
            published,
        )
        for name, datasets in shown_suites(figures, suites, suite).items()
        for protocol in dict.fromkeys(protocols or DEFAULT_PROTOCOLS)
    )
    return tuple(grid for grid in grids if grid is not None)


def shown_suites(
    figures: Sequence[Figure], suites: Mapping[str, Sequence[str]], suite: str | None
) -> Mapping[str, Sequence[str]]:
    """The one suite, or all of them and the data sets that are in none."""
    return {suite: suites[suite]} if suite else {**suites, OTHER: _others(figures, suites)}


def _others(figures: Iterable[Figure], suites: Mapping[str, Sequence[str]]) -> list[str]:
    known = {dataset for datasets in suites.values() for dataset in datasets}
    return sorted({figure.dataset for figure in figures} - known)


def _grid(
    suite: str,
    datasets: Sequence[str],
    protocol: str,
    figures: Sequence[Figure],
    uncertainty: Uncertainty | None,
    published: Sequence[PublishedFigure],
) -> Grid | None:
    here = [figure for figure in figures if figure.dataset in datasets]
    if not here:
        return None
    columns: list[Column] = []
    remarks: list[str] = []
    for dataset in datasets:
        found, remark = columns_of(dataset, [figure for figure in here if figure.dataset == dataset])
        columns += found or (Column(dataset, dataset, ()),)
        remarks += [remark] if remark else []
    notes = Notes()
    maker = _Cells(notes, columns, uncertainty)
    rows = tuple(_row(name, columns, notes, maker) for name in row_names(here))
    quoted, about = published_rows(published, columns, notes)
    remarks += [*about, *maker.remarks]
    remarks += _about(protocol)
    remarks += [column.describe() for column in columns if column.figures]
    remarks += [_describe_row(name, here) for name in row_names(here)]
    headings = tuple(column.heading for column in columns)
    title = f"As measured here: {suite}, protocol {protocol} (mIoU in percent)"
    return Grid(
        f"measured/{suite}/{protocol}", title, "Predictor", headings, (*rows, *quoted), notes.all(), tuple(remarks)
    )


def _about(name: str) -> list[str]:
    """What the protocol is, in its own words; nothing where another version measured under a name that is gone."""
    found = [protocol for protocol in list_protocols() if protocol.name == name]
    return [line for protocol in found for line in (f"{name}: {protocol.summary}.", *protocol.notes)]


def _row(name: str, columns: Sequence[Column], notes: Notes, maker: _Cells) -> Row:
    figures = [column.figure(name) for column in columns]
    first = next(figure for figure in figures if figure is not None)
    marks = notes.marks([REFERENCE.format(first.reference)] if first.reference else [])
    cells = tuple(maker.cell(column, figure) for column, figure in zip(columns, figures, strict=True))
    return Row(name, cells, marks, {"reference": first.reference or None})


class _Cells:
    """Makes the cells of one table, with intervals where they are asked for."""

    def __init__(self, notes: Notes, columns: Sequence[Column], uncertainty: Uncertainty | None) -> None:
        self._notes = notes
        self._uncertainty = uncertainty
        self._spreads: dict[str, Mapping[str, Spread]] = {}
        self.remarks: list[str] = []
        if uncertainty is not None:
            self.remarks.append(uncertainty.describe())
            for column in columns:
                self._spreads[column.heading], remarks = uncertainty.column(column)
                self.remarks += remarks

    def cell(self, column: Column, figure: Figure | None) -> Cell:
        """The cell of one figure; a dash for None."""
        if figure is None:
            return Cell()
        if self._uncertainty is None:
            return figure_cell(figure, self._notes)
        return interval_cell(figure, self._notes, self._spreads[column.heading].get(figure.name), self._uncertainty)


def _describe_row(name: str, figures: Sequence[Figure]) -> str:
    """One line: what belongs to the row and not to the column."""
    own = [figure for figure in figures if figure.name == name]
    methods = ", ".join(sorted({short(figure.method) for figure in own}))
    weights = ", ".join(sorted({short(figure.weights) for figure in own if figure.weights})) or "none stated"
    options = sorted({f"{key}={_plain(value)}" for figure in own for key, value in _options(figure)})
    given = f"; set: {', '.join(options)}" if options else ""
    return f"{name}: method {methods}, weights {weights}{given}."


def _options(figure: Figure) -> list[tuple[str, object]]:
    """The options given, without the machine's and without the weights, whose digest says more."""
    return [(key, value) for key, value in figure.given.items() if key not in ("device", "weights")]


def _plain(value: object) -> str:
    """An option's value, but never a path: a table must not depend on the machine."""
    text = str(value)
    return "(a path)" if "/" in text or "\\" in text else text
