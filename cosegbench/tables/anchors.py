"""One released log, two published figures: ``results/anchors.csv``, the evidence that averaging rules move a figure.

Per-class IoU of a log are averaged over the classes with ground truth and over all classes; both means are facts that
were computed from the log, and each must reproduce a figure of the ledger. The logs themselves are their authors' and
are not part of the project, so what is checked here is that these facts agree with each other and with the ledger.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from cosegbench.errors import DataError
from cosegbench.locate import data_file
from cosegbench.tables.grid import Cell, Grid, Row
from cosegbench.tables.ledger import VIEWS, PublishedFigure, parse_value, read_published, read_rows, word_problems

COLUMNS = ("with ground truth", "over those", "over all", "published as", "and as", "implied classes", "log")
TITLE = "One released log, two figures: per-class IoU averaged over two sets of classes (percent)"

_SMALLEST_DIGITS = 5e-5
"""Facts are given to four digits or more; two means of one sum agree to that."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """One log on one data set.

    Args:
        log: repository and file.
        method: as in the ledger.
        backbone: as in the ledger.
        view: as in the ledger.
        classes: K.
        with_ground_truth: how many of them occur in the images scored.
        over_ground_truth: mean IoU over those, percent.
        over_all: the same sum divided by K, percent.
        published_gt: the published figure that the first mean reproduces, with the digits of its source.
        published_union: the one between the two means, by the older rule; empty where every class has ground truth.
        union_source: where that is.
        note: what else matters.
    """

    log: str
    method: str
    backbone: str
    view: str
    classes: int
    with_ground_truth: int
    over_ground_truth: float
    over_all: float
    published_gt: str
    published_union: str
    union_source: str
    note: str

    @property
    def implied(self) -> tuple[float, float] | None:
        """The fewest and most classes that divide the sum into the second figure, before it was rounded."""
        if not self.published_union:
            return None
        total = self.over_ground_truth * self.with_ground_truth
        value, half = float(self.published_union), _half(self.published_union)
        return total / (value + half), total / (value - half)


def read_anchors(path: Path | None = None, published: Sequence[PublishedFigure] | None = None) -> tuple[Anchor, ...]:
    """The anchors, in the order of the file.

    Args:
        path: by default the file that the project ships.
        published: by default the ledger that the project ships.

    Raises:
        DataError: a column or number is wrong, the two means are not of one sum, a published figure is not what its
            mean rounds to, cannot come of any number of classes between the two, or is not in the ledger; all at once.
    """
    path = path or data_file("results", "anchors.csv")
    ledger = read_published() if published is None else published
    anchors: list[Anchor] = []
    problems: list[str] = []
    for line, row in read_rows(path, [field.name for field in fields(Anchor)]):
        wrong = list(_unreadable(row))
        if not wrong:
            anchors.append(_anchor(row))
            wrong = list(_contradictions(anchors[-1], ledger))
        problems += [f"line {line}: {problem}" for problem in wrong]
    if problems:
        raise DataError(f"{path.name} contradicts itself or the ledger:", problems)
    return tuple(anchors)


def anchor_grid(anchors: Sequence[Anchor] | None = None) -> Grid:
    """The anchors as a table.

    Raises:
        DataError: see :func:`read_anchors`.
    """
    found = read_anchors() if anchors is None else anchors
    rows = tuple(_row(anchor) for anchor in found)
    remarks = (
        "Published as: what the authors' log or README prints. And as: the figure of the paper or of a user's re-run, "
        "by detectron2's rule of before July 2022, which divides by the classes with ground truth or prediction.",
        "Implied classes: how many classes divide the same sum into that figure; it must lie between the two.",
    )
    return Grid("anchors", TITLE, "Model, data set", COLUMNS, rows, (), remarks, ("log",))


def _row(anchor: Anchor) -> Row:
    implied = anchor.implied
    low_high = f"{implied[0]:.1f} to {implied[1]:.1f}" if implied else ""
    cells = (
        Cell(words=f"{anchor.with_ground_truth} of {anchor.classes}"),
        Cell(anchor.over_ground_truth),
        Cell(anchor.over_all),
        Cell(words=anchor.published_gt),
        Cell(words=anchor.published_union),
        Cell(words=low_high),
        Cell(words=anchor.log),
    )
    facts = {"method": anchor.method, "backbone": anchor.backbone, "view": anchor.view, "note": anchor.note}
    return Row(f"{anchor.method}, {anchor.backbone}, {anchor.view}", cells, (), facts)


def _unreadable(row: Mapping[str, str]) -> Iterator[str]:
    yield from word_problems("view", row["view"], VIEWS)
    for name in ("classes", "with_ground_truth"):
        if not row[name].isdecimal() or int(row[name]) < 1:
            yield f"{name} {row[name]!r} is no number of classes."
    for name in ("over_ground_truth", "over_all", "published_gt", "published_union"):
        if parse_value(row[name]) is None and not (name == "published_union" and not row[name]):
            yield f"{name} {row[name]!r} is not a percentage."


def _anchor(row: Mapping[str, str]) -> Anchor:
    numbers = {name: int(row[name]) for name in ("classes", "with_ground_truth")}
    means = {name: float(row[name]) for name in ("over_ground_truth", "over_all")}
    return Anchor(**{**row, **numbers, **means})  # type: ignore[arg-type]


def _contradictions(anchor: Anchor, ledger: Sequence[PublishedFigure]) -> Iterator[str]:
    sums = anchor.over_ground_truth * anchor.with_ground_truth, anchor.over_all * anchor.classes
    if abs(sums[0] - sums[1]) > _SMALLEST_DIGITS * (anchor.classes + anchor.with_ground_truth):
        yield f"the means {anchor.over_ground_truth} and {anchor.over_all} are not of one sum of IoU."
    if abs(float(anchor.published_gt) - anchor.over_ground_truth) > _half(anchor.published_gt) + 1e-9:
        yield f"{anchor.over_ground_truth} does not round to the published {anchor.published_gt}."
    implied = anchor.implied
    if implied and not (implied[1] >= anchor.with_ground_truth and implied[0] <= anchor.classes):
        yield f"no number of classes up to {anchor.classes} gives the published {anchor.published_union}."
    known = {(each.method, each.backbone, each.view, each.value) for each in ledger}
    for value in filter(None, (anchor.published_gt, anchor.published_union)):
        if (anchor.method, anchor.backbone, anchor.view, float(value)) not in known:
            yield f"{value} of {anchor.method} ({anchor.backbone}) on {anchor.view} is not in the ledger."


def _half(text: str) -> float:
    """Half a unit of the last digit that is printed."""
    return 0.5 * 10.0 ** -len(text.partition(".")[2])
