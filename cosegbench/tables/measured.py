"""Table 1's columns as measured here, one table a suite and protocol."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from cosegbench.protocols import list_protocols
from cosegbench.tables.columns import Column, columns_of
from cosegbench.tables.figures import Figure, short
from cosegbench.tables.grid import Cell, Grid, Notes, Row

DEFAULT_PROTOCOLS = ("standard", "coseg-authors")
"""The default column, and the rule of the paper's own rows; each is shown where records have it."""

OTHER = "other data sets"
"""Heading of what belongs to no suite."""

_REFERENCE = "a reference that gives the scale ({}), not a system"


def measured_grids(
    figures: Sequence[Figure],
    suites: Mapping[str, Sequence[str]],
    suite: str | None = None,
    protocols: Sequence[str] = (),
) -> tuple[Grid, ...]:
    """One table for each suite and protocol that has a figure.

    Args:
        figures: as :func:`cosegbench.tables.figures.read_figures` gives them.
        suites: suite -> ids of its data sets, in the order of the columns.
        suite: only this one; by default every suite that has a figure, then the data sets that are in none.
        protocols: only these; by default :data:`DEFAULT_PROTOCOLS`.
    """
    wanted = {suite: suites[suite]} if suite else {**suites, OTHER: _others(figures, suites)}
    grids = (
        _grid(name, datasets, protocol, [figure for figure in figures if figure.protocol == protocol])
        for name, datasets in wanted.items()
        for protocol in dict.fromkeys(protocols or DEFAULT_PROTOCOLS)
    )
    return tuple(grid for grid in grids if grid is not None)


def _others(figures: Iterable[Figure], suites: Mapping[str, Sequence[str]]) -> list[str]:
    known = {dataset for datasets in suites.values() for dataset in datasets}
    return sorted({figure.dataset for figure in figures} - known)


def _grid(suite: str, datasets: Sequence[str], protocol: str, figures: Sequence[Figure]) -> Grid | None:
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
    rows = tuple(_row(name, columns, notes) for name in _names(here))
    remarks += _about(protocol)
    remarks += [column.describe() for column in columns if column.figures]
    remarks += [_describe_row(name, here) for name in _names(here)]
    headings = tuple(column.heading for column in columns)
    title = f"As measured here: {suite}, protocol {protocol} (mIoU in percent)"
    return Grid(f"measured/{suite}/{protocol}", title, "Predictor", headings, rows, notes.all(), tuple(remarks))


def _about(name: str) -> list[str]:
    """What the protocol is, in its own words; nothing where another version measured under a name that is gone."""
    found = [protocol for protocol in list_protocols() if protocol.name == name]
    return [line for protocol in found for line in (f"{name}: {protocol.summary}.", *protocol.notes)]


def _names(figures: Sequence[Figure]) -> list[str]:
    """Row names: systems first, then references, each by name."""
    return [name for _, name in sorted({(bool(figure.reference), figure.name) for figure in figures})]


def _row(name: str, columns: Sequence[Column], notes: Notes) -> Row:
    figures = [column.figure(name) for column in columns]
    first = next(figure for figure in figures if figure is not None)
    marks = notes.marks([_REFERENCE.format(first.reference)] if first.reference else [])
    cells = tuple(Cell() if figure is None else _cell(figure, notes) for figure in figures)
    return Row(name, cells, marks, {"reference": first.reference or None})


def _cell(figure: Figure, notes: Notes) -> Cell:
    texts = list(figure.remarks)
    if figure.limit is not None:
        texts.append(
            f"incomplete: only the first {figure.images} images; comparable only with figures over the same ones"
        )
    if figure.tuned:
        texts.append("tuned on this data set's own labels")
    if figure.miou is None:
        texts.append("measured, but no class could be averaged")
    facts = {
        "protocol": figure.protocol,
        "dataset": figure.dataset,
        "complete": figure.limit is None,
        "classes_averaged": figure.averaged,
        "classes": figure.classes,
        "images": figure.images,
        "evaluation_digest": figure.evaluation,
        "method_digest": figure.method,
        "column_digest": figure.column_key,
        "weights_digest": figure.weights,
    }
    return Cell(figure.miou, notes.marks(texts), facts)


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
