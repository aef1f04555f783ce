"""Table 1 as printed, as a reader sees it."""

from __future__ import annotations

from cosegbench.tables.printed import COLUMNS, ROWS, read_printed
from cosegbench.tables.render import render
from cosegbench.tables.table1 import printed_grid


def test_the_printed_table_has_the_papers_rows_columns_and_dashes() -> None:
    grid = printed_grid()
    assert tuple(row.name for row in grid.rows) == ROWS
    assert grid.columns == COLUMNS
    cells = [(row.name, column, cell) for row in grid.rows for column, cell in zip(COLUMNS, row.cells, strict=True)]
    dashes = [(name, column) for name, column, cell in cells if cell.value is None]
    assert dashes == [("GroupViT", "PC-459"), ("OpenSeg", "PC-459"), ("SAN", "COCO"), ("OVSeg", "COCO")]


def test_every_mark_has_a_note_below_the_table() -> None:
    grid = printed_grid()
    marks = {mark for row in grid.rows for cell in row.cells for mark in cell.marks}
    assert marks == {letter for letter, _ in grid.notes}


def test_every_cell_that_is_not_what_it_says_carries_a_mark() -> None:
    table, grid = read_printed(), printed_grid()
    for row in grid.rows:
        for column, cell in zip(grid.columns, row.cells, strict=True):
            if table.cell(row.name, column).verdict not in ("confirmed", "not-printed"):
                assert cell.marks


def test_the_rows_of_the_printed_table_read_as_in_the_paper() -> None:
    text = render([printed_grid()], "github")
    assert "| S-Seg             |     81.8 [i] |   42.4 [j] |   27.2 [k] |        8.7 [k] |" in text
    assert "An oracle score, not open-vocabulary mIoU" in text


def test_a_verdict_and_a_source_travel_with_each_figure_in_json() -> None:
    rows = {row["row"]: row["cells"] for row in printed_grid().as_json()["rows"]}
    assert rows["SAN"]["PC-59"]["verdict"] == "different-variant"
    assert rows["S-Seg"]["COCO"]["verdict"] == "wrong-column"
    assert "san_vit_b_16.log" in rows["SAN"]["PC-459"]["source"]
