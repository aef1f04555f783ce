"""Table 1 as the paper prints it, with a mark on every cell that is not what its row or column says."""

from __future__ import annotations

from cosegbench.tables.grid import Cell, Grid, Notes, Row
from cosegbench.tables.printed import COLUMNS, ROWS, PrintedCell, PrintedTable, read_printed

TITLE = "Table 1 as printed in the CoSeg paper (mIoU in percent)"

_REMARKS = (
    "The paper's caption says CLIP B/16 wherever it applies, and its text that background is left out of every column.",
    "A dash is the paper's own; for an unmarked one no published figure was found.",
)


def printed_grid(table: PrintedTable | None = None) -> Grid:
    """The paper's nine rows and four columns, dashes kept, every deviation marked and explained below.

    Args:
        table: by default the one that the project ships.

    Raises:
        DataError: see :func:`cosegbench.tables.printed.read_printed`.
    """
    table = table or read_printed()
    notes = Notes()
    rows = tuple(Row(row, tuple(_cell(table, table.cell(row, column), notes) for column in COLUMNS)) for row in ROWS)
    return Grid("table1-as-printed", TITLE, "Method", COLUMNS, rows, notes.all(), _REMARKS)


def _cell(table: PrintedTable, cell: PrintedCell, notes: Notes) -> Cell:
    marks = notes.marks(table.notes[key] for key in cell.marks)
    facts = {"verdict": cell.verdict, "what": cell.what, "source": cell.source}
    return Cell(cell.printed, marks, facts)
