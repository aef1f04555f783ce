"""IoU class by class, systems side by side, with what the records know of a class: kind, and seen in training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cosegbench.cards import list_cards, load_card
from cosegbench.concepts import seen
from cosegbench.report.sources import Source, Sources
from cosegbench.report.view import Cell, Palette, Row, Table, percent, signed
from cosegbench.report.view import Column as Heading
from cosegbench.tables.columns import Column
from cosegbench.tables.figures import Figure
from cosegbench.vocabulary import Vocabulary

_HOW = (
    "IoU in percent under the rule of the table's title; a dash where the rule prints none. Gap: highest minus lowest.",
    "Seen: whether the class, or another name of it, was among the classes of that training set's masks (strict level "
    "of `cosegbench vocabulary align`). What a frozen text or image encoder met before is not known.",
)


@dataclass(frozen=True, slots=True)
class _About:
    """What is known of the classes beside their figures: column heading -> a word a class."""

    words: Mapping[str, Sequence[str]]


def class_tables(ident: str, columns: Sequence[Column], sources: Sources, palette: Palette) -> tuple[Table, ...]:
    """One table a column that has a system; systems over other images than the first one's are left out.

    Args:
        ident: ids of the tables begin with it.
        columns: of a measured table, of one protocol.
        sources: where its figures come from.
        palette: the predictors' colours.
    """
    tables = []
    for place, column in enumerate(columns, 1):
        systems = [figure for figure in column.figures if not figure.reference]
        same = [figure for figure in systems if figure.column_key == systems[0].column_key]
        if same:
            same.sort(key=lambda figure: figure.name)
            tables.append(_table(f"{ident}-{place}", column, same, sources, palette))
    return tuple(tables)


def _table(ident: str, column: Column, figures: Sequence[Figure], sources: Sources, palette: Palette) -> Table:
    found = [sources.source(figure) for figure in figures]
    about = _about(found)
    gap = len(figures) > 1
    headings = (
        *(Heading(figure.name, colour=palette.colour(figure.name)) for figure in figures),
        *([Heading("gap")] if gap else []),
        *(Heading(name, "word") for name in about.words),
    )
    classes = found[0].record.dataset.classes
    rows = []
    for index, name in enumerate(classes):
        values = [source.score.iou[index] for source in found]
        facts = (Cell(words[index]) for words in about.words.values())
        rows.append(Row(name, (*map(_bar, values), *([_gap(values)] if gap else []), *facts)))
    caption = f"{column.heading}, protocol {figures[0].protocol}: IoU of {len(classes)} classes (percent)"
    return Table(ident, caption, "Class", headings, tuple(rows), (), _HOW, bars=True)


def _bar(value: float | None) -> Cell:
    return Cell() if value is None else Cell(percent(value), value, bar=max(0, min(100, round(value))))


def _gap(values: Sequence[float | None]) -> Cell:
    known = [value for value in values if value is not None]
    return Cell(signed(max(known) - min(known)).lstrip("+"), max(known) - min(known)) if len(known) > 1 else Cell()


def _about(sources: Sequence[Source]) -> _About:
    """Kind, and seen in each training set that a record names, where today's cards still have these classes."""
    target = _vocabulary(sources[0])
    if target is None:
        return _About({})
    words: dict[str, Sequence[str]] = {}
    kinds = [entry.kind for entry in target.classes]
    if any(kinds):
        words["kind"] = kinds
    trained = {source.record.predictor.facts.get("trained_on") for source in sources}
    for name in sorted(name for name in trained if isinstance(name, str) and name in list_cards()):
        known = seen(target, load_card(name).vocabulary())
        words[f"in training set {name}"] = ["seen" if each else "unseen" for each in known]
    return _About(words)


def _vocabulary(source: Source) -> Vocabulary | None:
    """The classes of a record as its card has them; None where there is no such card, or it has other classes now."""
    data = source.record.dataset
    if data.id not in list_cards():
        return None
    vocabulary = load_card(data.id).vocabulary()
    return vocabulary if vocabulary.digest == data.vocabulary_digest else None
