"""``table --measures``: what mIoU hides, a row a measure and a column a predictor, one table a data set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cosegbench.errors import CosegbenchError
from cosegbench.evidence import PAIRS
from cosegbench.measures import MEASURES, Measured, measure
from cosegbench.records import Record
from cosegbench.running.answering import load_evidence
from cosegbench.statistics import Interval, bootstrap
from cosegbench.tables.cells import REFERENCE, row_names
from cosegbench.tables.figures import Figure, figures_of, short
from cosegbench.tables.grid import Cell, Grid, Notes, Row
from cosegbench.tables.measured import shown_suites
from cosegbench.tables.settings import Declared, Settings

_ABOUT = (
    "Every row is computed from the counts by image beside the records, without inference. docs/measures.md states "
    "each formula and its source; JSON and CSV hold them too."
)
_PROPOSALS = "its run kept no proposed labels (channel ranked)"
_NOTHING = "there is no such class with ground truth, or nothing to average"


@dataclass(frozen=True, slots=True)
class Draws:
    """How intervals are drawn: ``resamples`` draws of whole images, equal for equal ``seed``."""

    resamples: int
    seed: int

    def interval(self, found: Measured) -> Interval | None:
        """The 95% percentile interval; None for a measure that is no mean of quotients, or has no value."""
        if found.counts is None or found.value is None:
            return None
        return bootstrap(found.counts, resamples=self.resamples, seed=self.seed).percentile


@dataclass(frozen=True, slots=True)
class _Run:
    """One record that can be measured: the figure that says what it may stand beside, and its measures by key."""

    figure: Figure
    found: Mapping[str, Measured]


def measure_grids(
    records: Iterable[tuple[Path, Record]],
    suites: Mapping[str, Sequence[str]],
    suite: str | None = None,
    declared: Declared | None = None,
    draws: Draws | None = None,
) -> tuple[tuple[Grid, ...], tuple[str, ...]]:
    """One table for each data set that has a record with channel ``pairs``.

    Records of one data set that differ in the labels or in what was shown and counted get tables of their own, as two
    figures of different rules never share one.

    Args:
        records: each with its path; the evidence lies beside it.
        suites: suite -> ids of its data sets, in order.
        suite: only this one; by default all, then the data sets that are in none.
        declared: training vocabulary and similarity that the user named; by default what the records declare.
        draws: adds the interval of each measure that has one.

    Returns:
        The tables, and a line for each record that could not be measured.

    Raises:
        RequestError: a declared vocabulary or similarity that does not exist.
    """
    settings = Settings(declared or Declared())
    kept = [(path, record) for path, record in records if _answers(record)]
    datasets = _order([_figure(path, record) for path, record in kept], suites, suite)
    grids: list[Grid] = []
    problems: list[str] = []
    for dataset in datasets:
        here = [each for each in kept if _figure(*each).dataset == dataset]
        for place, group in enumerate(_groups(here)):
            settings.declare([record for _, record in group])
            runs = []
            for path, record in group:
                try:
                    found = measure(load_evidence(path, record), settings.of(record))
                except CosegbenchError as error:
                    problems.append(str(error))
                else:
                    runs.append(_Run(_figure(path, record), {each.definition.key: each for each in found}))
            if runs:
                grids.append(_grid(dataset, place, runs, settings.remarks(group[0][1]), draws))
    return tuple(grids), tuple(problems)


def _answers(record: Record) -> bool:
    """Whether a record keeps the counts of label maps, and a figure that says what it may stand beside."""
    return record.evidence is not None and PAIRS in record.evidence.channels and bool(record.scores)


def _figure(path: Path, record: Record) -> Figure:
    """A figure of the record that says what it may stand beside: that of the default rule where it holds one."""
    figures = figures_of([(path.parent.name, record)])
    return next((each for each in figures if each.protocol == "standard"), figures[0])


def _order(figures: Sequence[Figure], suites: Mapping[str, Sequence[str]], suite: str | None) -> list[str]:
    """Data sets that have a record, suite by suite, each once."""
    known = {figure.dataset for figure in figures}
    shown = shown_suites(figures, suites, suite)
    return list(dict.fromkeys(data for members in shown.values() for data in members if data in known))


def _groups(records: Sequence[tuple[Path, Record]]) -> list[list[tuple[Path, Record]]]:
    """Records that may stand side by side, the largest group first."""
    groups: dict[str, list[tuple[Path, Record]]] = {}
    for path, record in records:
        groups.setdefault(_figure(path, record).column_key, []).append((path, record))
    return [group for _, group in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))]


def _grid(dataset: str, place: int, runs: Sequence[_Run], remarks: Sequence[str], draws: Draws | None) -> Grid:
    notes = Notes()
    names = row_names([run.figure for run in runs])
    ordered = [next(run for run in runs if run.figure.name == name) for name in names]
    rows = tuple(_row(key, ordered, notes, draws) for key in MEASURES if not _empty(key, ordered))
    first = ordered[0].figure
    where = f"{first.images} images of {first.rule['split']}; column {short(first.column_key)}."
    heading = dataset if not place else f"{dataset} #{place + 1}"
    drawn = [_drawn(draws)] if draws else []
    references = [
        f"{run.figure.name} is {REFERENCE.format(run.figure.reference)}." for run in ordered if run.figure.reference
    ]
    return Grid(
        key=f"measures/{heading}",
        title=f"What mIoU hides: {heading} (percent)",
        corner="Measure",
        columns=tuple(names),
        rows=rows,
        notes=notes.all(),
        remarks=(_ABOUT, where, *remarks, *drawn, *references),
    )


def _empty(key: str, runs: Sequence[_Run]) -> bool:
    """Whether a row would only say that nothing is left over: no class of which nobody knows whether it is a thing."""
    return MEASURES[key].remainder and not any(run.found[key].classes for run in runs)


def _row(key: str, runs: Sequence[_Run], notes: Notes, draws: Draws | None) -> Row:
    definition = MEASURES[key]
    numbers = {run.found[key].classes for run in runs} - {None}
    classes = f" ({_span(sorted(number for number in numbers if number is not None))})" if numbers else ""
    facts = {
        "measure": key,
        "formula": definition.formula,
        "treatment": definition.treatment,
        "source": definition.source,
    }
    return Row(definition.name + classes, tuple(_cell(run, key, notes, draws) for run in runs), (), facts)


def _span(numbers: Sequence[int]) -> str:
    low, high = numbers[0], numbers[-1]
    return f"{low} class{'' if low == 1 else 'es'}" if low == high else f"{low} to {high} classes"


def _cell(run: _Run, key: str, notes: Notes, draws: Draws | None) -> Cell:
    found = run.found[key]
    interval = draws.interval(found) if draws else None
    facts = {
        "classes_averaged": found.classes,
        "images": run.figure.images,
        "column_digest": run.figure.column_key,
        "method_digest": run.figure.method,
        "ci_low": interval.low if interval else None,
        "ci_high": interval.high if interval else None,
    }
    ends = (interval.low, interval.high) if interval else None
    marks = notes.marks([_why(found)]) if found.value is None else ()
    return Cell(found.value, marks, facts, interval=ends)


def _why(found: Measured) -> str:
    """Why there is no value."""
    if found.definition.channel != PAIRS and found.counts is None:
        return _PROPOSALS
    if found.definition.needs == "training" and found.counts is None:
        return "no training vocabulary was declared, or one side of the split is empty"
    if found.definition.needs == "likeness":
        return "the similarity that was given is about other classes"
    return _NOTHING


def _drawn(draws: Draws) -> str:
    return (
        f"In parentheses: the 95% percentile bootstrap interval over images, {draws.resamples} resamples, seed "
        f"{draws.seed}; measures that are no mean of quotients (frequency-weighted IoU, worst 10%, harmonic mean, open "
        "mIoU) have none."
    )
