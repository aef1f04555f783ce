"""`cosegbench table --audit`: the shipped verdicts, cell by cell."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from cosegbench.cli import main
from cosegbench.tables.anchors import anchor_grid
from cosegbench.tables.audit import audit_grid
from cosegbench.tables.printed import VERDICTS
from cosegbench.tables.render import FORMATS, render

from .test_formats import rows_of

RESULTS = Path(__file__).resolve().parents[2] / "results"


def cells() -> list[dict[str, str]]:
    with (RESULTS / "table1.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def notes() -> dict[str, str]:
    with (RESULTS / "table1-notes.csv").open(encoding="utf-8", newline="") as file:
        return {row["mark"]: row["text"] for row in csv.DictReader(file)}


def test_every_cell_shows_what_the_files_say() -> None:
    grid = audit_grid()
    said = cells()
    assert [row.name for row in grid.rows] == [f"{each['row']}, {each['column']}" for each in said]
    for row, each in zip(grid.rows, said, strict=True):
        printed, what, verdict, like, source = row.cells
        assert printed.text() == each["printed"]
        assert (what.text(), verdict.text(), like.text()) == (each["what"], each["verdict"], each["like_for_like"])
        assert source.text() == (each["source"] or "none found")


def test_every_mark_leads_to_its_footnote() -> None:
    grid, texts = audit_grid(), notes()
    shown = dict(grid.notes)
    for row, each in zip(grid.rows, cells(), strict=True):
        assert {shown[mark] for mark in row.cells[0].marks} == {texts[key] for key in each["marks"].split()}


def test_a_figure_that_was_not_read_in_a_source_is_marked_so() -> None:
    grid = audit_grid()
    for row, each in zip(grid.rows, cells(), strict=True):
        assert bool(row.cells[4].marks) is (each["seen"] != "yes" and each["printed"] != "")


def test_the_verdicts_are_counted_and_explained() -> None:
    counts = Counter(each["verdict"] for each in cells())
    remarks = audit_grid().remarks
    assert remarks[0].startswith("Of 36 cells: ")
    for verdict, number in counts.items():
        assert f"{number} {verdict}" in remarks[0]
        assert f"{verdict}: {VERDICTS[verdict]}." in remarks


def test_the_rows_tell_a_program_what_the_figure_is_of() -> None:
    found = json.loads(render([audit_grid()], "json"))["tables"][0]["rows"][-1]
    assert (found["averaging"], found["view"], found["cells"]["printed"]["value"]) == (
        "oracle-by-image", "context459", 45.5,
    )  # fmt: skip
    assert found["cells"]["verdict"]["text"] == "different-protocol"


@pytest.mark.parametrize("name", FORMATS)
def test_the_command_adds_it_in_every_format(tmp_path: Path, name: str) -> None:
    asked = ["table", "--no-printed", "--audit", "--results", str(tmp_path), "--format", name]
    done = CliRunner().invoke(main, asked)
    assert done.exit_code == 0
    assert done.stdout == render([audit_grid(), anchor_grid()], name)


def test_sentences_are_broken_into_lines_in_latex() -> None:
    text = render([audit_grid()], "latex")
    assert r"\begin{tabular}{lrp{4cm}p{4cm}rp{4cm}}" in text
    assert list(rows_of(text)) == []  # its pattern knows only figures; the columns above are counted here
    assert len([line for line in text.splitlines() if line.endswith(r"\\") and line.count("&") >= 5]) == 37
