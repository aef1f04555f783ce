"""Every format: golden bytes of a small table, and names that try to be markup."""

from __future__ import annotations

import csv
import io
import json
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cosegbench.tables.grid import Cell, Grid, Notes, Row
from cosegbench.tables.render import FORMATS, as_document, escape_html, escape_latex, escape_markdown, render

NASTY = r"<script>alert('x')</script> a|b *c* `d` 50% & $e_f$ {g} ~^ \h [i]"

SMALL = Grid(
    key="small",
    title="A title",
    corner="Name",
    columns=("first", "second"),
    rows=(
        Row("one", (Cell(12.3456, ("a",), {"images": 5}), Cell())),
        Row("two", (Cell(0.0), Cell(None, ("b",))), marks=("c",)),
    ),
    notes=(("a", "why"), ("b", "absent"), ("c", "a row")),
    remarks=("Read with care.",),
)


def nasty_grid() -> Grid:
    return Grid(NASTY, NASTY, NASTY, (NASTY,), (Row(NASTY, (Cell(1.0, ("a",)),)),), (("a", NASTY),), (NASTY,))


def test_the_markdown_of_a_small_table_is_these_bytes() -> None:
    assert render([SMALL], "github") == (
        "## A title\n\n"
        "| Name    |    first |   second |\n"
        "|---------|----------|----------|\n"
        "| one     | 12.3 [a] |        - |\n"
        "| two [c] |      0.0 |    - [b] |\n\n"
        "- a: why\n- b: absent\n- c: a row\n\n"
        "- Read with care.\n"
    )


def test_the_latex_of_a_small_table_is_these_bytes() -> None:
    assert render([SMALL], "latex") == (
        "% needs \\usepackage{booktabs}\n\\begin{table}\n\\centering\n\\caption{A title}\n"
        "\\begin{tabular}{lrr}\n\\toprule\nName & first & second \\\\\n\\midrule\n"
        "one & 12.3\\textsuperscript{a} & -- \\\\\n"
        "two\\textsuperscript{c} & 0.0 & --\\textsuperscript{b} \\\\\n"
        "\\bottomrule\n\\end{tabular}\n\n"
        "\\medskip\\footnotesize\\raggedright\n"
        "\\textsuperscript{a} why\\par\n\\textsuperscript{b} absent\\par\n\\textsuperscript{c} a row\\par\n"
        "Read with care.\\par\n\\end{table}\n"
    )


def test_the_csv_of_a_small_table_is_these_bytes() -> None:
    assert render([SMALL], "csv") == (
        "table,row,column,value,marks,images\n"
        "small,one,first,12.3456,a,5\n"
        "small,one,second,,,\n"
        "small,two,first,0.0,c,\n"
        "small,two,second,,c b,\n"
    )


def test_json_gives_the_figures_back_to_the_last_bit_and_a_dash_as_null() -> None:
    document = json.loads(render([SMALL], "json"))
    assert document == as_document([SMALL])
    cells = document["tables"][0]["rows"][0]["cells"]
    assert cells["first"] == {"value": 12.3456, "marks": ["a"], "images": 5}
    assert cells["second"]["value"] is None


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_table_gives_the_same_bytes_and_ends_with_one_newline(name: str) -> None:
    text = render([SMALL, SMALL], name)
    assert text == render([SMALL, SMALL], name)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


@pytest.mark.parametrize("name", FORMATS)
def test_a_table_without_rows_can_be_rendered(name: str) -> None:
    assert render([Grid("empty", "Nothing", "Name", ("first",), ())], name)


@pytest.mark.parametrize("name", FORMATS)
def test_no_table_at_all_can_be_rendered(name: str) -> None:
    render([], name)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_name_that_holds_a_script_stays_text_in_html() -> None:
    parser = Tags()
    parser.feed(render([nasty_grid()], "html"))
    assert "script" not in parser.tags
    assert parser.text.count(NASTY) >= 5


def test_a_name_that_holds_a_pipe_or_a_tag_stays_one_cell_in_markdown() -> None:
    text = render([nasty_grid()], "github")
    assert "<script>" not in text
    line = next(line for line in text.splitlines() if line.startswith("| ") and "1.0 [a]" in line)
    assert line.replace(r"\|", "").count("|") == 3


def test_special_characters_of_a_name_are_escaped_in_latex() -> None:
    text = render([nasty_grid()], "latex")
    assert r"50\% \& \$e\_f\$ \{g\} \textasciitilde{}\textasciicircum{} \textbackslash{}h {[}i{]}" in text
    assert r"a\textbar{}b" in text


def test_a_row_name_that_begins_with_a_bracket_is_no_latex_option() -> None:
    assert escape_latex("[x]") == "{[}x{]}"


def test_a_name_survives_csv_whatever_it_holds() -> None:
    rows = list(csv.DictReader(io.StringIO(render([nasty_grid()], "csv"))))
    assert rows[0]["row"] == NASTY


@pytest.mark.parametrize("name", ["coseg-prefix", "my_model_v2", "mine.py:Mine", "voc20 (val)", "voc20 #1"])
def test_an_ordinary_name_is_not_disfigured_in_markdown(name: str) -> None:
    assert escape_markdown(name) == name


def test_an_underscore_that_could_start_emphasis_is_escaped_in_markdown() -> None:
    assert escape_markdown("__init__") == r"\_\_init\_\_"


@given(st.text(max_size=20))
@settings(max_examples=60, deadline=None)
def test_no_text_breaks_out_of_its_line_or_leaves_an_open_tag(text: str) -> None:
    for escape in (escape_markdown, escape_latex, escape_html):
        assert "\n" not in escape(text)
    assert "<" not in escape_markdown(text)
    assert "<" not in escape_html(text)


def test_notes_are_lettered_in_the_order_in_which_they_are_met() -> None:
    notes = Notes()
    assert [notes.mark(text) for text in ("x", "y", "x")] == ["a", "b", "a"]
    assert notes.all() == (("a", "x"), ("b", "y"))


def test_the_twenty_seventh_note_is_lettered_aa() -> None:
    notes = Notes()
    letters = [notes.mark(str(number)) for number in range(28)]
    assert letters[25:] == ["z", "aa", "ab"]
    assert notes.marks(["27", "0"]) == ("a", "ab")
