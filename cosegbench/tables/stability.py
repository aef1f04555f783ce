"""``table --stability``: whether the order of two predictors survives another rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from cosegbench.protocols import list_protocols
from cosegbench.running.proving import TOLERANCE
from cosegbench.tables.cells import row_names
from cosegbench.tables.figures import Figure
from cosegbench.tables.grid import Cell, Grid, Notes, Row
from cosegbench.tables.measured import shown_suites

_HOW = (
    "A cell counts the rules that answer both: first above / second above / equal. A rule counts only where both were "
    "scored over the same labels under the same evaluation digest, and rules that are one under two names count once. "
    "Many rules are close relatives, so a count is no vote. "
    "Differences are taken as they are; whether one is real, --ci and `compare` say. References are left out."
)


@dataclass(frozen=True, slots=True)
class Order:
    """The order of two predictors on one column, rule by rule.

    Args:
        above: names of the rules under which the first is higher.
        below: under which the second is.
        equal: under which they are equal.
    """

    above: tuple[str, ...]
    below: tuple[str, ...]
    equal: tuple[str, ...]

    @property
    def rules(self) -> int:
        """How many rules answer both."""
        return len(self.above) + len(self.below) + len(self.equal)

    @property
    def majority(self) -> tuple[str, ...]:
        """The largest of the three groups; of equally large ones the first."""
        return max((self.above, self.below, self.equal), key=len)

    @property
    def stable(self) -> bool:
        """Whether every rule gives the same order."""
        return len(self.majority) == self.rules


def order_of(first: Sequence[Figure], second: Sequence[Figure]) -> Order:
    """Compare the figures of two predictors on one column under every rule that they share.

    Args:
        first: at most one figure a protocol and evaluation digest.
        second: likewise.
    """
    groups: tuple[list[str], list[str], list[str]] = ([], [], [])
    seen: set[tuple[str, str, str]] = set()
    for one, other in _shared(first, second):
        rule = (one.column_key, one.method, other.method)
        if rule not in seen and one.miou is not None and other.miou is not None:
            seen.add(rule)
            gap = one.miou - other.miou
            groups[2 if abs(gap) <= TOLERANCE else int(gap < 0)].append(one.protocol)
    return Order(*(tuple(each) for each in groups))


def stability_grids(
    figures: Sequence[Figure], suites: Mapping[str, Sequence[str]], suite: str | None = None
) -> tuple[Grid, ...]:
    """One table a suite that has two systems or more; a row a pair of them.

    Args:
        figures: of every rule that the evidence answers.
        suites: suite -> ids of its data sets, in the order of the columns.
        suite: only this one; by default all, then the data sets that are in none.
    """
    grids = []
    for heading, datasets in shown_suites(figures, suites, suite).items():
        here = [figure for figure in figures if figure.dataset in datasets and not figure.reference]
        names = row_names(here)
        if len(names) > 1:
            grids.append(_grid(heading, tuple(datasets), names, here))
    return tuple(grids)


def _grid(suite: str, datasets: tuple[str, ...], names: Sequence[str], figures: Sequence[Figure]) -> Grid:
    notes = Notes()
    rows, orders = [], []
    for pair in combinations(names, 2):
        sides = [[figure for figure in figures if figure.name == name] for name in pair]
        found = [order_of(*(_on(side, data) for side in sides)) for data in datasets]
        rows.append(Row(f"{pair[0]} : {pair[1]}", tuple(_cell(each, pair, notes) for each in found)))
        orders += found
    title = f"Whether the order survives another rule: {suite} (number of rules)"
    remarks = (_HOW, _summary(suite, orders))
    return Grid(f"stability/{suite}", title, "First : second", datasets, tuple(rows), notes.all(), remarks)


def _on(figures: Sequence[Figure], dataset: str) -> list[Figure]:
    return [figure for figure in figures if figure.dataset == dataset]


def _shared(first: Sequence[Figure], second: Sequence[Figure]) -> list[tuple[Figure, Figure]]:
    """Pairs of one protocol that share rule and labels, in the order of the protocols."""
    order = {protocol.name: place for place, protocol in enumerate(list_protocols())}
    pairs = [
        (one, other)
        for one in first
        for other in second
        if (one.protocol, one.column_key) == (other.protocol, other.column_key)
    ]
    return sorted(pairs, key=lambda pair: (order.get(pair[0].protocol, len(order)), pair[0].protocol))


def _cell(order: Order, pair: tuple[str, ...], notes: Notes) -> Cell:
    facts = {
        "first": pair[0],
        "second": pair[1],
        "rules": order.rules,
        "rules_first_above": " ".join(order.above),
        "rules_second_above": " ".join(order.below),
        "rules_equal": " ".join(order.equal),
        "stable": order.stable if order.rules else None,
    }
    if not order.rules:
        return Cell(None, (), facts)
    said = f"{len(order.above)} / {len(order.below)} / {len(order.equal)}"
    return Cell(None, notes.marks([_against(order)] if not order.stable else []), facts, words=said)


def _against(order: Order) -> str:
    """The rules that disagree with the majority, by name."""
    parts = {"first above": order.above, "second above": order.below, "equal": order.equal}
    tie = sum(len(names) == len(order.majority) for names in parts.values()) > 1
    shown = {what: names for what, names in parts.items() if names and (tie or names is not order.majority)}
    said = "; ".join(f"{what} under {', '.join(names)}" for what, names in shown.items())
    return f"no majority: {said}" if tie else f"against the majority: {said}"


def _summary(suite: str, orders: Sequence[Order]) -> str:
    """One line: how many orders every rule gives alike."""
    known = [order for order in orders if order.rules]
    stable = sum(order.stable for order in known)
    share = f" ({stable / len(known):.0%})" if known else ""
    return (
        f"{suite}: {stable} of {len(known)} orders (a pair on a column){share} are the same under every rule that "
        f"answers both; {len(known) - stable} change with the rule."
    )
