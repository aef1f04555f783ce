"""Tables as Markdown, LaTeX, CSV, JSON and HTML.

The same grids give the same bytes: no date, path, host or speed is ever printed. Names come from third parties, so
every format escapes them.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from cosegbench.tables.grid import Cell, Grid, Row, frame

SCHEMA_VERSION = 1
"""Version of the JSON document; a change that a reader must know of raises it."""

_HTML_HEAD = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>cosegbench tables</title>
</head>
<body>"""
_MARKDOWN_SPECIAL = re.compile(r"(^#|[\\`*\[\]|~])|((?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))")
_LATEX_SPECIAL = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': "''", "[": "{[}", "]": "{]}", "*": "{*}",
}  # fmt: skip


def render(grids: Sequence[Grid], format: str = "github") -> str:
    """All grids in one format, ending with one newline.

    Args:
        grids: in the order in which they are to be read.
        format: one of :data:`FORMATS`.
    """
    return FORMATS[format](grids).rstrip("\n") + "\n"


def as_document(grids: Sequence[Grid]) -> dict[str, Any]:
    """The grids as one JSON document; figures at full precision, a dash as ``null``."""
    return {"schema_version": SCHEMA_VERSION, "tables": [grid.as_json() for grid in grids]}


def escape_markdown(text: str) -> str:
    """``text`` as literal GitHub Markdown: no table cell, emphasis, link or tag can come of it."""
    escaped = _MARKDOWN_SPECIAL.sub(r"\\\g<0>", " ".join(text.split()))
    return html.escape(escaped, quote=False)


def escape_latex(text: str) -> str:
    """``text`` as literal LaTeX. Brackets and stars are put in groups: after a line end they would be read as options.

    Hyphens are kept apart, because two would become a dash.
    """
    escaped = "".join(_LATEX_SPECIAL.get(character, character) for character in " ".join(text.split()))
    return re.sub("-(?=-)", "-{}", escaped)


def escape_html(text: str) -> str:
    """``text`` as literal HTML."""
    return html.escape(" ".join(text.split()))


def _github(grids: Sequence[Grid]) -> str:
    return "\n".join(_github_grid(grid) for grid in grids)


def _github_grid(grid: Grid) -> str:
    from tabulate import tabulate

    body = _strings(grid, escape_markdown, lambda text, marks: f"{text} [{marks}]", dash="-")
    head = [escape_markdown(name) for name in (grid.corner, *grid.columns)]
    table = tabulate(body, head, tablefmt="github", disable_numparse=True, colalign=_alignments(grid, bool(body)))
    notes = [f"- {letter}: {escape_markdown(text)}" for letter, text in grid.notes]
    remarks = [f"- {escape_markdown(text)}" for text in grid.remarks]
    blocks = [f"## {escape_markdown(grid.title)}", table, "\n".join(notes), "\n".join(remarks)]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _latex(grids: Sequence[Grid]) -> str:
    return "\n".join(_latex_grid(grid) for grid in grids)


def _latex_grid(grid: Grid) -> str:
    import pandas as pd

    body = _strings(grid, escape_latex, lambda text, marks: rf"{text}\textsuperscript{{{marks}}}", dash="--")
    table = pd.DataFrame(body, columns=[escape_latex(name) for name in (grid.corner, *grid.columns)], dtype=object)
    tabular = table.to_latex(index=False, escape=False, column_format=_latex_columns(grid))
    notes = [rf"\textsuperscript{{{letter}}} {escape_latex(text)}\par" for letter, text in grid.notes]
    remarks = [rf"{escape_latex(text)}\par" for text in grid.remarks]
    small = ["", r"\medskip\footnotesize\raggedright", *notes, *remarks] if notes or remarks else []
    lines = [
        "% needs \\usepackage{booktabs}",
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{escape_latex(grid.title)}}}",
        tabular.rstrip("\n"),
        *small,
    ]
    return "\n".join([*lines, r"\end{table}"]) + "\n"


def _latex_columns(grid: Grid) -> str:
    return "l" + "".join("p{4cm}" if name in grid.prose else "r" for name in grid.columns)


def _html(grids: Sequence[Grid]) -> str:
    return "\n".join([_HTML_HEAD, *(_html_grid(grid) for grid in grids), "</body>\n</html>"])


def _html_grid(grid: Grid) -> str:
    from tabulate import tabulate

    body = _strings(grid, escape_html, lambda text, marks: f"{text}<sup>{marks}</sup>", dash="&ndash;")
    head = [escape_html(name) for name in (grid.corner, *grid.columns)]
    alignments = _alignments(grid, bool(body))
    table = str(tabulate(body, head, tablefmt="unsafehtml", disable_numparse=True, colalign=alignments))
    notes = [f"<p><sup>{letter}</sup> {escape_html(text)}</p>" for letter, text in grid.notes]
    remarks = [f"<p>{escape_html(text)}</p>" for text in grid.remarks]
    return "\n".join(["<section>", f"<h2>{escape_html(grid.title)}</h2>", table, *notes, *remarks, "</section>"])


def _csv(grids: Sequence[Grid]) -> str:
    return str(frame(grids).to_csv(index=False, lineterminator="\n"))


def _json(grids: Sequence[Grid]) -> str:
    return json.dumps(as_document(grids), indent=2, ensure_ascii=False, allow_nan=False)


FORMATS: dict[str, Callable[[Sequence[Grid]], str]] = {
    "github": _github,
    "latex": _latex,
    "csv": _csv,
    "json": _json,
    "html": _html,
}
"""Name of a format -> how it is written."""


def _strings(
    grid: Grid, escape: Callable[[str], str], with_marks: Callable[[str, str], str], dash: str
) -> list[list[str]]:
    """The body of a grid as escaped text, one list a row, its name first."""

    def figure(cell: Cell) -> str:
        text = escape(cell.text()) or dash
        return with_marks(text, ",".join(cell.marks)) if cell.marks else text

    def name(row: Row) -> str:
        return with_marks(escape(row.name), ",".join(row.marks)) if row.marks else escape(row.name)

    return [[name(row), *(figure(cell) for cell in row.cells)] for row in grid.rows]


def _alignments(grid: Grid, filled: bool) -> list[str] | None:
    return ["left", *("left" if name in grid.prose else "right" for name in grid.columns)] if filled else None
