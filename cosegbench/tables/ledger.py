"""The ledger of published figures: ``results/published.csv``, checked when it is read.

A figure counts for nothing without its method, backbone, class set and averaging rule, so each is a field of its own
and none may be missing. ``docs/ledger.md`` explains the fields.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TypeVar

from cosegbench.errors import DataError
from cosegbench.locate import data_file

BACKGROUNDS = ("left out", "a class", "none", "unstated")
"""``left out``: pixels without a class are not scored; ``a class``: they are class 0; ``none``: all but
stray pixels have one."""

AVERAGINGS = ("gt", "gt-or-prediction", "all", "oracle-by-image", "unstated")
"""Which classes the mean runs over: with ground truth; with ground truth or prediction; all; CoSeg's oracle."""

REPORTED = ("own", "quoted", "re-run", "computed")
"""By the method's authors, in a comparison table, by somebody who ran it again, or computed from a released log."""

SEEN = ("yes", "second-hand", "no")
"""Whether the value was read in its source, in a third party's note about it, or only elsewhere or from memory."""

VIEWS = (
    "coco-things", "coco-stuff", "coco-object", "coco-panoptic", "coco-unstated", "voc20", "voc21", "voc20b",
    "voc-unstated", "context59", "context60", "context459", "context-unstated",
)  # fmt: skip
"""The label views of the ledger; an ``-unstated`` one is a figure whose source leaves the class set open."""

_Row = TypeVar("_Row")


@dataclass(frozen=True, slots=True)
class PublishedFigure:
    """One published mIoU in percent, with everything that must agree before it may stand beside another.

    An empty text means that the field does not apply (no variant, nobody else reported it, no remark).
    """

    method: str
    variant: str
    backbone: str
    training_data: str
    view: str
    background: str
    averaging: str
    value: float
    reported: str
    reported_by: str
    test_input: str
    source: str
    seen_in_source: str
    note: str

    @property
    def identity(self) -> tuple[str, ...]:
        """What two rows of the ledger must not have in common: all but the value and the remarks."""
        return (
            self.method, self.variant, self.backbone, self.training_data, self.view, self.averaging, self.reported,
            self.reported_by, self.source,
        )  # fmt: skip


def read_published(path: Path | None = None) -> tuple[PublishedFigure, ...]:
    """The ledger, in the order of the file.

    Args:
        path: another file of the same columns; by default the ledger that the project ships.

    Raises:
        DataError: a missing or unknown column, a value out of (0, 100], a word that is not one of the lists above, an
            empty method, backbone or source, or one figure twice; all problems at once, with their lines.
    """
    path = path or data_file("results", "published.csv")
    rows = read_rows(path, [field.name for field in fields(PublishedFigure)])
    problems: list[str] = []
    figures: list[PublishedFigure] = []
    for line, row in rows:
        problems += [f"line {line}: {problem}" for problem in _figure_problems(row)]
        value = parse_value(row["value"])
        figures.append(PublishedFigure(**{**row, "value": value if value is not None else 0.0}))  # type: ignore[arg-type]
    twice = [identity for identity, count in Counter(figure.identity for figure in figures).items() if count > 1]
    problems += [f"twice in the ledger: {' | '.join(identity)}" for identity in twice]
    if problems:
        raise DataError(f"{path.name} cannot be used as the ledger of published figures:", problems)
    return tuple(figures)


def _figure_problems(row: Mapping[str, str]) -> Iterator[str]:
    if parse_value(row["value"]) is None:
        yield f"value {row['value']!r} is not a percentage above 0 and at most 100."
    for name in ("method", "backbone", "training_data", "source"):
        if not row[name].strip():
            yield f"{name} is empty."
    for name, words in (
        ("view", VIEWS),
        ("background", BACKGROUNDS),
        ("averaging", AVERAGINGS),
        ("reported", REPORTED),
        ("seen_in_source", SEEN),
    ):
        yield from word_problems(name, row[name], words)
    if (row["reported"] == "own") == bool(row["reported_by"]):
        yield "reported_by must be given for figures that others reported, and only for them."


def word_problems(name: str, word: str, words: Sequence[str]) -> Iterator[str]:
    """One problem if ``word`` is none of ``words``."""
    if word not in words:
        yield f"{name} {word!r} is none of {', '.join(words)}."


def parse_value(text: str) -> float | None:
    """A percentage in (0, 100], or None where ``text`` is none."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0.0 < value <= 100.0 else None


def read_rows(path: Path, columns: Sequence[str]) -> list[tuple[int, dict[str, str]]]:
    """Rows of a CSV file with exactly these columns, each with the line on which it ends.

    Raises:
        DataError: another header, or a row with too many or too few cells.
    """
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        header = next(reader, [])
        if header != list(columns):
            raise DataError(
                f"{path.name}: expected the columns {', '.join(columns)}; got {', '.join(header) or 'none'}."
            )
        rows = [(reader.line_num, cells) for cells in reader if cells]
    ragged = [f"line {line}: {len(cells)} cells" for line, cells in rows if len(cells) != len(columns)]
    if ragged:
        raise DataError(f"{path.name}: every row needs {len(columns)} cells.", ragged)
    return [(line, dict(zip(columns, cells, strict=True))) for line, cells in rows]
