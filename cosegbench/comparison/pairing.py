"""Which columns two sides share, and the refusal of columns whose figures must not be compared."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cosegbench.comparison.sides import Entry, Side
from cosegbench.errors import RequestError
from cosegbench.tables.figures import Figure, differences, figures_of, short


@dataclass(frozen=True, slots=True)
class Pair:
    """One column of both sides; rule, images, labels and classes are equal."""

    column: str
    first: Entry
    second: Entry


def pair_columns(first: Side, second: Side, wanted: Sequence[str] = ()) -> list[Pair]:
    """The columns to compare.

    Args:
        first: one side.
        second: the other.
        wanted: ids of columns in the order of the output; empty: every column that both have, by name. Two record
            files are always compared, whatever their columns are called.

    Raises:
        RequestError: no column is shared, one that is wanted is not, or figures of a column differ in rule, images or
            labels; says in what, and which columns agree.
    """
    pairs = _candidates(first, second, wanted)
    problems = {pair.column: _problem(pair) for pair in pairs}
    wrong = [f"{column}: they differ in {problem}" for column, problem in problems.items() if problem]
    if wrong:
        agreeing = [f"--dataset {column}" for column, problem in problems.items() if not problem]
        advice = (
            f"Compare those that agree: {' '.join(agreeing)}" if agreeing else "Run one of them again like the other."
        )
        summary = f"{first.name} and {second.name} must not be compared as they are:"
        raise RequestError("\n  - ".join([summary, *wrong]) + f"\n{advice}")
    return pairs


def _candidates(first: Side, second: Side, wanted: Sequence[str]) -> list[Pair]:
    if first.single and second.single and not wanted:
        ((column, one),), (other,) = first.entries.items(), second.entries.values()
        return [Pair(column, one, other)]
    shared = [column for column in wanted or sorted(first.entries) if column in first.entries.keys() & second.entries]
    absent = [column for column in wanted if column not in shared]
    if absent or not shared:
        have = (f"{side.name} has {', '.join(sorted(side.entries))}" for side in (first, second))
        what = f"{', '.join(absent)} is not measured for both" if absent else "no column is measured for both"
        raise RequestError(f"{what}: {'; '.join(have)}.")
    return [Pair(column, first.entries[column], second.entries[column]) for column in shared]


def _problem(pair: Pair) -> str:
    """What forbids a comparison, with both values; empty where nothing does."""
    figures = [_figure(entry) for entry in (pair.first, pair.second)]
    values = [dict(_values(figure)) for figure in figures]
    return ", ".join(
        f"{name} ({_show(values[0].get(name))} and {_show(values[1].get(name))})" for name in differences(figures)
    )


def _figure(entry: Entry) -> Figure:
    found = figures_of([(entry.path.parent.name, entry.record)])
    return next(figure for figure in found if figure.protocol == entry.score.protocol)


def _values(figure: Figure) -> Iterator[tuple[str, Any]]:
    """Name of a difference -> value, named as :func:`cosegbench.tables.figures.differences` does."""
    for parts in (figure.rule, figure.content):
        for name, value in parts.items():
            if isinstance(value, Mapping):
                yield from ((f"{name}: {key}", item) for key, item in value.items())
            else:
                yield name, value


def _show(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return short(text) if len(text) == 64 and text.isalnum() else text
