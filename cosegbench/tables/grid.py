"""A table as data, before any format: cells with marks, and the notes that the marks refer to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

_LINE = ("table", "row", "column", "value", "marks")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure in percent, or None for a dash (absent is never 0).

    Args:
        value: full precision; rounded to ``decimals`` only where a person reads it.
        marks: letters of the notes below the table.
        facts: what a program may want to know about the figure; plain JSON values.
        interval: both ends of the interval around the value, percent, where one was computed.
        words: what a reader sees in place of a figure; of any characters.
    """

    value: float | None = None
    marks: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    interval: tuple[float, float] | None = None
    words: str = ""

    def text(self, decimals: int = 1) -> str:
        """The cell for a reader, empty for a dash: its words, or the figure and its interval."""
        if self.words or self.value is None:
            return self.words
        ends = "" if self.interval is None else " ({:.{d}f} to {:.{d}f})".format(*self.interval, d=decimals)
        return f"{self.value:.{decimals}f}{ends}"

    def as_json(self) -> dict[str, Any]:
        """What a program reads beside value and marks."""
        return {**({"text": self.words} if self.words else {}), **self.facts}


@dataclass(frozen=True, slots=True)
class Row:
    """A named row with one cell a column, and facts that hold for all of its cells."""

    name: str
    cells: tuple[Cell, ...]
    marks: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Grid:
    """One table.

    Args:
        key: the name by which a program finds it, for instance ``"measured/miniature/standard"``.
        title: what a reader sees above it.
        corner: heading of the column of row names.
        columns: headings of the other columns.
        rows: each with as many cells as there are columns.
        notes: letter and text of each mark, in the order in which a reader meets them.
        remarks: lines below the notes that belong to no mark.
        prose: headings of the columns that hold sentences, which are set from the left and broken into lines.
    """

    key: str
    title: str
    corner: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[tuple[str, str], ...] = ()
    remarks: tuple[str, ...] = ()
    prose: tuple[str, ...] = ()

    def lines(self) -> Iterator[dict[str, Any]]:
        """One dictionary a cell: table, row, column, value, marks, then the facts of row and cell by name."""
        for row in self.rows:
            for column, cell in zip(self.columns, row.cells, strict=True):
                marks = " ".join((*row.marks, *cell.marks))
                known = dict(zip(_LINE, (self.key, row.name, column, cell.value, marks), strict=True))
                yield {**known, **row.facts, **cell.as_json()}

    def as_json(self) -> dict[str, Any]:
        """The table as plain JSON values; a dash is ``null``."""
        return {
            "key": self.key,
            "title": self.title,
            "columns": list(self.columns),
            "rows": [_row_json(row, self.columns) for row in self.rows],
            "notes": dict(self.notes),
            "remarks": list(self.remarks),
        }


def frame(grids: Sequence[Grid]) -> pd.DataFrame:
    """Several tables as one, one line a cell as in :meth:`Grid.lines`; what a line does not have is missing."""
    import pandas as pd

    lines = [line for grid in grids for line in grid.lines()]
    facts = sorted({name for line in lines for name in line}.difference(_LINE))
    # dtype object: a whole number must not become a fraction where another line lacks it
    return pd.DataFrame(lines, columns=[*_LINE, *facts], dtype=object)


def _row_json(row: Row, columns: Sequence[str]) -> dict[str, Any]:
    cells = {
        column: {"value": cell.value, "marks": list(cell.marks), **cell.as_json()}
        for column, cell in zip(columns, row.cells, strict=True)
    }
    return {"row": row.name, "marks": list(row.marks), **row.facts, "cells": cells}


class Notes:
    """Gives each text one letter, in the order in which the texts are first asked for: a, b, ... z, aa, ab, ..."""

    def __init__(self) -> None:
        self._letters: dict[str, str] = {}

    def mark(self, text: str) -> str:
        """The letter of ``text``."""
        return self._letters.setdefault(text, _letter(len(self._letters)))

    def marks(self, texts: Iterable[str]) -> tuple[str, ...]:
        """The letters of several texts, in the order of the letters."""
        return tuple(sorted((self.mark(text) for text in texts), key=lambda letter: (len(letter), letter)))

    def all(self) -> tuple[tuple[str, str], ...]:
        """Letter and text of each note."""
        return tuple((letter, text) for text, letter in self._letters.items())


def _letter(index: int) -> str:
    high, low = divmod(index, len(_LETTERS))
    return (_letter(high - 1) if high else "") + _LETTERS[low]
