"""Whether two printed figures of one column may stand side by side, decided from what the ledger says of both."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cosegbench.report.view import Cell, Column, Row, Table, listed, percent
from cosegbench.tables.printed import VERDICTS, PrintedCell, PrintedTable

UNSTATED = "unstated"
"""What the ledger writes where a source leaves something open."""

ASKED = (("CoSeg prefix", "PC-459"), ("SAN", "PC-459"))
"""The pair that a reader of the paper's Table 1 meets first: its highest and its best-documented Context-459 figure."""

_WHOLE = "IoU of each class over the whole data set, the model choosing among all names; mean over "

AVERAGING_WORDS = {
    "gt": f"{_WHOLE}the classes with ground truth",
    "gt-or-prediction": f"{_WHOLE}the classes with ground truth or prediction",
    "all": f"{_WHOLE}all classes, absent ones as 0",
    "oracle-by-image": "The ground truth says which classes an image holds; each gets the mask nearest to its name, "
    "and that mask's IoU is averaged over the image's true classes, then over images. A class that is named wrongly "
    "costs nothing",
    UNSTATED: "Its source does not say how it was averaged",
}
"""Averaging of the ledger -> what the figure is, in words."""


@dataclass(frozen=True, slots=True)
class Beside:
    """Two printed cells of one column.

    Args:
        first: one.
        second: the other.
        reasons: in what they differ that must agree, ``averaging`` or ``view``; empty where nothing forbids comparing.
    """

    first: PrintedCell
    second: PrintedCell
    reasons: tuple[str, ...]


def beside(first: PrintedCell, second: PrintedCell) -> Beside:
    """Compare what the ledger says of two cells: view, averaging rule, and method.

    Figures may be compared only where view and averaging agree, and ``unstated`` agrees with nothing.
    """
    differ = [name for name in ("averaging", "view") if _differ(getattr(first, name), getattr(second, name))]
    return Beside(first, second, tuple(differ))


def _differ(first: str, second: str) -> bool:
    return first != second or UNSTATED in first


def question(found: Beside) -> str:
    """As a reader of the printed table would ask it."""
    one, other = (f"{figure_of(cell)} of {cell.row}" for cell in (found.first, found.second))
    return f"Table 1 of the paper, column {found.first.column}: can {one} stand beside {other}?"


def sentence(found: Beside) -> str:
    """The answer in a sentence."""
    one, other = (f"{figure_of(cell)} ({cell.row})" for cell in (found.first, found.second))
    column = found.first.column
    if not found.reasons:
        return (
            f"Yes. The paper prints {one} and {other} in one column, {column}; by the ledger, averaging and view agree."
        )
    return (
        f"No. The paper prints {one} and {other} in one column, {column} (`{found.first.view}`), but they differ in "
        f"{listed(found.reasons)}: they are two quantities, and neither is above the other."
    )


def points(found: Beside) -> tuple[str, ...]:
    """What each of the two figures is, a line each."""
    return tuple(
        f"{figure_of(cell)}, {cell.row}: {cell.what}. {AVERAGING_WORDS.get(cell.averaging, cell.averaging)}."
        for cell in (found.first, found.second)
    )


def facts_table(found: Beside, table: PrintedTable) -> Table:
    """Both cells, fact by fact."""
    cells = found.first, found.second
    lines: Sequence[tuple[str, Iterable[str]]] = (
        ("printed", (figure_of(cell) for cell in cells)),
        ("what it really is", (cell.what for cell in cells)),
        ("how it was averaged", (AVERAGING_WORDS.get(cell.averaging, cell.averaging) for cell in cells)),
        ("model", (", ".join(part for part in (cell.method, cell.variant, cell.backbone) if part) for cell in cells)),
        ("verdict on the cell", (f"{cell.verdict}: {VERDICTS[cell.verdict]}" for cell in cells)),
        ("remarks", (" ".join(table.notes[mark] for mark in cell.marks) for cell in cells)),
        ("source", (cell.source for cell in cells)),
    )
    rows = tuple(Row(name, tuple(Cell(text) for text in texts)) for name, texts in lines)
    columns = tuple(Column(f"{cell.row}, {cell.column}", "prose") for cell in cells)
    return Table("answer-printed-facts", "The two printed figures, fact by fact", "Fact", columns, rows, fixed=True)


def figure_of(cell: PrintedCell) -> str:
    """What stands in a printed cell."""
    return "a dash" if cell.printed is None else percent(cell.printed)
