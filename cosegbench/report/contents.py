"""The whole report as data, put together from records, their evidence and the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cosegbench.report import answers, printed, rules
from cosegbench.report.answers import Answer, Leader
from cosegbench.report.fingerprints import Fingerprint, fingerprints
from cosegbench.report.machines import Machine, machines, records_table
from cosegbench.report.material import Material, Place, Wish
from cosegbench.report.pairs import Compared
from cosegbench.report.sections import Part, sections
from cosegbench.report.sources import Records, Sources
from cosegbench.report.view import Table
from cosegbench.statistics import Interval
from cosegbench.suites import SUITES
from cosegbench.tables.columns import Column
from cosegbench.tables.figures import Figure
from cosegbench.tables.stability import stability_grids

CONTEXT = "context459"
"""The data set of the printed pair that the answers explain."""


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that the page shows.

    Args:
        summary: the extent, in a sentence.
        answers: questions and answers.
        parts: the sections with tables, in their order.
        fingerprints: protocols, which unfold.
        machines: environments of the records.
        records: table of the records.
        systems: names of the systems; their place is their colour.
        problems: what could not be computed anew, a line each.
    """

    summary: str
    answers: tuple[Answer, ...]
    parts: tuple[Part, ...]
    fingerprints: tuple[Fingerprint, ...]
    machines: tuple[Machine, ...]
    records: Table
    systems: tuple[str, ...]
    problems: tuple[str, ...]


def make_report(records: Records, wish: Wish) -> Report:
    """Put the report together.

    Args:
        records: each with its path; at least one.
        wish: what to show.

    Raises:
        RequestError: no record holds a figure of what is asked for.
        DataError: the ledger is damaged, or pictures cannot be drawn.
        MissingDataError: pictures were asked for and the data is not there.
    """
    material = Material(records, wish)
    found = machines(material.records)
    return Report(
        summary=_summary(material),
        answers=_answers(material),
        parts=sections(material),
        fingerprints=fingerprints(material.records),
        machines=found,
        records=records_table(material.records, found),
        systems=material.palette.names,
        problems=tuple(_placeless(line, material.records) for line in material.answers.outcome.problems),
    )


def _summary(material: Material) -> str:
    systems, references = len(material.palette.names), len(material.names) - len(material.palette.names)
    measured = len({figure.dataset for figure in material.figures})
    return (
        f"{_number(len(material.records), 'record')}: {_number(systems, 'system')} and "
        f"{_number(references, 'reference')} on {_number(measured, 'data set')}."
    )


def _placeless(text: str, records: Records) -> str:
    """A message without the folders of this machine: ``predictor/file`` is left of a path."""
    for path, _ in records:
        text = text.replace(str(path.parent), path.parent.name)
    return text


def _answers(material: Material) -> tuple[Answer, ...]:
    """In the order of a reviewer's questions; data sets outside every suite come last."""
    named = [place for place in material.columns if place[0] in SUITES]
    others = [place for place in material.columns if place[0] not in SUITES]
    return (
        *_better(material, named),
        *_survives(material),
        _printed(material),
        *_better(material, others),
    )


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _better(material: Material, places: Iterable[Place]) -> list[Answer]:
    """An answer a suite and rule."""
    found = []
    for suite, protocol in places:
        columns = material.columns[suite, protocol]
        number = list(material.columns).index((suite, protocol)) + 1
        pairs = material.compared[suite, protocol]
        leaders = [leader for column in columns if (leader := _leader(column, pairs, material.sources))]
        if leaders:
            remarks = material.remarks[suite, protocol]
            found.append(answers.which_is_better(f"answer-{number}", suite, protocol, leaders, remarks))
    return found


def _leader(column: Column, pairs: tuple[Compared, ...], sources: Sources) -> Leader | None:
    """The highest system of a column; None where no system has a figure."""
    systems = [figure for figure in column.figures if not figure.reference and figure.miou is not None]
    if not systems:
        return None
    best = min(systems, key=lambda figure: (-(figure.miou or 0.0), figure.name))
    own = tuple(pair for pair in pairs if pair.column == column.heading and pair.first.name == best.name)
    return Leader(column.heading, best, _interval(best, sources), own)


def _interval(figure: Figure, sources: Sources) -> Interval | None:
    made_of = sources.summands(figure)
    return None if isinstance(made_of, str) else sources.draws(figure, made_of).percentile


def _survives(material: Material) -> list[Answer]:
    """Whether another rule would give another order; nothing where there are no two systems."""
    figures = [figure for figure in material.answers.figures if figure.dataset in material.datasets]
    grids = stability_grids(figures, SUITES, material.wish.suite)
    if not grids:
        return []
    points = [
        rules.leaders_sentence(data, groups)
        for datasets in material.suites.values()
        for data, groups in rules.leaders(rules.rules_of(figures, datasets), material.palette.names).items()
    ]
    question = "Does the order of two models survive another rule?"
    # the last remark of such a table counts the orders that hold
    return [Answer(question, tuple(grid.remarks[-1] for grid in grids), tuple(points))]


def _printed(material: Material) -> Answer:
    """Whether two printed figures may stand side by side, and what the two rules make of one predictor here."""
    table = material.printed
    found = printed.beside(*(table.cell(row, column) for row, column in printed.ASKED))
    measured = answers.same_predictor_two_rules(material.figures, material.datasets, CONTEXT)
    question = printed.question(found)
    points = (*printed.points(found), *(answers.two_rules_points(measured) if measured else ()))
    tables = (printed.facts_table(found, table), *([measured] if measured else []))
    return Answer(question, (printed.sentence(found),), points, tables)
