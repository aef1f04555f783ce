"""One measured figure as a cell of a table: its marks, and what a program may want to know about it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from cosegbench.tables.figures import Figure
from cosegbench.tables.grid import Cell, Notes

if TYPE_CHECKING:
    from cosegbench.tables.uncertainty import Spread, Uncertainty

REFERENCE = "a reference that gives the scale ({}), not a system"

TIED = (
    "tied with the highest system of its column: the 95% bootstrap interval of the paired difference to it, over the "
    "same images, holds 0 (not adjusted for the number of rows; references are not compared)"
)


def row_names(figures: Sequence[Figure]) -> list[str]:
    """Row names: systems first, then references, each by name."""
    return [name for _, name in sorted({(bool(figure.reference), figure.name) for figure in figures})]


def figure_cell(figure: Figure, notes: Notes, more: Iterable[str] = ()) -> Cell:
    """A figure without interval.

    Args:
        figure: what was measured.
        notes: of the table; gets the figure's own.
        more: texts of further notes.
    """
    texts = list(figure.remarks)
    if figure.limit is not None:
        texts.append(
            f"incomplete: only the first {figure.images} images; comparable only with figures over the same ones"
        )
    if figure.tuned:
        texts.append("tuned on this data set's own labels")
    if figure.miou is None:
        texts.append("measured, but no class could be averaged")
    facts = {
        "protocol": figure.protocol,
        "dataset": figure.dataset,
        "complete": figure.limit is None,
        "classes_averaged": figure.averaged,
        "classes": figure.classes,
        "images": figure.images,
        "evaluation_digest": figure.evaluation,
        "method_digest": figure.method,
        "column_digest": figure.column_key,
        "weights_digest": figure.weights,
    }
    return Cell(figure.miou, notes.marks([*texts, *more]), facts)


def interval_cell(figure: Figure, notes: Notes, spread: Spread | None, drawn: Uncertainty) -> Cell:
    """A figure with its interval, or without where there is none; a tie is marked.

    Args:
        figure: what was measured.
        notes: of the table.
        spread: what the draws say; None where nothing could be drawn.
        drawn: how they were drawn.
    """
    plain = figure_cell(figure, notes, [TIED] if spread and spread.tied else [])
    ends = (spread.interval.low, spread.interval.high) if spread and spread.interval else None
    return Cell(plain.value, plain.marks, {**plain.facts, **_interval_facts(spread, drawn)}, interval=ends)


def _interval_facts(spread: Spread | None, drawn: Uncertainty) -> dict[str, Any]:
    interval, gap = (spread.interval, spread.difference) if spread else (None, None)
    return {
        "ci_low": interval.low if interval else None,
        "ci_high": interval.high if interval else None,
        "ci_resamples": drawn.resamples,
        "ci_seed": drawn.seed,
        "ci_classes_dropped": spread.dropped if spread else None,
        "best_of_column": spread.best if spread else None,
        "tied_with_best": spread.tied if spread else None,
        "difference_to_best_low": gap.low if gap else None,
        "difference_to_best_high": gap.high if gap else None,
    }
