"""What kept evidence answers: every figure of every rule that each record allows, without writing anything."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cosegbench.errors import EvidenceError, RecordError
from cosegbench.records import Record, evidence_file
from cosegbench.running.answering import row_of
from cosegbench.running.rescoring import Outcome, recompute
from cosegbench.tables.figures import Figure, figures_of

ALONE = "as its record states it, because no evidence lies beside the record"
OTHER = "as its record states it, because its evidence is damaged, or was made by another definition than today's"


@dataclass(frozen=True, slots=True)
class Answer:
    """One figure and its record's row; ``stored`` says why it is the record's own where it was not computed anew."""

    figure: Figure
    row: str
    stored: str


@dataclass(frozen=True, slots=True)
class Answers:
    """Figures of every rule that some record allows, and why the other rules have none."""

    all: tuple[Answer, ...]
    outcome: Outcome

    @property
    def figures(self) -> tuple[Figure, ...]:
        """The figures alone."""
        return tuple(each.figure for each in self.all)


def answer(records: Iterable[tuple[Path, Record]]) -> Answers:
    """Every figure that each record's evidence gives by today's rules; where there is none, those of the record.

    Args:
        records: each with its path.
    """
    answers: list[Answer] = []
    done, problems = [], []
    for path, record in records:
        shown, stored = record, ""
        file = evidence_file(path, record)
        if file is None or not file.is_file():
            stored = ALONE
        else:
            try:
                done.append(recompute(path, record))
                shown = done[-1].record
            except (RecordError, EvidenceError) as error:
                problems.append(str(error))
                stored = OTHER
        folder = path.parent.name
        row = row_of(path, shown)
        answers += [Answer(figure, row, stored) for figure in figures_of([(folder, shown)])]
    return Answers(tuple(answers), Outcome(tuple(done), tuple(problems)))
