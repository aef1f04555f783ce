"""A comparison for people and for programs: no date, no path, equal input gives equal output."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from cosegbench.comparison.columns import ColumnComparison, Draws
from cosegbench.comparison.sides import Side
from cosegbench.kernels import get_kernel
from cosegbench.statistics import Interval
from cosegbench.statistics.bootstrap import Bootstrap
from cosegbench.tables.figures import short


def as_text(
    sides: tuple[Side, Side], protocol: str, columns: Sequence[ColumnComparison], draws: Draws, classes: int
) -> str:
    """Tables: a line a column, then the classes that differ most in each.

    Args:
        sides: both.
        protocol: whose figures.
        columns: at least one.
        draws: how chance was drawn.
        classes: how many classes of each column are shown.
    """
    from tabulate import tabulate

    names = [side.name for side in sides]
    level = f"{100 * draws.level:g}%"
    heading = ("column", *names, "difference", f"{level} interval", "p", "better / worse / equal", "images", "classes")
    parts = [
        f"{names[0]} minus {names[1]}, mIoU in percent, protocol {protocol}.",
        tabulate([_row(column) for column in columns], heading, tablefmt="github", disable_numparse=True),
        "\n".join(f"- {column.pair.column}: {' '.join(_remarks(column))}" for column in columns),
        f"Intervals: percentile bootstrap, {draws.resamples} resamples of images, seed {draws.seed}. p: paired "
        "permutation test, two-sided. Better and worse: images by mean IoU over the classes that each shows.",
    ]
    if classes:
        parts += [_class_table(column, names, classes) for column in columns]
    return "\n\n".join(parts)


def _row(column: ColumnComparison) -> list[str]:
    tally, averaged = column.tally, column.averaged
    same = averaged[0] == averaged[1] and not column.only_first and not column.only_second
    return [
        column.pair.column,
        *(_percent(figure) for figure in column.figures),
        _signed(column.difference),
        _interval(column.bootstrap.difference.percentile),
        _p(column.test.p),
        f"{tally.better} / {tally.worse} / {tally.equal}",
        str(column.images),
        f"{averaged[0]}, the same" if same else f"{averaged[0]} and {averaged[1]}, not the same",
    ]


def _remarks(column: ColumnComparison) -> list[str]:
    score = column.pair.first.score
    dropped = column.bootstrap.first.dropped
    lines = [f"evaluation {short(score.evaluation.digest)}, kernel {score.kernel}."]
    if dropped.classes and get_kernel(score.kernel).accumulate == "data-set":  # others average images, not classes
        lines.append(
            f"{dropped.classes} of {column.averaged[0]} averaged classes are absent from some resample, "
            f"{dropped.mean:.2g} from one on average."
        )
    if column.bootstrap.difference.undefined:
        lines.append(f"{column.bootstrap.difference.undefined} resamples average nothing and were left out.")
    if column.test.exact:
        lines.append(f"p is exact: all {column.test.permutations} ways to swap were looked at.")
    return lines


def _class_table(column: ColumnComparison, names: Sequence[str], number: int) -> str:
    from tabulate import tabulate

    found, labels = column.test.classes, column.pair.first.record.dataset.classes
    rows = [
        [
            labels[place],
            *(_percent(values[place]) for values in (found.first, found.second)),
            _signed(found.difference[place]),
            _p(found.p[place]),
            _p(found.adjusted[place]),
        ]
        for place in column.classes[:number]
    ]
    shown = f"the {len(rows)} largest differences of {len(column.classes)} classes" if rows else "no class to compare"
    heading = ("class", *names, "difference", "p", "p adjusted")
    table = tabulate(rows, heading, tablefmt="github", disable_numparse=True)
    return f"{column.pair.column}, {shown} (IoU in percent; adjusted after Benjamini and Hochberg):\n\n{table}"


def as_json(
    sides: tuple[Side, Side], protocol: str, columns: Sequence[ColumnComparison], draws: Draws
) -> dict[str, Any]:
    """Everything at full precision, every class; what does not exist is null."""
    return {
        "first": sides[0].name,
        "second": sides[1].name,
        "protocol": protocol,
        "resamples": draws.resamples,
        "seed": draws.seed,
        "level": draws.level,
        "columns": [_column_json(column) for column in columns],
    }


def _column_json(column: ColumnComparison) -> dict[str, Any]:
    score, test = column.pair.first.score, column.test
    return {
        "column": column.pair.column,
        "kernel": score.kernel,
        "evaluation_digest": score.evaluation.digest,
        "images": column.images,
        "first": _figure_json(column.figures[0], column.bootstrap.first),
        "second": _figure_json(column.figures[1], column.bootstrap.second),
        "difference": _figure_json(column.difference, column.bootstrap.difference),
        "p": _known(test.p),
        "permutations": test.permutations,
        "exact": test.exact,
        "differing_images": test.differing,
        "better": column.tally.better,
        "worse": column.tally.worse,
        "equal": column.tally.equal,
        "without": column.tally.without,
        "classes_averaged": list(column.averaged),
        "only_first_averages": list(column.only_first),
        "only_second_averages": list(column.only_second),
        "undefined_resamples": column.bootstrap.difference.undefined,
        "classes": [_class_json(column, place) for place in column.classes],
    }


def _figure_json(figure: float | None, found: Bootstrap) -> dict[str, Any]:
    return {
        "miou": figure,
        "percentile": _ends(found.percentile),
        "bca": _ends(found.bca),
        "classes_dropped": found.dropped.classes,
        "classes_dropped_mean": found.dropped.mean,
        "classes_dropped_most": found.dropped.most,
    }


def _class_json(column: ColumnComparison, place: int) -> dict[str, Any]:
    found = column.test.classes
    values = {name: getattr(found, name)[place] for name in ("first", "second", "difference", "p", "adjusted")}
    return {"class": column.pair.first.record.dataset.classes[place], **{key: _known(v) for key, v in values.items()}}


def _ends(interval: Interval | None) -> list[float] | None:
    return None if interval is None else [interval.low, interval.high]


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _percent(value: float | None) -> str:
    return "-" if value is None or math.isnan(value) else f"{value:.2f}"


def _signed(value: float | None) -> str:
    return "-" if value is None or math.isnan(value) else f"{value:+.2f}"


def _interval(interval: Interval | None) -> str:
    return "-" if interval is None else f"[{interval.low:+.2f}, {interval.high:+.2f}]"


def _p(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.4f}"
