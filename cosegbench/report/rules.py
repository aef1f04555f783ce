"""Every rule that the kept evidence answers, with the predictors side by side: who is highest under which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cosegbench.protocols import list_protocols
from cosegbench.report.view import Cell, Column, Palette, Row, Table, percent, quoted, signed
from cosegbench.running.proving import TOLERANCE
from cosegbench.tables.figures import Figure, short

_HOW = (
    "A row is one rule on one data set: figures in it share the evaluation digest, the images and the labels. Two rows "
    "are two quantities; compare along a row, never down a column.",
    "Highest and lead are of the figures as they are, without a test, references left out. Whether a lead is "
    "significant under the main rules, the paired comparison says.",
    "Several rules may be one under two names, and many are close relatives, so their number is no vote.",
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule on one data set.

    Args:
        dataset: id of the column.
        name: of the protocol, with its digest where the protocol scored this data set in several ways.
        key: digest of rule and labels.
        figures: predictor -> figure; the first of each.
    """

    dataset: str
    name: str
    key: str
    figures: Mapping[str, Figure]

    def top(self, systems: Sequence[str]) -> tuple[tuple[str, ...], float | None]:
        """The highest systems and their lead over the next, percentage points; no lead where there is no next."""
        known = {name: self.figures[name].miou for name in systems if name in self.figures}
        values = {name: value for name, value in known.items() if value is not None}
        if not values:
            return (), None
        best = max(values.values())
        tops = tuple(name for name, value in values.items() if best - value <= TOLERANCE)
        rest = [value for name, value in values.items() if name not in tops]
        return tops, best - max(rest) if rest and len(tops) == 1 else None


def rules_of(figures: Iterable[Figure], datasets: Sequence[str]) -> tuple[Rule, ...]:
    """The rules of some data sets, in the order of these and of the protocols.

    Args:
        figures: of every rule.
        datasets: ids of columns.
    """
    order = {protocol.name: place for place, protocol in enumerate(list_protocols())}
    groups: dict[tuple[str, str, str], dict[str, Figure]] = {}
    for figure in figures:
        if figure.dataset in datasets:
            place = figure.dataset, figure.protocol, figure.column_key
            groups.setdefault(place, {}).setdefault(figure.name, figure)
    keys = sorted(groups, key=lambda key: (datasets.index(key[0]), order.get(key[1], len(order)), *key[1:]))
    ways = [key[:2] for key in keys]
    return tuple(
        Rule(key[0], key[1] if ways.count(key[:2]) == 1 else f"{key[1]} ({short(key[2])})", key[2], groups[key])
        for key in keys
    )


def rules_table(ident: str, suite: str, rules: Sequence[Rule], names: Sequence[str], palette: Palette) -> Table:
    """One table a suite.

    Args:
        ident: id of the table.
        suite: what its data sets are called together.
        rules: as :func:`rules_of` gives them.
        names: row names of the measured tables, references last.
        palette: systems are those that have a colour.
    """
    systems = [name for name in names if palette.colour(name) is not None]
    headings = (
        Column("data set", "word"),
        Column("highest system", "word"),
        Column("lead"),
        *(Column(name, colour=palette.colour(name)) for name in names),
    )
    rows = tuple(Row(rule.name, _cells(rule, names, systems)) for rule in rules)
    caption = f"Every rule, predictors side by side: {suite} (mIoU in percent)"
    return Table(ident, caption, "Rule", headings, rows, (), _HOW)


def leaders(rules: Sequence[Rule], systems: Sequence[str]) -> Mapping[str, Mapping[tuple[str, ...], tuple[str, ...]]]:
    """Data set -> highest system or systems -> the rules under which they are; rules with fewer than two are left out.

    Rules that are one under two names, because digest and figures agree, count under the first of the names.
    """
    found: dict[str, dict[tuple[str, ...], list[str]]] = {}
    seen: set[tuple[str, str]] = set()
    for rule in rules:
        measured = [name for name in systems if name in rule.figures and rule.figures[name].miou is not None]
        if len(measured) < 2 or (rule.dataset, rule.key) in seen:
            continue
        seen.add((rule.dataset, rule.key))
        found.setdefault(rule.dataset, {}).setdefault(rule.top(systems)[0], []).append(rule.name)
    return {data: {tops: tuple(names) for tops, names in groups.items()} for data, groups in found.items()}


def leaders_sentence(dataset: str, groups: Mapping[tuple[str, ...], Sequence[str]]) -> str:
    """Who is highest on one data set under which rules, in words."""
    ordered = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    total = sum(len(names) for names in groups.values())
    if len(ordered) == 1:
        return f"{dataset}: {quoted(ordered[0][0])} is highest under all {total} rules."
    said = "; ".join(
        f"{quoted(tops)} under {len(names)}" + (f" ({', '.join(names)})" if place else "")
        for place, (tops, names) in enumerate(ordered)
    )
    return f"{dataset}: of {total} rules, highest is {said}."


def _cells(rule: Rule, names: Sequence[str], systems: Sequence[str]) -> tuple[Cell, ...]:
    tops, lead = rule.top(systems)
    figures = (_figure(rule.figures.get(name), name in tops) for name in names)
    last = Cell() if lead is None else Cell(signed(lead), lead)
    return Cell(rule.dataset), Cell(", ".join(tops)), last, *figures


def _figure(figure: Figure | None, top: bool) -> Cell:
    if figure is None or figure.miou is None:
        return Cell()
    return Cell(percent(figure.miou), figure.miou, tone="top" if top else "")
