"""What each format must be for the program that reads it: LaTeX that compiles, HTML that closes, figures unchanged."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cosegbench.tables.grid import Cell, Grid, Row
from cosegbench.tables.render import escape_latex, render
from cosegbench.tables.table1 import printed_grid

from .test_render import NASTY, SMALL

LINES = Grid(
    "lines", "*Rows* that begin like options --- and worse", "[first]", ("50%", "#1_x^2"),
    (
        Row("*starred", (Cell(1.0, ("a",)), Cell())), Row("[x]", (Cell(2.5), Cell(1 / 3))),
        Row("--flag", (Cell(), Cell())),
    ),
    (("a", NASTY),), (NASTY, "~ & \\ { } $ % # _ ^"),
)  # fmt: skip

GRIDS = {"printed": printed_grid(), "small": SMALL, "lines": LINES, "empty": Grid("e", "t", "c", ("a", "b"), ())}

COMMANDS = {
    "begin", "end", "centering", "caption", "toprule", "midrule", "bottomrule", "textsuperscript", "par", "medskip",
    "footnotesize", "raggedright", "textbackslash", "textasciitilde", "textasciicircum", "textless", "textgreater",
    "textbar",
}  # fmt: skip
"""Every command that a table may use: LaTeX's own and the three rules of booktabs."""

TOKEN = re.compile(r"\\([A-Za-z]+)|\\(.)|([{}&%$#_^~])|(.)", re.DOTALL)


def tokens(text: str) -> Iterator[tuple[str, str]]:
    """Kind (command, symbol, special, text) and spelling of each token; comment lines left out."""
    body = "\n".join(line for line in text.splitlines() if not line.startswith("%"))
    for found in TOKEN.finditer(body):
        kind = ("command", "symbol", "special", "text")[(found.lastindex or 1) - 1]
        yield kind, found.group(found.lastindex or 1)


def check_latex(text: str) -> None:
    """Commands known, braces and environments closed, no special character but braces and, in a tabular, cell marks."""
    depth, environments = 0, list[str]()
    for kind, name in tokens(text):
        if kind == "command":
            assert name in COMMANDS, name
        elif kind == "symbol":
            assert name in "\\&%$#_{}", name
        elif kind == "special" and name in "{}":
            depth += 1 if name == "{" else -1
            assert depth >= 0
        elif kind == "special":
            assert name == "&", name
    assert depth == 0
    for word, name in re.findall(r"\\(begin|end)\{(\w+)\}", text):
        if word == "begin":
            environments.append(name)
        else:
            assert environments.pop() == name
    assert environments == []


def rows_of(text: str) -> Iterator[tuple[str, list[int]]]:
    """Column format of each tabular and the number of cells of each of its rows."""
    for format_, body in re.findall(r"\\begin\{tabular\}\{(\w+)\}(.*?)\\end\{tabular\}", text, re.DOTALL):
        bare = re.sub(r"\\(toprule|midrule|bottomrule)", "", body)
        rows = re.split(r"\\\\(?![A-Za-z])", bare)
        assert rows.pop().strip() == ""  # every row ends
        for row in rows:
            assert not row.lstrip().startswith(("[", "*"))  # \\ would take either as its own option
        yield format_, [len(re.findall(r"(?<!\\)&", row)) + 1 for row in rows]


@pytest.mark.parametrize("name", GRIDS)
def test_latex_uses_known_commands_only_and_closes_what_it_opens(name: str) -> None:
    check_latex(render([GRIDS[name]], "latex"))


@pytest.mark.parametrize("name", GRIDS)
def test_every_row_of_a_latex_table_has_as_many_cells_as_its_column_format(name: str) -> None:
    grid = GRIDS[name]
    ((columns, counts),) = rows_of(render([grid], "latex"))
    assert columns == "l" + "r" * len(grid.columns)
    assert counts == [len(columns)] * (len(grid.rows) + 1)


def test_cell_marks_stand_in_the_tabular_only() -> None:
    text = render(list(GRIDS.values()), "latex")
    outside = re.sub(r"\\begin\{tabular\}.*?\\end\{tabular\}", "", text, flags=re.DOTALL)
    assert ("special", "&") not in list(tokens(outside))


@pytest.mark.parametrize("broken", [r"\textbf{x}", "{", "}", "50% off", "a_b", r"\begin{table}", "#1", r"\'e"])
def test_the_check_of_latex_itself_can_fail(broken: str) -> None:
    with pytest.raises((AssertionError, IndexError)):
        check_latex(f"x {broken}")


@given(st.text(max_size=30))
@settings(max_examples=80, deadline=None)
def test_any_text_is_latex_that_closes_and_holds_no_cell_mark(text: str) -> None:
    escaped = escape_latex(text)
    check_latex(f"x {escaped}")
    assert ("special", "&") not in list(tokens(f"x {escaped}"))


@pytest.mark.parametrize(("text", "escaped"), [("*a", "{*}a"), ("a--b", "a-{}-b"), ("---", "-{}-{}-"), ("a-b", "a-b")])
def test_what_latex_would_take_for_an_option_or_a_dash_stays_text(text: str, escaped: str) -> None:
    assert escape_latex(text) == escaped


class Strict(HTMLParser):
    """Fails on a tag that is closed twice, never, or in the wrong order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.cells: list[int] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.cells.append(0)
        if tag in ("td", "th"):
            self.cells[-1] += 1
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag


@pytest.mark.parametrize("name", GRIDS)
def test_html_closes_every_tag_in_order_and_every_row_has_all_cells(name: str) -> None:
    parser = Strict()
    parser.feed(render([GRIDS[name]], "html"))
    parser.close()
    assert parser.open == []
    assert set(parser.cells) == {len(GRIDS[name].columns) + 1}


@pytest.mark.parametrize("name", ["printed", "small", "lines"])
def test_csv_and_json_give_back_every_figure_to_the_last_bit(name: str) -> None:
    grid = GRIDS[name]
    said = {
        (row.name, column): cell.value
        for row in grid.rows
        for column, cell in zip(grid.columns, row.cells, strict=True)
    }
    lines = csv.DictReader(io.StringIO(render([grid], "csv")))
    assert {(line["row"], line["column"]): float(line["value"]) if line["value"] else None for line in lines} == said
    (table,) = json.loads(render([grid], "json"))["tables"]
    found = {(row["row"], column): cell["value"] for row in table["rows"] for column, cell in row["cells"].items()}
    assert found == said
