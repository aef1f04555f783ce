"""Sections about mIoU: both rules, things and stuff, seen and unseen, and the spread over seeds."""

from __future__ import annotations

from collections.abc import Sequence

from miniature_study.groups import Grouping, by_kind, by_training, group_means, vocabulary_of
from miniature_study.reading import FIRST, PROTOCOLS, Row, Study
from miniature_study.text import code, figure, listing, short, signed, table
from miniature_study.verdicts import above_chance, against_first, margin, to_ceiling

RULES = {
    "standard": """\
Open vocabulary: all names are offered, a pixel gets one class or none, none is an error, mean over the classes with
ground truth.""",
    "coseg-authors": """\
An oracle: each class that the ground truth shows is scored on the mask nearest to it, mean by image (see
`docs/protocols.md`). Its figures do not compare with those above: here `single-class` is one mask over the whole
picture, scored for every class.""",
}

OTHER_VIEW = "†"


_LEAST = 0.5
"""Points below which a share of a figure says nothing."""


def figures(main: Study, others: Sequence[Study], columns: Sequence[str]) -> list[str]:
    """Both tables of mIoU, with what they say."""
    blocks = []
    for protocol in PROTOCOLS:
        bound = margin(main, others, columns, protocol)
        rows = [row for row in main.rows if any(main.score(row.name, column, protocol) for column in columns)]
        body = [[_label(row), *(_cell(main, row, column, protocol) for column in columns)] for row in rows]
        blocks += [f"### {code(protocol)}", RULES[protocol], table(["", *map(short, columns)], body)]
        lines = [against_first(main, row, columns, protocol, bound) for row in main.trained]
        lines += [_elsewhere(main, columns, protocol), above_chance(main, columns, protocol)]
        lines += [to_ceiling(main, columns, protocol), _bound(bound, others)]
        blocks.append("\n".join(f"- {line}" for line in lines if line))
    return blocks


def kinds(main: Study, columns: Sequence[str]) -> list[str]:
    """Things against stuff on the columns that have both."""
    return _grouped(main, columns, by_kind, ("thing", "stuff"))


def training(main: Study, columns: Sequence[str]) -> list[str]:
    """Seen against unseen on the columns that have both."""
    blocks = _grouped(main, columns, by_training, ("seen", "unseen"))
    lines = [line for column in columns for row in main.systems if (line := _unseen(main, row, column))]
    return [*blocks, "\n".join(f"- {line}" for line in lines)] if lines else blocks


def seeds(main: Study, others: Sequence[Study], columns: Sequence[str]) -> list[str]:
    """Every trained or otherwise differing row under each seed."""
    if not others:
        return ["Only one training seed was measured."]
    blocks = []
    for protocol in PROTOCOLS:
        body = []
        for row in main.systems:
            values = [[study.miou(row.name, column, protocol) for study in (main, *others)] for column in columns]
            if not any(value is not None for found in values for value in found[1:]):
                continue
            body.append([code(row.name), *(" / ".join(figure(value) for value in found) for found in values)])
        if body:
            bound = margin(main, others, columns, protocol)
            blocks += [
                f"{code(protocol)}, first seed / second:",
                table(["", *map(short, columns)], body),
                f"The margin that this gives: {figure(bound)} points.",
            ]
    shared = [row.name for row in main.systems if any(_same_clip(main, other, row.name) for other in others)]
    if shared:
        blocks.append(
            f"{', '.join(map(code, shared))}: the second seed stands on the first one's CLIP, so these margins leave "
            "out what another CLIP would move; they are too small rather than too large."
        )
    return blocks


def _same_clip(one: Study, other: Study, row: str) -> bool:
    """Whether both seeds of a row were trained on one CLIP."""
    found = [study.clip_digest(row) for study in (one, other)]
    return found[0] is not None and found[0] == found[1]


def _label(row: Row) -> str:
    words = row.reference or (f"recipe {row.recipe}" if row.recipe else "")
    return f"{code(row.name)}{f' ({words})' if words else ''}"


def _cell(main: Study, row: Row, column: str, protocol: str) -> str:
    """A figure, marked where another view than the column's was scored."""
    value = main.miou(row.name, column, protocol)
    foreign = value is not None and not main.own_view(row.name, column, protocol)
    return f"{figure(value)} {OTHER_VIEW}" if foreign else figure(value)


def _bound(bound: float, others: Sequence[Study]) -> str:
    source = "the largest between two training seeds, at least 1" if others else "assumed: only one seed was measured"
    return f"A difference of at most {figure(bound)} points is called level ({source})."


def _elsewhere(main: Study, columns: Sequence[str], protocol: str) -> str:
    """Which cells were scored on another view than their column says, and so are left out of the comparison."""
    found = []
    for row in main.systems:
        for column in columns:
            result = main.result(row.name, column, protocol)
            if result is not None and not main.own_view(row.name, column, protocol):
                found.append(f"{code(row.name)} on {short(column)} (scored on {short(result.record.dataset.id)})")
    return f"{OTHER_VIEW} Not compared, as the protocol scores another view there: {listing(found)}." if found else ""


def _grouped(main: Study, columns: Sequence[str], grouping: Grouping, names: tuple[str, str]) -> list[str]:
    blocks = []
    for column in columns:
        cells = {
            (row.name, protocol): means(main, row, column, protocol, grouping)
            for row in main.rows
            for protocol in PROTOCOLS
        }
        counts = {name: number for found in cells.values() for name, (_, number) in found.items()}
        if len(counts) < 2:
            continue
        body = []
        for row in main.rows:
            values = [cells[row.name, protocol].get(name) for protocol in PROTOCOLS for name in names]
            if any(values):
                body.append([_label(row), *(figure(each[0] if each else None) for each in values)])
        head = ["", *(f"{protocol}: {name}" for protocol in PROTOCOLS for name in names)]
        sizes = listing([f"{counts[name]} {name}" for name in names])
        blocks += [f"{short(column)} ({sizes} classes):", table(head, body)]
    return blocks


def means(main: Study, row: Row, column: str, protocol: str, grouping: Grouping) -> dict[str, tuple[float, int]]:
    """Means by group, empty where nothing was measured or another view than the column's was scored."""
    result = main.result(row.name, column, protocol)
    if result is None or not main.own_view(row.name, column, protocol):
        return {}
    return group_means(result.record.scores[protocol], grouping(vocabulary_of(result.record.dataset)))


def _unseen(main: Study, row: Row, column: str) -> str:
    """What a row keeps of its figure on classes that mask training never saw, under ``standard``."""
    found = means(main, row, column, PROTOCOLS[0], by_training)
    if len(found) < 2:
        return ""
    seen, unseen = found["seen"][0], found["unseen"][0]
    what = "was trained on masks of the seen classes" if row.recipe else "was trained on no mask of this data set"
    gap = signed(unseen - seen)
    kept = f"{unseen / seen:.0%} of its figure on seen ones" if seen >= _LEAST else "nothing to compare with"
    base = "" if row.name != FIRST else " (its mask drawer was trained on phrases, unseen classes among them)"
    return f"{code(row.name)}, which {what}{base}: unseen classes {figure(unseen)}, {gap} points, {kept}."
