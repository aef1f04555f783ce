"""Sentences about who is better, chosen by the figures: nothing here knows what will come out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from miniature_study.paired import by_image, compare
from miniature_study.reading import FIRST, Row, Study
from miniature_study.text import code, figure, listing, short, signed

LEAST_MARGIN = 1.0
"""A smaller difference of mIoU is never called one, whatever the seeds say."""

ONE_SEED_MARGIN = 3.0
"""Where only one seed was measured: what the spread of this world's small models is thought to be."""

Verdict = Literal["above", "below", "level"]


@dataclass(frozen=True, slots=True)
class Gap:
    """The mIoU of a trained row minus that of no-training on one column, and the verdict."""

    row: str
    column: str
    value: float
    verdict: Verdict


def margin(main: Study, others: Sequence[Study], columns: Sequence[str], protocol: str) -> float:
    """The largest difference of mIoU between two training seeds of one system, but at least 1 point; 3 for one seed."""
    if not others:
        return ONE_SEED_MARGIN
    gaps = [LEAST_MARGIN]
    for row in main.systems:
        for column in columns:
            found = [study.miou(row.name, column, protocol) for study in (main, *others)]
            known = [value for value in found if value is not None]
            gaps += [max(known) - min(known)] if len(known) > 1 else []
    return max(gaps)


def gaps(study: Study, row: Row, columns: Sequence[str], protocol: str, bound: float) -> tuple[Gap, ...]:
    """A trained row against no-training on every column that both have and that was scored on the same view."""
    found = []
    for column in columns:
        mine, base = (study.miou(name, column, protocol) for name in (row.name, FIRST))
        if mine is None or base is None:
            continue
        if not all(study.own_view(name, column, protocol) for name in (row.name, FIRST)):
            continue
        value = mine - base
        verdict: Verdict = "above" if value > bound else "below" if value < -bound else "level"
        found.append(Gap(row.name, column, value, verdict))
    return tuple(found)


def against_first(study: Study, row: Row, columns: Sequence[str], protocol: str, bound: float) -> str:
    """One sentence: where a trained row is above, level with and below no-training."""
    found = gaps(study, row, columns, protocol, bound)
    if not found:
        return f"{code(row.name)} shares no column with {code(FIRST)} under {code(protocol)}."
    parts = []
    for verdict, words in (("above", "above it on"), ("level", "level with it on"), ("below", "below it on")):
        same = [gap for gap in found if gap.verdict == verdict]
        there = [f"{short(gap.column)} ({_difference(study, gap, protocol)})" for gap in same]
        parts += [f"{words} {listing(there)}"] if there else []
    return f"{code(row.name)} against {code(FIRST)}: {'; '.join(parts)}."


def summary(study: Study, columns: Sequence[str], protocol: str, bound: float, recipe: str) -> str:
    """One sentence over all trained rows of a recipe: whether they beat no-training under this rule."""
    rows = [row for row in study.trained if row.recipe == recipe]
    found = [gap for row in rows for gap in gaps(study, row, columns, protocol, bound)]
    if not found:
        return ""
    count = {verdict: sum(gap.verdict == verdict for gap in found) for verdict in ("above", "level", "below")}
    if count["above"] == len(found):
        words = "beat no-training everywhere"
    elif count["below"] == len(found):
        words = "are below no-training everywhere"
    elif not count["below"] and count["above"]:
        words = "are level with no-training or beat it"
    elif not count["above"] and count["below"]:
        words = "are level with no-training or below it"
    elif not count["above"]:
        words = "are level with no-training everywhere"
    else:
        words = "beat no-training in places and are beaten in others"
    cells = f"above on {count['above']}, level on {count['level']}, below on {count['below']} of {len(found)} cells"
    return f"**Under {code(protocol)} the models trained by recipe {code(recipe)} {words}** ({cells})."


def above_chance(study: Study, columns: Sequence[str], protocol: str) -> str:
    """One sentence: whether every system is above the best reference that stands for chance."""
    chance = {column: _chance(study, column, protocol) for column in columns}
    ratios, failed = [], []
    for row in study.systems:
        below = []
        for column in columns:
            value, least = study.miou(row.name, column, protocol), chance[column]
            if value is None or least is None or not study.own_view(row.name, column, protocol):
                continue
            if value <= least:
                below.append(f"{short(column)} ({figure(value)} against {figure(least)})")
            elif least > 0:
                ratios.append((value / least, row.name, column))
        failed += [f"{code(row.name)} on {listing(below)}"] if below else []
    if failed:
        return f"Not above chance: {'; '.join(failed)}."
    if not ratios:
        return "No reference for chance was measured under this rule."
    factor, name, column = min(ratios)
    return f"Every system is above chance; the closest is {code(name)} on {short(column)}, {factor:.1f} times chance."


def _chance(study: Study, column: str, protocol: str) -> float | None:
    """The best reference that stands for chance."""
    found = [study.miou(row.name, column, protocol) for row in study.rows if row.reference == "chance"]
    return max((value for value in found if value is not None), default=None)


def to_ceiling(study: Study, columns: Sequence[str], protocol: str) -> str:
    """One sentence: what no-training would gain if it were told the true labels."""
    parts = []
    for row in study.rows:
        for column in columns if row.ceiling else ():
            top, base = (study.miou(name, column, protocol) for name in (row.name, FIRST))
            if top is not None and base is not None:
                parts.append(f"{signed(top - base)} on {short(column)}")
    return f"Told the true labels of each image, no-training changes by {listing(parts)}." if parts else ""


def _difference(study: Study, gap: Gap, protocol: str) -> str:
    mine, base = (study.result(name, gap.column, protocol) for name in (gap.row, FIRST))
    assert mine is not None
    assert base is not None
    paired = compare(by_image(mine, protocol), by_image(base, protocol))
    if paired is None:
        return signed(gap.value)
    return f"{signed(gap.value)}, better on {paired.better} and worse on {paired.worse} of {paired.images} images"
