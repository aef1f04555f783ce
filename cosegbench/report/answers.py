"""The first part of the page: questions answered in plain words. Every word is chosen by the records and the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cosegbench.protocols import list_protocols
from cosegbench.report.pairs import Compared, difference_cell, p_cell, verdict_cell
from cosegbench.report.view import Cell, Column, Row, Table, interval, listed, percent, signed
from cosegbench.statistics import Interval
from cosegbench.tables.figures import Figure

RULES = ("standard", "coseg-authors")
"""The open-vocabulary rule and the rule of the paper's own rows: both, of the same predictor, show what a rule does."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One question.

    Args:
        question: as a reviewer would ask it.
        sentences: the answer; names in backticks are set as code.
        points: single findings, a line each.
        tables: the figures behind it.
    """

    question: str
    sentences: tuple[str, ...]
    points: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True, slots=True)
class Leader:
    """Who is highest on one column.

    Args:
        column: its heading.
        figure: of the highest system.
        interval: of that figure; None where there is none.
        pairs: it against every other system, the next highest first.
    """

    column: str
    figure: Figure
    interval: Interval | None
    pairs: tuple[Compared, ...]

    @property
    def open(self) -> tuple[Compared, ...]:
        """The pairs whose difference is not significant, or was not tested."""
        return tuple(pair for pair in self.pairs if pair.verdict != "higher")


def which_is_better(
    ident: str, suite: str, protocol: str, leaders: Sequence[Leader], remarks: Sequence[str] = ()
) -> Answer:
    """Which system is better under one rule, by how much, and whether that is significant.

    Args:
        ident: id of the table of figures.
        suite: what the columns are called together.
        protocol: the rule.
        leaders: one a column that has a system.
        remarks: on columns that were measured in several ways.
    """
    names = sorted({leader.figure.name for leader in leaders}, key=lambda name: (-_wins(leaders, name), name))
    points = tuple(
        _point(name, [leader for leader in leaders if leader.figure.name == name], len(leaders)) for name in names
    )
    summary = next((each.summary for each in list_protocols() if each.name == protocol), "")
    sentences = [f"`{protocol}` means: {summary}."] if summary else []
    if all(not leader.pairs for leader in leaders):
        sentences.append("No two systems were measured alike, so there is nothing to compare.")
    question = f"Which model is better under `{protocol}` ({suite}), by how much, and is that significant?"
    return Answer(question, tuple(sentences), (*points, *remarks), (_leader_table(ident, suite, protocol, leaders),))


def same_predictor_two_rules(figures: Iterable[Figure], datasets: Sequence[str], ending: str) -> Table | None:
    """The rows that were measured under both of :data:`RULES` on one data set, or None where there is none.

    Args:
        figures: of all records.
        datasets: ids of columns, in order.
        ending: the data set wanted first is the one whose id ends so.
    """
    found = list(figures)
    for dataset in sorted(datasets, key=lambda name: not name.endswith(ending)):
        here = {rule: [each for each in found if (each.dataset, each.protocol) == (dataset, rule)] for rule in RULES}
        values = [{each.name: each for each in here[rule] if each.miou is not None} for rule in RULES]
        both = sorted(values[0].keys() & values[1].keys(), key=lambda name: (bool(values[0][name].reference), name))
        if both:
            rows = tuple(_two_rules(name, values[0][name], values[1][name]) for name in both)
            columns = (Column("what it is", "word"), *(Column(rule) for rule in RULES), Column("difference"))
            caption = f"The same predictors under both rules, measured here: {dataset} (mIoU in percent)"
            return Table("answer-two-rules", caption, "Predictor", columns, rows)
    return None


def two_rules_points(table: Table) -> tuple[str, ...]:
    """What the table of :func:`same_predictor_two_rules` says, in words: the widest gap of each kind of row.

    Args:
        table: that table; the first cell of a row says what kind it is.
    """
    groups: dict[str, list[Row]] = {}
    for row in table.rows:
        groups.setdefault(row.cells[0].text, []).append(row)
    widest = [max(rows, key=lambda row: (row.cells[3].value or 0.0, row.name)) for rows in groups.values()]
    return tuple(
        f"Measured here, one and the same `{row.name}` ({row.cells[0].text}) has {row.cells[1].text} under "
        f"`{RULES[0]}` and {row.cells[2].text} under `{RULES[1]}`."
        for row in widest
    )


def _wins(leaders: Sequence[Leader], name: str) -> int:
    return sum(leader.figure.name == name for leader in leaders)


def _point(name: str, own: Sequence[Leader], total: int) -> str:
    """One system's columns, and where its lead is significant."""
    where = listed([leader.column for leader in own])
    lines = [f"`{name}` is highest on {len(own)} of {total}: {where}."]
    sure = [
        f"{leader.column} ({signed(leader.pairs[0].difference)} points over the next)"
        for leader in own
        if leader.pairs and not leader.open
    ]
    if sure:
        lines.append(f"It is significantly above every other system on {listed(sure)}.")
    unsure = [f"on {leader.column} over {_leads(leader.open)}" for leader in own if leader.open]
    if unsure:
        lines.append(f"Its lead is not significant {'; '.join(unsure)}.")
    return " ".join(lines)


def _leads(pairs: Sequence[Compared]) -> str:
    return listed([f"`{pair.second.name}` ({signed(pair.difference)} points)" for pair in pairs])


def _leader_table(ident: str, suite: str, protocol: str, leaders: Sequence[Leader]) -> Table:
    columns = (
        Column("highest system", "word"),
        Column("mIoU"),
        Column("next", "word"),
        Column("lead"),
        Column("p adjusted"),
        Column("verdict", "word"),
    )
    rows = tuple(Row(leader.column, _leader_cells(leader)) for leader in leaders)
    return Table(ident, f"{suite}, protocol {protocol}: the highest system and the next", "Column", columns, rows)


def _leader_cells(leader: Leader) -> tuple[Cell, ...]:
    value, ends = leader.figure.miou or 0.0, leader.interval
    figure = Cell(
        percent(value),
        value,
        "" if ends is None else interval(ends.low, ends.high),
        span=None if ends is None else (ends.low, ends.high),
    )
    if not leader.pairs:
        return Cell(leader.figure.name), figure, Cell(), Cell(), Cell(), Cell("nothing to compare with", tone="open")
    following = leader.pairs[0]
    return (
        Cell(leader.figure.name),
        figure,
        Cell(following.second.name),
        difference_cell(following),
        p_cell(following.adjusted),
        verdict_cell(following),
    )


def _two_rules(name: str, first: Figure, second: Figure) -> Row:
    one, other = first.miou or 0.0, second.miou or 0.0
    kind = Cell(first.reference or "system")
    return Row(
        name, (kind, Cell(percent(one), one), Cell(percent(other), other), Cell(signed(other - one), other - one))
    )
