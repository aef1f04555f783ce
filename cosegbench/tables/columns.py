"""Which figures may stand in one column: those that agree in the rule of scoring and in the labels scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cosegbench.tables.figures import Figure, differences, short


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, and the figures below it by row name; ``dataset`` is the view they were measured on."""

    heading: str
    dataset: str
    figures: tuple[Figure, ...]

    def figure(self, name: str) -> Figure | None:
        """The figure of one row, None where nobody measured it."""
        return next((figure for figure in self.figures if figure.name == name), None)

    def describe(self) -> str:
        """One line: how many classes and images the column averages, and the digests that say so exactly."""
        first = _complete_first(self.figures)[0]
        alike = [figure for figure in self.figures if (figure.limit is None) == (first.limit is None)]
        averaged = sorted({figure.averaged for figure in alike})
        counts = str(averaged[0]) if len(averaged) == 1 else f"{averaged[0]} to {averaged[-1]}"
        options = "".join(f", {name} = {value}" for name, value in sorted(first.rule["options"].items()))
        return (
            f"{self.heading}: mean over {counts} of {first.classes} classes, {first.images} images of "
            f"{first.rule['split']}{options}; evaluation {short(first.evaluation)}, column {short(first.column_key)}."
        )


def columns_of(dataset: str, figures: Sequence[Figure]) -> tuple[tuple[Column, ...], str]:
    """The columns that the figures of one data set under one protocol need, and a remark where that is more than one.

    Complete figures share a column only where rule and labels are equal. A figure over the first images only joins the
    column of its rule, where its mark says so.

    Args:
        dataset: id of the view; the heading.
        figures: of this view and one protocol, at most one a row.
    """
    groups: dict[str, list[Figure]] = {}
    for figure in _complete_first(figures):
        groups.setdefault(_group(figure, groups), []).append(figure)
    if len(groups) < 2:
        return tuple(Column(dataset, dataset, tuple(group)) for group in groups.values()), ""
    # the largest group first; the digest decides between equal ones, so that the order never depends on files
    ordered = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    columns = tuple(Column(f"{dataset} #{place}", dataset, tuple(group)) for place, (_, group) in enumerate(ordered, 1))
    names = ", ".join(differences([column.figures[0] for column in columns]))
    remark = (
        f"{dataset} was measured in {len(columns)} ways that must not be compared, so it has {len(columns)} columns; "
        f"they differ in: {names}. Where that is not meant, run the older ones again with --fresh."
    )
    return columns, remark


def _complete_first(figures: Sequence[Figure]) -> list[Figure]:
    return sorted(figures, key=lambda figure: figure.limit is not None)


def _group(figure: Figure, groups: dict[str, list[Figure]]) -> str:
    if figure.limit is not None:
        for key, group in sorted(groups.items()):
            if group[0].rule_key == figure.rule_key:
                return key
    return figure.column_key
