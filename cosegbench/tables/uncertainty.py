"""How sure the figures of a table are: an interval for each, and which systems of a column are tied with its best.

Drawn from the evidence beside each record. Equal seeds draw equal images, so the draws of two figures over the same
images are paired, and their difference needs no draw of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cosegbench.errors import EvidenceError, ProtocolError, RecordError
from cosegbench.evidence import Evidence
from cosegbench.records import Record, check_evidence, evidence_file
from cosegbench.running.proving import TOLERANCE
from cosegbench.statistics import Bootstrap, Interval, bootstrap, summands
from cosegbench.statistics.intervals import LEVEL, percentile
from cosegbench.tables.columns import Column
from cosegbench.tables.figures import Figure, figures_of

_Key = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Spread:
    """What the draws say about one figure of a column.

    Args:
        interval: 95% percentile interval, percent; None where there is none.
        dropped: averaged classes that a draw lacks, on average.
        best: whether it is the highest system over its images; None where no two systems can be compared.
        tied: whether the interval of its paired difference to the best holds 0; None where it was not compared.
        difference: that interval, figure minus best, percentage points.
    """

    interval: Interval | None
    dropped: float
    best: bool | None = None
    tied: bool | None = None
    difference: Interval | None = None


class Uncertainty:
    """Intervals of measured figures, drawn when a column asks for them.

    Args:
        records: each with its path; the evidence lies beside it.
        resamples: draws.
        seed: equal seeds give equal intervals.
    """

    def __init__(self, records: Iterable[tuple[Path, Record]], resamples: int, seed: int) -> None:
        self.resamples = resamples
        self.seed = seed
        self._sources: dict[_Key, tuple[Path, Record]] = {}
        for path, record in records:
            for figure in figures_of([(path.parent.name, record)]):
                self._sources.setdefault(_key(figure), (path, record))

    def column(self, column: Column) -> tuple[Mapping[str, Spread], tuple[str, ...]]:
        """Row name -> what the draws say, and a remark for each reason why a row has no interval.

        Raises:
            RequestError: fewer than one draw.
        """
        drawn: dict[str, Bootstrap] = {}
        reasons: dict[str, list[str]] = {}
        for figure in column.figures:
            found = self._draw(figure)
            if isinstance(found, str):
                reasons.setdefault(found, []).append(figure.name)
            else:
                drawn[figure.name] = found
        spreads = {name: Spread(found.percentile, found.dropped.mean) for name, found in drawn.items()}
        for group in _comparable(column.figures):
            spreads.update(_compared(group, drawn, spreads))
        remarks = (f"{column.heading}: no interval for {', '.join(names)}: {why}." for why, names in reasons.items())
        return spreads, tuple(remarks)

    def describe(self) -> str:
        """One line: what stands in parentheses."""
        return (
            f"In parentheses: the {LEVEL:.0%} percentile bootstrap interval over images, {self.resamples} resamples, "
            f"seed {self.seed}. It says how far other images of the same kind would move a figure, not how far another "
            "training run would."
        )

    def _draw(self, figure: Figure) -> Bootstrap | str:
        """The draws of one figure, or why there are none."""
        path, record = self._sources[_key(figure)]
        file = evidence_file(path, record)
        if file is None or not file.is_file():
            return "no evidence lies beside the record"
        try:
            counts = summands(Evidence.load(check_evidence(path, record)), record.scores[figure.protocol].kernel).figure
        except ProtocolError as error:
            return str(error).removesuffix(".")
        except (RecordError, EvidenceError):
            return "the evidence beside the record is damaged or another run's"
        found = bootstrap(counts, resamples=self.resamples, seed=self.seed)
        if not _agrees(figure.miou, found.estimate):
            return "the evidence beside the record gives another figure"
        return found


def _key(figure: Figure) -> _Key:
    return figure.name, figure.dataset, figure.protocol, figure.column_key


def _agrees(stored: float | None, estimate: float) -> bool:
    if stored is None or math.isnan(estimate):
        return stored is None and math.isnan(estimate)
    return abs(stored - estimate) <= TOLERANCE


def _comparable(figures: Sequence[Figure]) -> list[list[Figure]]:
    """Systems over the same images and labels under the same rule, where there are two or more; no reference."""
    groups: dict[str, list[Figure]] = {}
    for figure in figures:
        if not figure.reference and figure.miou is not None:
            groups.setdefault(figure.column_key, []).append(figure)
    return [group for group in groups.values() if len(group) > 1]


def _compared(
    group: Sequence[Figure], drawn: Mapping[str, Bootstrap], spreads: Mapping[str, Spread]
) -> dict[str, Spread]:
    """The group's spreads with what they say beside the best; nothing where the best has no draws."""
    best = min(group, key=lambda figure: (-(figure.miou or 0.0), figure.name)).name
    if best not in drawn:
        return {}
    found = {best: replace(spreads[best], best=True)}
    for name in (figure.name for figure in group if figure.name in drawn and figure.name != best):
        gap = percentile(drawn[name].values - drawn[best].values)
        tied = None if gap is None else gap.holds(0.0)
        found[name] = replace(spreads[name], best=False, tied=tied, difference=gap)
    return found
