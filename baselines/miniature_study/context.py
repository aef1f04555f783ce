"""Sections about labels: pairs that look alike, and label recall."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from miniature_study.groups import TRAINING, by_training, vocabulary_of
from miniature_study.lookalikes import Twin, right_by_image, share, twins
from miniature_study.paired import Comparison, compare
from miniature_study.reading import FIRST, PROTOCOLS, Result, Row, Study
from miniature_study.recall import Ranking, ranking_of, read_ranking, recall, true_classes
from miniature_study.text import code, figure, listing, percent, short, table

KS = (1, 5, 10, 20)
WIDE = ("miniature-context459", TRAINING)
"""The views with the most concepts; the pairs of the others are among theirs."""

_WORDS = {
    "better": "tells twins apart better than",
    "worse": "tells twins apart worse than",
    "open": "is not clearly different from",
}
STANDARD = PROTOCOLS[0]


def look_alikes(main: Study) -> list[str]:
    """For each wide view that was measured: a table of shares, and whether the trained models choose better."""
    blocks = []
    for column in main.columns(WIDE):
        there, pairs = _measured(main, column)
        if not there or not pairs:
            continue
        shown = there.values()
        body = [[f"{pair.name} (twin: {pair.twin})", *(_cell(result, pair) for result in shown)] for pair in pairs]
        body.append(["right one of the two, mean", *(percent(_mean_right(result, pairs)) for result in shown)])
        blocks += [f"### {short(column)}", table(["own / twin / elsewhere, %", *map(code, there)], body)]
        lines = [f"- {_against(row, there, pairs)}" for row in main.trained if row.name in there]
        blocks += ["\n".join(lines)] if lines else []
    return blocks


def twin_verdicts(main: Study, column: str) -> dict[str, str]:
    """Trained row -> ``better``, ``worse`` or ``open``, where it and no-training both chose between twins."""
    there, pairs = _measured(main, column)
    found = {row.name: _paired(row, there, pairs) for row in main.trained if row.name in there and FIRST in there}
    return {name: paired.verdict for name, paired in found.items() if paired is not None}


def label_recall(main: Study, columns: Sequence[str], labels: Path | None) -> list[str]:
    """Recall at k on each column, from the ``ranked`` channel and from kept first stages."""
    blocks = []
    for column in columns:
        body, classes = [], 0
        for name, result, ranking in _rankings(main, column, labels):
            truth, classes = true_classes(result.evidence()), len(result.record.dataset.classes)
            found = recall(ranking, truth, KS)
            groups = by_training(vocabulary_of(result.record.dataset))
            rare = {image: frozenset(c for c in classes if groups[c] == "unseen") for image, classes in truth.items()}
            last = recall(ranking, rare, KS[-1:]).at[KS[-1]] if "unseen" in groups else None
            body.append([name, *(percent(found.at[k]) for k in KS), percent(last), figure(found.labels)])
        if body:
            head = ["recall, %", *(f"@{k}" for k in KS), f"unseen @{KS[-1]}", "labels an image"]
            blocks += [f"{short(column)} ({classes} classes):", table(head, body)]
    return blocks


def _rankings(main: Study, column: str, labels: Path | None) -> list[tuple[str, Result, Ranking]]:
    found: list[tuple[str, Result, Ranking]] = []
    for row in main.systems:
        result = main.result(row.name, column, STANDARD)
        if result is None:
            continue
        kept = labels / row.name / f"{column}.jsonl" if labels else None
        if kept is not None and kept.is_file():
            found.append((f"{code(row.name)}, first stage", result, read_ranking(kept)))
        elif "ranked" in result.evidence().channels:
            found.append((code(row.name), result, ranking_of(result.evidence())))
    return found


def _cell(result: Result, pair: Twin) -> str:
    found = share(result.evidence(), pair)
    return "-" if found is None else " / ".join(percent(value) for value in (found.own, found.twin, found.elsewhere))


def _mean_right(result: Result, pairs: Sequence[Twin]) -> float | None:
    shares = [share(result.evidence(), pair) for pair in pairs]
    known = [found.right for found in shares if found is not None and found.right is not None]
    return sum(known) / len(known) if known else None


def _against(row: Row, there: Mapping[str, Result], pairs: Sequence[Twin]) -> str:
    """One sentence: does a trained row take the right one of two look-alikes more often than no-training?"""
    if FIRST not in there:
        return f"{code(FIRST)} was not measured here, so {code(row.name)} has nothing to be compared with."
    mine, base = there[row.name], there[FIRST]
    paired = _paired(row, there, pairs)
    if paired is None:
        return f"{code(row.name)} and {code(FIRST)} never both chose between twins."
    both = [(_right(mine, pair), _right(base, pair), pair) for pair in pairs]
    known = [(100 * (a - b), pair) for a, b, pair in both if a is not None and b is not None]
    higher = [f"{pair.name}/{pair.twin}" for gap, pair in known if gap > 0]
    lower = [f"{pair.name}/{pair.twin}" for gap, pair in known if gap < 0]
    return (
        f"{code(row.name)} {_WORDS[paired.verdict]} {code(FIRST)}: on the {paired.images} images where both chose "
        f"between twins, it was right more often on {paired.better} and less often on {paired.worse} (mean "
        f"{100 * paired.difference:+.0f} points). By class: more often for {listing(higher)}; less often for "
        f"{listing(lower)}."
    )


def _paired(row: Row, there: Mapping[str, Result], pairs: Sequence[Twin]) -> Comparison | None:
    mine, base = (right_by_image(there[name].evidence(), pairs) for name in (row.name, FIRST))
    return compare(mine, base)


def _measured(main: Study, column: str) -> tuple[dict[str, Result], tuple[Twin, ...]]:
    """The systems' results on a column, by row, and its pairs."""
    results = {row.name: main.result(row.name, column, STANDARD) for row in main.systems}
    there = {name: result for name, result in results.items() if result is not None}
    if not there:
        return {}, ()
    return there, twins(vocabulary_of(next(iter(there.values())).record.dataset))


def _right(result: Result, pair: Twin) -> float | None:
    found = share(result.evidence(), pair)
    return None if found is None else found.right
