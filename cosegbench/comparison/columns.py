"""One column of a comparison, computed from both records' evidence."""

from __future__ import annotations

import math
from dataclasses import dataclass

from cosegbench.comparison.pairing import Pair
from cosegbench.comparison.sides import Entry
from cosegbench.errors import RecordError
from cosegbench.kernels.base import FloatArray
from cosegbench.running.proving import MEND
from cosegbench.statistics import (
    PairedBootstrap,
    PermutationTest,
    Summands,
    Tally,
    paired_bootstrap,
    permutation_test,
    summands,
    tally,
)

_TOLERANCE = 1e-6
"""Percentage points between a stored figure and the one that its evidence gives, above which the two do not belong."""


@dataclass(frozen=True, slots=True)
class Draws:
    """How chance is drawn.

    Args:
        resamples: bootstrap draws, and swaps of the permutation test.
        seed: equal seeds give equal output.
        level: coverage that the intervals aim at.
    """

    resamples: int
    seed: int
    level: float


@dataclass(frozen=True, slots=True, eq=False)
class ColumnComparison:
    """First minus second on one column.

    Args:
        pair: whose records.
        figures: both mIoU, percent, as stored; None where the rule averages nothing.
        bootstrap: intervals.
        test: permutation test, class by class as well.
        tally: on how many images which one is better.
        averaged: how many classes each averages.
        only_first: classes that only the first averages.
        only_second: classes that only the second averages.
    """

    pair: Pair
    figures: tuple[float | None, float | None]
    bootstrap: PairedBootstrap
    test: PermutationTest
    tally: Tally
    averaged: tuple[int, int]
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]

    @property
    def images(self) -> int:
        """Images compared."""
        return self.pair.first.record.dataset.images

    @property
    def difference(self) -> float | None:
        """Of the figures, percentage points; None where one is."""
        first, second = self.figures
        return None if first is None or second is None else first - second

    @property
    def classes(self) -> list[int]:
        """Classes with a difference, the largest first, ties by index."""
        gaps: FloatArray = self.test.classes.difference
        known = [place for place, gap in enumerate(gaps.tolist()) if not math.isnan(gap)]
        return sorted(known, key=lambda place: (-abs(gaps[place]), place))


def compare_column(pair: Pair, draws: Draws) -> ColumnComparison:
    """Compute one column.

    Raises:
        RecordError: evidence that is absent or does not give the stored figure.
        ProtocolError: a rule without intervals.
    """
    first, second = (_summands(entry) for entry in (pair.first, pair.second))
    bootstrap = paired_bootstrap(
        first.figure, second.figure, resamples=draws.resamples, seed=draws.seed, level=draws.level
    )
    for entry, found in ((pair.first, bootstrap.first), (pair.second, bootstrap.second)):
        _check(entry, found.estimate)
    names = pair.first.record.dataset.classes
    averaged = [{name for name, kept in zip(names, entry.score.averaged, strict=True) if kept} for entry in _both(pair)]
    return ColumnComparison(
        pair=pair,
        figures=(pair.first.score.miou, pair.second.score.miou),
        bootstrap=bootstrap,
        test=permutation_test(first, second, permutations=draws.resamples, seed=draws.seed),
        tally=tally(first, second),
        averaged=(len(averaged[0]), len(averaged[1])),
        only_first=tuple(name for name in names if name in averaged[0] - averaged[1]),
        only_second=tuple(name for name in names if name in averaged[1] - averaged[0]),
    )


def _both(pair: Pair) -> tuple[Entry, Entry]:
    return pair.first, pair.second


def _summands(entry: Entry) -> Summands:
    return summands(entry.evidence(), entry.score.kernel)


def _check(entry: Entry, estimate: float) -> None:
    """Refuse evidence of which today's rule makes another figure than the stored one."""
    stored = float("nan") if entry.score.miou is None else entry.score.miou
    if not (math.isnan(stored) and math.isnan(estimate)) and not abs(stored - estimate) <= _TOLERANCE:
        raise RecordError(
            f"record {entry.path} holds {stored} under {entry.score.protocol}, and its evidence gives {estimate} "
            f"today. {MEND}"
        )
