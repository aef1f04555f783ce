"""What the page shows, as data: tables of cells that know their text, what they sort by, and how they are drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from cosegbench.tables import grid

MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell.

    Args:
        text: what a reader sees; empty for a dash.
        value: what it sorts by, at full precision; None where the text decides, or where there is no figure.
        sub: small print below the text, an interval for instance.
        marks: letters of the notes below the table.
        span: both ends of an interval in percent, drawn on a scale from 0 to 100 with the value on it.
        bar: length of a bar below the text, percent.
        tone: how it is set: ``"top"``, ``"yes"``, ``"open"``, ``"code"`` or ``""``.
        href: fragment of this page that it leads to.
        pictures: ``data:`` addresses of small pictures.
    """

    text: str = ""
    value: float | None = None
    sub: str = ""
    marks: tuple[str, ...] = ()
    span: tuple[float, float] | None = None
    bar: int | None = None
    tone: str = ""
    href: str = ""
    pictures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """One heading.

    Args:
        heading: its text.
        kind: ``number``: figures, set to the right and sorted by value; ``word``: short, never broken; ``prose``.
        colour: number of the predictor whose colour it bears; None for none.
    """

    heading: str
    kind: Literal["number", "word", "prose"] = "number"
    colour: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A named row; ``id`` is where links lead to."""

    name: str
    cells: tuple[Cell, ...]
    marks: tuple[str, ...] = ()
    id: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """One table.

    Args:
        id: its fragment, unique in the page.
        caption: what it shows.
        corner: heading of the row names.
        columns: the other headings.
        rows: each with a cell a column.
        notes: letter and text of each mark.
        remarks: lines that unfold below it.
        bars: whether its cells are bars, which are many and so written short.
        fixed: whether its rows keep their order, because they are facts about one thing.
    """

    id: str
    caption: str
    corner: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[tuple[str, str], ...] = ()
    remarks: tuple[str, ...] = ()
    bars: bool = False
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class Palette:
    """Which predictor has which colour, the same one in every table of the page."""

    names: tuple[str, ...]

    def colour(self, name: str) -> int | None:
        """The number of a predictor's colour; None where it is no predictor."""
        return self.names.index(name) if name in self.names else None


def table_of(found: grid.Grid, ident: str, links: Mapping[tuple[str, str], str] | None = None) -> Table:
    """A grid as a table of the page.

    Args:
        found: the grid.
        ident: id of the table.
        links: (row, column) -> fragment that the cell leads to.
    """
    links = links or {}
    columns = tuple(Column(name, "prose" if name in found.prose else "number") for name in found.columns)
    rows = tuple(
        Row(
            row.name,
            tuple(
                _cell(cell, links.get((row.name, name), ""))
                for name, cell in zip(found.columns, row.cells, strict=True)
            ),
            row.marks,
        )
        for row in found.rows
    )
    return Table(ident, found.title, found.corner, columns, rows, found.notes, found.remarks)


def _cell(cell: grid.Cell, href: str) -> Cell:
    if cell.words or cell.value is None:
        return Cell(cell.words, None, "", cell.marks, href=href)
    sub = "" if cell.interval is None else interval(*cell.interval)
    tone = "top" if cell.facts.get("best_of_column") else ""
    return Cell(percent(cell.value), cell.value, sub, cell.marks, cell.interval, tone=tone, href=href)


def percent(value: float) -> str:
    """A figure in percent, one digit after the point."""
    return f"{value:.1f}"


def signed(value: float, digits: int = 1) -> str:
    """A difference with its sign; a difference that rounds to nothing has none."""
    text = f"{abs(value):.{digits}f}"
    return text if float(text) == 0 else f"{MINUS if value < 0 else '+'}{text}"


def interval(low: float, high: float, *, sign: bool = False) -> str:
    """Both ends of an interval."""
    show = signed if sign else percent
    return f"{show(low)} to {show(high)}"


def listed(words: Sequence[str]) -> str:
    """``"a, b and c"``."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def quoted(names: Sequence[str]) -> str:
    """Names in backticks, which the page sets as code, as :func:`listed` joins them."""
    return listed([f"`{name}`" for name in names])
