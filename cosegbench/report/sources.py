"""Where each measured figure comes from: its record and evidence, and what draws of its images say about it.

Evidence is read once a record and family of figures, and each figure is drawn once: equal seeds draw equal images, so
that two figures over the same images are paired and their difference needs no draw of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cosegbench.errors import EvidenceError, ProtocolError, RecordError
from cosegbench.evidence import Evidence
from cosegbench.records import Record, ScoreInfo, check_evidence, evidence_file
from cosegbench.statistics import Bootstrap, Summands, bootstrap, summands
from cosegbench.tables.figures import Figure, figures_of

Records = Sequence[tuple[Path, Record]]

NO_EVIDENCE = "no evidence lies beside the record"
DAMAGED = "the evidence beside the record is damaged or another run's"

_Key = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Source:
    """One figure's record, and where that lies."""

    path: Path
    record: Record
    score: ScoreInfo


class Sources:
    """The figures of a report and what lies behind each.

    Args:
        records: each with its path.
        resamples: bootstrap draws, and swaps of a test.
        seed: equal seeds give equal draws.
    """

    def __init__(self, records: Records, resamples: int, seed: int) -> None:
        self.records, self.resamples, self.seed = tuple(records), resamples, seed
        self._sources: dict[_Key, Source] = {}
        figures: list[Figure] = []
        for path, record in self.records:
            for figure in figures_of([(path.parent.name, record)]):
                figures.append(figure)
                self._sources.setdefault(_key(figure), Source(path, record, record.scores[figure.protocol]))
        self.figures = tuple(figures)
        self._evidence: dict[Path, Evidence | str] = {}
        self._summands: dict[_Key, Summands | str] = {}
        self._draws: dict[_Key, Bootstrap] = {}

    def source(self, figure: Figure) -> Source:
        """The record of a figure that one of the records holds."""
        return self._sources[_key(figure)]

    def summands(self, figure: Figure) -> Summands | str:
        """What the figure is made of, image by image, or why that is not known."""
        key = _key(figure)
        if key not in self._summands:
            self._summands[key] = self._read(self._sources[key])
        return self._summands[key]

    def draws(self, figure: Figure, made_of: Summands) -> Bootstrap:
        """The figure over resampled images.

        Args:
            figure: which.
            made_of: what :meth:`summands` gave for it.
        """
        key = _key(figure)
        if key not in self._draws:
            self._draws[key] = bootstrap(made_of.figure, resamples=self.resamples, seed=self.seed)
        return self._draws[key]

    def _read(self, source: Source) -> Summands | str:
        evidence = self._open(source)
        if isinstance(evidence, str):
            return evidence
        try:
            return summands(evidence, source.score.kernel)
        except ProtocolError as error:
            return str(error).removesuffix(".")

    def _open(self, source: Source) -> Evidence | str:
        if source.path not in self._evidence:
            self._evidence[source.path] = _load(source)
        return self._evidence[source.path]


def _load(source: Source) -> Evidence | str:
    file = evidence_file(source.path, source.record)
    if file is None or not file.is_file():
        return NO_EVIDENCE
    try:
        return Evidence.load(check_evidence(source.path, source.record))
    except (RecordError, EvidenceError):
        return DAMAGED


def _key(figure: Figure) -> _Key:
    return figure.name, figure.dataset, figure.protocol, figure.column_key
