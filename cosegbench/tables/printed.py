"""Table 1 of the CoSeg paper as data: ``results/table1.csv``, a verdict on each of its 36 cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from cosegbench.errors import DataError
from cosegbench.locate import data_file
from cosegbench.tables.ledger import (
    AVERAGINGS,
    VIEWS,
    PublishedFigure,
    parse_value,
    read_published,
    read_rows,
    word_problems,
)

ROWS = (
    "MaskCLIP", "GroupViT", "OpenSeg", "S-Seg", "SAN", "OVSeg", "CoSeg no-training", "CoSeg xatten", "CoSeg prefix",
)  # fmt: skip
"""The nine rows of the paper's Table 1."""

COLUMNS = ("COCO", "VOC", "PC-59", "PC-459")
"""Its four columns; the paper says background is left out of each."""

VERDICTS = {
    "confirmed": "the figure is what its row and column say",
    "different-variant": "a true figure of a larger or otherwise different model than the row says",
    "different-method": "a true figure of another method that has the same name",
    "different-protocol": "a true figure for another class set, or scored by another rule, than the column says",
    "wrong-column": "a true figure of another data set",
    "could-not-verify": "no source for the figure was found",
    "not-printed": "the paper prints a dash",
}
"""Verdict -> what it means."""

SEEN = ("yes", "partly", "second-hand", "no")
"""As in the ledger; ``partly``: a run was read that stops before its end."""


@dataclass(frozen=True, slots=True)
class PrintedCell:
    """One cell of the printed table and what it really is.

    ``printed`` is the paper's mIoU in percent, or None for a dash; ``method`` to ``averaging`` say what the figure is a
    figure of; ``like_for_like`` is the published figure, as text, that keeps what row and column promise; ``marks`` are
    keys of the notes, none where nothing differs.
    """

    row: str
    column: str
    printed: float | None
    verdict: str
    seen: str
    method: str
    variant: str
    backbone: str
    view: str
    averaging: str
    like_for_like: str
    marks: tuple[str, ...]
    what: str
    source: str


@dataclass(frozen=True, slots=True)
class PrintedTable:
    """The printed table: its cells row by row, and the notes that their marks refer to (key -> text)."""

    cells: tuple[PrintedCell, ...]
    notes: Mapping[str, str]

    def cell(self, row: str, column: str) -> PrintedCell:
        """The cell of one row and column; both are checked when the table is read."""
        return self.cells[ROWS.index(row) * len(COLUMNS) + COLUMNS.index(column)]


def read_printed(
    path: Path | None = None, notes_path: Path | None = None, published: Sequence[PublishedFigure] | None = None
) -> PrintedTable:
    """Table 1 as printed, checked against itself and against the ledger.

    Raises:
        DataError: a cell is missing or twice, a verdict or word is unknown, a deviation has no mark, a mark no note, a
            note no mark, or a printed figure is not in the ledger under its method; all problems at once.
    """
    path, notes_path = (
        path or data_file("results", "table1.csv"),
        notes_path or data_file("results", "table1-notes.csv"),
    )
    rows = read_rows(path, [field.name for field in fields(PrintedCell)])
    notes = {row["mark"]: row["text"] for _, row in read_rows(notes_path, ["mark", "text"])}
    cells = [_cell(row) for _, row in rows]
    problems = [
        f"{row['row']}, {row['column']}: {problem}" for _, row in rows for problem in _cell_problems(row, notes)
    ]
    problems += _grid_problems(cells)
    problems += [f"note {mark!r} is marked nowhere." for mark in notes if not any(mark in cell.marks for cell in cells)]
    problems += _ledger_problems(cells, read_published() if published is None else published)
    if problems:
        raise DataError(f"{path.name} cannot be used as the printed table:", problems)
    return PrintedTable(tuple(cells), notes)


def _cell(row: Mapping[str, str]) -> PrintedCell:
    values: dict[str, object] = {**row, "printed": parse_value(row["printed"]), "marks": tuple(row["marks"].split())}
    return PrintedCell(**values)  # type: ignore[arg-type]


def _cell_problems(row: Mapping[str, str], notes: Mapping[str, str]) -> Iterator[str]:
    yield from word_problems("verdict", row["verdict"], tuple(VERDICTS))
    yield from word_problems("seen", row["seen"], SEEN)
    dash = row["verdict"] == "not-printed"
    if dash == bool(row["printed"]):
        yield "a dash needs the verdict 'not-printed', and a figure another one."
    if row["printed"] and parse_value(row["printed"]) is None:
        yield f"printed {row['printed']!r} is not a percentage."
    if row["view"] or not dash:
        yield from word_problems("view", row["view"], VIEWS)
        yield from word_problems("averaging", row["averaging"], AVERAGINGS)
    if not row["what"]:
        yield "it does not say what the cell really is."
    marks = row["marks"].split()
    if not marks and (row["verdict"] != "confirmed" if not dash else row["like_for_like"]):
        yield f"verdict {row['verdict']!r} without a mark."
    yield from (f"mark {mark!r} has no note." for mark in marks if mark not in notes)


def _grid_problems(cells: Sequence[PrintedCell]) -> list[str]:
    expected = [(row, column) for row in ROWS for column in COLUMNS]
    found = [(cell.row, cell.column) for cell in cells]
    if found == expected:
        return []
    missing = [f"{row}, {column}: missing." for row, column in expected if (row, column) not in found]
    extra = [f"{row}, {column}: twice." for row, column in found if found.count((row, column)) > 1]
    unknown = [f"{row}, {column}: unknown." for row, column in found if (row, column) not in expected]
    return missing + extra + unknown or ["the cells must stand in the order of the paper, row by row."]


def _ledger_problems(cells: Sequence[PrintedCell], published: Sequence[PublishedFigure]) -> list[str]:
    known = {(figure.method, figure.value) for figure in published}
    return [
        f"{cell.row}, {cell.column}: {cell.printed} of {cell.method} is not in the ledger."
        for cell in cells
        if cell.printed is not None and (cell.method, cell.printed) not in known
    ]
