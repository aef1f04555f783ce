"""Every two systems of a column: the difference, its interval, a paired test, and what both say together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

from cosegbench.report.sources import Sources
from cosegbench.report.view import Cell, Row, Table, interval, percent, signed
from cosegbench.report.view import Column as Heading
from cosegbench.statistics import Interval, Tally, permutation_test, tally
from cosegbench.statistics.intervals import percentile
from cosegbench.tables.columns import Column
from cosegbench.tables.figures import Figure

LEVEL = 0.05
"""A difference is called significant where its adjusted p is no larger and its 95% interval does not hold 0."""

Verdict = Literal["higher", "open", "untested"]


@dataclass(frozen=True, slots=True)
class Compared:
    """Two systems on one column; the first has the higher figure.

    Args:
        column: heading of the column.
        first: the higher figure.
        second: the lower one.
        difference: first minus second, percentage points.
        interval: its 95% interval; None where there is none.
        p: two-sided p of the paired permutation test; None where there is none.
        adjusted: p after Benjamini and Hochberg over the pairs of this column.
        images: on how many images which one is better; None where the images are not known.
        why: why there is no test; empty where there is one.
    """

    column: str
    first: Figure
    second: Figure
    difference: float
    interval: Interval | None = None
    p: float | None = None
    adjusted: float | None = None
    images: Tally | None = None
    why: str = ""

    @property
    def verdict(self) -> Verdict:
        """``higher``: interval and test both say so; ``open``: they do not; ``untested``: one is missing."""
        if self.adjusted is None or self.interval is None:
            return "untested"
        return "higher" if self.adjusted <= LEVEL and not self.interval.holds(0.0) else "open"


def compare_column(column: Column, sources: Sources) -> tuple[Compared, ...]:
    """Every two systems over the same images and labels; references are left out.

    Args:
        column: of a measured table.
        sources: where its figures come from.

    Returns:
        The pairs, the highest systems first.
    """
    systems = [figure for figure in column.figures if not figure.reference and figure.miou is not None]
    systems.sort(key=lambda figure: (-(figure.miou or 0.0), figure.name))
    pairs = [pair for pair in combinations(systems, 2) if pair[0].column_key == pair[1].column_key]
    return _adjusted([_compare(column.heading, *pair, sources) for pair in pairs])


def _compare(heading: str, first: Figure, second: Figure, sources: Sources) -> Compared:
    plain = Compared(heading, first, second, (first.miou or 0.0) - (second.miou or 0.0))
    made = [sources.summands(figure) for figure in (first, second)]
    one, other = made
    if isinstance(one, str) or isinstance(other, str):
        reasons = {figure.name: why for figure, why in zip((first, second), made, strict=True) if isinstance(why, str)}
        return replace(plain, why="; ".join(f"{name}: {why}" for name, why in reasons.items()))
    gaps = sources.draws(first, one).values - sources.draws(second, other).values
    # Of one evaluation half, two kernels can differ only in whether the oracle's masks overlap, which is the method's.
    test = permutation_test(one, replace(other, kernel=one.kernel), permutations=sources.resamples, seed=sources.seed)
    p = None if math.isnan(test.p) else test.p
    return replace(plain, interval=percentile(gaps), p=p, images=tally(one, other))


def _adjusted(pairs: Sequence[Compared]) -> tuple[Compared, ...]:
    """The same pairs with p adjusted over those that have one."""
    from scipy.stats import false_discovery_control

    known = [pair.p for pair in pairs if pair.p is not None]
    adjusted = iter(false_discovery_control(known, method="bh").tolist() if known else ())
    return tuple(pair if pair.p is None else replace(pair, adjusted=next(adjusted)) for pair in pairs)


def pairs_table(ident: str, title: str, pairs: Sequence[Compared], sources: Sources) -> Table:
    """The pairs of all columns of one table, a row each."""
    headings = (
        Heading("first", "word"),
        Heading("second", "word"),
        Heading("first, mIoU"),
        Heading("second, mIoU"),
        Heading("difference"),
        Heading("p"),
        Heading("p adjusted"),
        Heading("better : worse", "word"),
        Heading("verdict", "word"),
    )
    reasons = dict.fromkeys(f"{pair.column}: no test: {pair.why}." for pair in pairs if pair.why)
    rows = tuple(Row(pair.column, _cells(pair)) for pair in pairs)
    return Table(ident, title, "Column", headings, rows, (), (*describe(sources), *reasons))


def describe(sources: Sources) -> tuple[str, ...]:
    """How the figures of a table of pairs were made."""
    return (
        f"Difference: first minus second in percentage points, with its 95% percentile bootstrap interval over images, "
        f"{sources.resamples} resamples, seed {sources.seed}. The same images are drawn for both.",
        f"p: paired permutation test on mIoU, two-sided, {sources.resamples} swaps, as `cosegbench compare` computes "
        "it; adjusted after Benjamini and Hochberg over the pairs of a column.",
        f"Significant: adjusted p at most {LEVEL} and an interval without 0. Anything else is no proof of equality. "
        "Both speak of other images of the same kind, not of another training run. The tie marks of the measured "
        "tables look at the interval alone, so a pair may be neither tied nor significant.",
        "Better : worse: on how many images the first has the higher and the lower mean IoU over the classes that the "
        "image shows. References (chance, a ceiling) are not compared.",
    )


def verdict_cell(pair: Compared) -> Cell:
    """What interval and test say, in words."""
    words = {"higher": "significant", "open": "not significant", "untested": "no test"}
    tones = {"higher": "yes", "open": "open", "untested": "open"}
    return Cell(words[pair.verdict], tone=tones[pair.verdict])


def difference_cell(pair: Compared) -> Cell:
    """The difference with its interval."""
    sub = "" if pair.interval is None else interval(pair.interval.low, pair.interval.high, sign=True)
    return Cell(signed(pair.difference), pair.difference, sub)


def p_cell(p: float | None) -> Cell:
    """A p with four digits."""
    return Cell() if p is None else Cell(f"{p:.4f}", p)


def _cells(pair: Compared) -> tuple[Cell, ...]:
    first, second = ((figure.name, figure.miou or 0.0) for figure in (pair.first, pair.second))
    counted = pair.images
    return (
        Cell(first[0]),
        Cell(second[0]),
        Cell(percent(first[1]), first[1]),
        Cell(percent(second[1]), second[1]),
        difference_cell(pair),
        p_cell(pair.p),
        p_cell(pair.adjusted),
        Cell() if counted is None else Cell(f"{counted.better} : {counted.worse}"),
        verdict_cell(pair),
    )
