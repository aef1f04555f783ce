"""Records of one results folder as rows and columns, and their evidence on demand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cosegbench import Evidence
from cosegbench.records import Record, ScoreInfo, check_evidence, list_records, read_record
from cosegbench.tables.figures import Figure, figures_of

PROTOCOLS = ("standard", "coseg-authors")
"""The two rules of the study, the default first."""

FIRST = "coseg-no-training"
"""The row that every trained row is compared with."""


@dataclass(frozen=True, slots=True)
class Result:
    """One record, and where it lies."""

    path: Path
    record: Record

    @property
    def column(self) -> str:
        """Id of the table's column."""
        return self.record.dataset.column or self.record.dataset.id

    def evidence(self) -> Evidence:
        """The integer counts beside the record.

        Raises:
            RecordError: they are absent or another run's.
        """
        return _evidence(self.evidence_file)

    @property
    def evidence_file(self) -> Path:
        """Where that is.

        Raises:
            RecordError: it is absent or another run's.
        """
        return check_evidence(self.path, self.record)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the tables.

    Args:
        name: the results folder.
        reference: what it is a reference for (``chance``, ``ceiling: ...``); empty for a system.
        recipe: of its training; empty where nothing was trained on masks.
    """

    name: str
    reference: str
    recipe: str

    @property
    def order(self) -> tuple[int, bool, str]:
        """Systems first, then the ceiling, then chance; the miniature recipe before the others."""
        kind = 0 if self.name == FIRST else 1 if not self.reference else 2 if self.ceiling else 3
        return kind, self.recipe not in ("", "miniature"), self.name

    @property
    def ceiling(self) -> bool:
        """Whether it was given what it should find."""
        return self.reference.startswith("ceiling")


@dataclass(frozen=True, slots=True)
class Study:
    """Every record of one results folder."""

    results: tuple[Result, ...]

    @classmethod
    def read(cls, folder: Path) -> Study:
        """Read a results folder.

        Raises:
            RecordError: no such folder, or a file in it that is no record.
        """
        return cls(tuple(Result(path, read_record(path)) for path in list_records(folder)))

    @property
    def rows(self) -> tuple[Row, ...]:
        """Each row once, in the order of the tables."""
        found = {result.path.parent.name: result.record.predictor.facts for result in self.results}
        rows = [
            Row(name, *(str(facts.get(key, "")) for key in ("reference", "recipe"))) for name, facts in found.items()
        ]
        return tuple(sorted(rows, key=lambda row: row.order))

    @property
    def systems(self) -> tuple[Row, ...]:
        """The rows that are no reference."""
        return tuple(row for row in self.rows if not row.reference)

    @property
    def trained(self) -> tuple[Row, ...]:
        """The rows that were trained on masks."""
        return tuple(row for row in self.systems if row.recipe)

    def columns(self, wanted: Sequence[str]) -> tuple[str, ...]:
        """Those of the wanted columns that a record has, in the order wanted."""
        there = {result.column for result in self.results}
        return tuple(column for column in wanted if column in there)

    def result(self, row: str, column: str, protocol: str) -> Result | None:
        """The record that holds this figure."""
        for result in self.results:
            if (result.path.parent.name, result.column) == (row, column) and protocol in result.record.scores:
                return result
        return None

    def score(self, row: str, column: str, protocol: str) -> ScoreInfo | None:
        """The figure itself."""
        result = self.result(row, column, protocol)
        return None if result is None else result.record.scores[protocol]

    def miou(self, row: str, column: str, protocol: str) -> float | None:
        """The mIoU in percent, None where there is none."""
        score = self.score(row, column, protocol)
        return None if score is None else score.miou

    def clip_digest(self, row: str) -> str | None:
        """SHA-256 of the CLIP below a row, None where its record states none."""
        for result in self.results:
            clip = result.record.predictor.facts.get("clip")
            if result.path.parent.name == row and isinstance(clip, Mapping):
                return str(clip.get("sha256"))
        return None

    def own_view(self, row: str, column: str, protocol: str) -> bool:
        """Whether the figure was scored on the column's own view; a protocol may score another one for a predictor."""
        result = self.result(row, column, protocol)
        return result is not None and result.record.dataset.id == column

    def figures(self) -> tuple[Figure, ...]:
        """As ``cosegbench table`` reads them."""
        return figures_of((result.path.parent.name, result.record) for result in self.results)


@lru_cache(maxsize=64)
def _evidence(path: Path) -> Evidence:
    return Evidence.load(path)
