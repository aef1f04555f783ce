"""Published figures beside measured ones: rows that say what they are, and never pass for a figure measured here.

The ledger knows a figure's class set, background and averaging rule, not its evaluation digest. So no published figure
is ever known to agree with a column: each cell says what it shares with the column's rule and what it does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cosegbench.protocols.words import KERNEL_WORDS
from cosegbench.tables.columns import Column
from cosegbench.tables.grid import Cell, Grid, Notes, Row
from cosegbench.tables.ledger import VIEWS, PublishedFigure

PREFIX = "published: "
"""How the name of such a row begins, in every format."""

_RULES = {
    "gt": "gt",
    "gt-or-prediction": "gt-or-prediction",
    "all": "all",
    "oracle-by-image": "oracle-by-image",
}
"""``averaging`` of the ledger -> ``average_over`` of a kernel; ``unstated`` has none."""

_ALIKE = frozenset({"gt", "gt-or-prediction", "all"})
"""Rules that agree where every class has ground truth."""

_REMARK = (
    "Rows that begin with `published:` were not measured here. Their figures are quoted from the ledger "
    "(docs/ledger.md) with their own rule; no evaluation digest of theirs is known."
)
_SEEN = {"yes": "", "second-hand": ", read in a third party's notes only", "no": ", not seen in its source"}


def published_rows(
    figures: Iterable[PublishedFigure], columns: Sequence[Column], notes: Notes
) -> tuple[tuple[Row, ...], tuple[str, ...]]:
    """The rows of those figures whose view is the data set of a column, in the order of the ledger, and a remark.

    A row is one system under one rule by one source, so that two rules never share a row.

    Args:
        figures: of the ledger.
        columns: of the measured table.
        notes: of the table; gets the rows' and the cells' own.
    """
    views = {column.dataset for column in columns}
    groups = _systems(figure for figure in figures if figure.view in views)
    rows = tuple(
        _row(name, group, tuple(_beside(group, column, notes) for column in columns), notes)
        for name, group in zip(_names(groups), groups, strict=True)
    )
    return rows, (_REMARK,) if rows else ()


def published_grid(figures: Sequence[PublishedFigure]) -> Grid | None:
    """The figures by themselves, a column a view; None where there is none.

    Args:
        figures: of the ledger.
    """
    views = tuple(view for view in VIEWS if any(figure.view == view for figure in figures))
    if not views:
        return None
    notes = Notes()
    groups = _systems(figures)
    rows = tuple(
        _row(name, group, tuple(_alone(_of(group, view)) for view in views), notes)
        for name, group in zip(_names(groups), groups, strict=True)
    )
    remarks = (
        _REMARK,
        "Rows of different averaging rules must not be compared, and `unstated` agrees with nothing; no column of this "
        "table was measured here.",
    )
    return Grid("published", "Published figures (mIoU in percent)", "System", views, rows, notes.all(), remarks)


def _systems(figures: Iterable[PublishedFigure]) -> list[list[PublishedFigure]]:
    """Figures grouped by everything but their view."""
    groups: dict[tuple[str, ...], list[PublishedFigure]] = {}
    for figure in figures:
        groups.setdefault(_row_key(figure), []).append(figure)
    return list(groups.values())


def _row_key(figure: PublishedFigure) -> tuple[str, ...]:
    return (
        figure.method, figure.variant, figure.backbone, figure.training_data, figure.averaging, figure.reported,
        figure.reported_by, figure.source,
    )  # fmt: skip


def _names(groups: Sequence[Sequence[PublishedFigure]]) -> list[str]:
    """A name a row: system and rule, its source too where two rows would have one name."""
    names = [_name(group[0]) for group in groups]
    return [
        f"{name}, {group[0].reported_by or group[0].reported}: {group[0].source}" if names.count(name) > 1 else name
        for name, group in zip(names, groups, strict=True)
    ]


def _name(figure: PublishedFigure) -> str:
    system = ", ".join(filter(None, (figure.method, figure.variant, figure.backbone)))
    return f"{PREFIX}{system}; averaging {figure.averaging}"


def _of(group: Sequence[PublishedFigure], view: str) -> PublishedFigure | None:
    return next((figure for figure in group if figure.view == view), None)


def _row(name: str, group: Sequence[PublishedFigure], cells: tuple[Cell, ...], notes: Notes) -> Row:
    first = group[0]
    facts = {
        "published": True,
        "method": first.method,
        "variant": first.variant,
        "backbone": first.backbone,
        "training_data": first.training_data,
        "averaging": first.averaging,
        "reported": first.reported,
        "reported_by": first.reported_by,
        "source": first.source,
    }
    return Row(name, cells, notes.marks([_provenance(first)]), facts)


def _provenance(figure: PublishedFigure) -> str:
    by = f" by {figure.reported_by}" if figure.reported_by else ""
    return (
        f"{figure.reported}{by}; trained on {figure.training_data}; averaging: {_words(figure.averaging)}; "
        f"{figure.source}{_SEEN[figure.seen_in_source]}"
    )


def _words(averaging: str) -> str:
    """The rule in words, with its own where it has no kernel."""
    return KERNEL_WORDS["average_over"][averaging] if averaging in _RULES else "not stated, so it agrees with no rule"


def _alone(figure: PublishedFigure | None) -> Cell:
    return Cell() if figure is None else Cell(figure.value, (), _facts(figure, "no measured column"))


def _beside(group: Sequence[PublishedFigure], column: Column, notes: Notes) -> Cell:
    figure = _of(group, column.dataset)
    if figure is None:
        return Cell()
    relation, text = _relation(figure, column)
    return Cell(figure.value, notes.marks([text]), _facts(figure, relation))


def _facts(figure: PublishedFigure, relation: str) -> dict[str, object]:
    return {
        "view": figure.view,
        "background": figure.background,
        "test_input": figure.test_input,
        "seen_in_source": figure.seen_in_source,
        "note": figure.note,
        "evaluation_digest": None,
        "rule_of_column": relation,
    }


def _relation(figure: PublishedFigure, column: Column) -> tuple[str, str]:
    """What a published figure has to do with the rule of the column in which it stands: a word, and a sentence."""
    if not column.figures:
        return "no measured column", "nothing was measured here in this column"
    known = [each for each in column.figures if each.limit is None] or list(column.figures)
    rule, own = known[0].rule["evaluation"].get("average_over"), _RULES.get(figure.averaging)
    if rule not in KERNEL_WORDS["average_over"]:
        return "unknown", "the record of this column does not state its averaging rule: not comparable"
    if own is None:
        return "unknown", "its source does not state the averaging rule: not comparable with this column"
    if own == rule:
        return "same averaging", (
            "the averaging rule of the column; void, resolution, image list and ground truth of the source are not "
            "known to agree"
        )
    every = all(each.averaged == each.classes for each in known)
    if every and {own, rule} <= _ALIKE:
        return "same averaging here", (
            "another averaging rule than the column's; the two agree here, because every class has ground truth; void, "
            "resolution, image list and ground truth of the source are not known to agree"
        )
    said = KERNEL_WORDS["average_over"][rule]
    return "another rule", f"NOT the rule of this column, which averages over {said}: {_words(figure.averaging)}"
