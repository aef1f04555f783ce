"""``table --audit``: Table 1 of the paper cell by cell, with what each figure really is and where that was read."""

from __future__ import annotations

from collections import Counter

from cosegbench.tables.grid import Cell, Grid, Notes, Row
from cosegbench.tables.printed import VERDICTS, PrintedCell, PrintedTable, read_printed

TITLE = "Table 1 of the CoSeg paper, cell by cell (mIoU in percent)"
COLUMNS = ("printed", "what it really is", "verdict", "like for like", "source")
PROSE = ("what it really is", "verdict", "source")

_LIKE = "Like for like is the published figure that keeps the promise of row and column, where there is one."
_SEEN = {
    "partly": "a run was read that stops before its end",
    "second-hand": "read in a third party's note on the source, not in the source",
    "no": "the figure was not seen in a source; what it is was inferred",
}


def audit_grid(table: PrintedTable | None = None) -> Grid:
    """The 36 cells, row by row as the paper has them.

    Args:
        table: by default the one that the project ships.

    Raises:
        DataError: see :func:`cosegbench.tables.printed.read_printed`.
    """
    table = table or read_printed()
    notes = Notes()
    rows = tuple(_row(table, cell, notes) for cell in table.cells)
    remarks = (_verdicts(table), *_meanings(table), _LIKE)
    return Grid("table1-audit", TITLE, "Cell", COLUMNS, rows, notes.all(), remarks, PROSE)


def _row(table: PrintedTable, cell: PrintedCell, notes: Notes) -> Row:
    facts = {
        "seen": cell.seen,
        "method": cell.method,
        "variant": cell.variant,
        "backbone": cell.backbone,
        "view": cell.view,
        "averaging": cell.averaging,
    }
    cells = (
        Cell(cell.printed, notes.marks(table.notes[key] for key in cell.marks)),
        Cell(words=cell.what),
        Cell(words=cell.verdict),
        Cell(words=cell.like_for_like),
        # a dash of the paper is no figure that could have been seen
        Cell(marks=_seen(cell, notes), words=cell.source or "none found"),
    )
    return Row(f"{cell.row}, {cell.column}", cells, (), facts)


def _seen(cell: PrintedCell, notes: Notes) -> tuple[str, ...]:
    said = _SEEN.get(cell.seen) if cell.printed is not None else None
    return notes.marks([said] if said else [])


def _verdicts(table: PrintedTable) -> str:
    """One line: how often each verdict was given."""
    counts = Counter(cell.verdict for cell in table.cells)
    said = ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS if counts[verdict])
    return f"Of {len(table.cells)} cells: {said}."


def _meanings(table: PrintedTable) -> list[str]:
    given = {cell.verdict for cell in table.cells}
    return [f"{verdict}: {meaning}." for verdict, meaning in VERDICTS.items() if verdict in given]
