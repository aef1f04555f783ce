"""The vocabulary probe as tables for people."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

from cosegbench.probes.result import ProbeResult
from cosegbench.probes.spread import order, pair_differences
from cosegbench.probes.stress import variant_counts
from cosegbench.probes.words import code, comparable, figure, identity, setting, table


def vocabulary_text(results: Sequence[ProbeResult], folder: Path) -> str:
    """Every group of results that may stand side by side.

    Args:
        results: of this probe.
        folder: in which they lie, for their evidence.
    """
    return "\n\n".join(_group(group, folder) for group in comparable(results))


def _group(results: Sequence[ProbeResult], folder: Path) -> str:
    first = results[0]
    asked, gone = first.definition["variants"], first.definition["never_averaged"]
    changes = [text for name, each in asked.items() if (text := _changes(name, each))]
    head = [
        setting(first),
        f"mIoU, %, over the {first.figures['classes']} classes that no variant removes; never averaged: "
        f"{', '.join(gone) or 'none'}. Candidates differ between variants, so these belong into no other table.",
        "; ".join(map(identity, results)),
        *changes,
    ]
    parts = ["\n".join(f"- {line}" for line in head)]
    parts += ["mIoU, and minus that of the names as given, points:", _figures(results)]
    parts += [_spreads(results)]
    if len(results) > 1:
        parts += ["Order of the predictors, and paired differences of mIoU, points:", _orders(results, folder)]
    return "\n\n".join(parts)


def _changes(name: str, variant: dict[str, object]) -> str:
    renamed, added, removed = variant["renamed"], variant["added"], variant["removed"]
    if isinstance(renamed, dict) and renamed:
        return f"{name}: {', '.join(f'{old} -> {new}' for old, new in renamed.items())}"
    named = added or removed
    return f"{name}: {', '.join(map(str, named))}" if isinstance(named, list) and named else ""


def _figures(results: Sequence[ProbeResult]) -> str:
    body = []
    for name in results[0].definition["variants"]:
        row = [name]
        for result in results:
            found = result.figures["variants"][name]
            row.append(figure(found["miou"]))
            row.append("" if found["difference"] is None else figure(found["difference"], signed=True))
            row.append(f"{found['miou_removed_counted']['estimate']:.1f}")
        body.append(row)
    head = [text for result in results for text in (code(result.predictor.id), "minus as given", "removed counted")]
    return table(["variant", *head], body)


def _spreads(results: Sequence[ProbeResult]) -> str:
    body = [
        [
            code(result.predictor.id),
            f"{result.figures['spread']['range']:.1f}",
            f"{result.figures['spread']['standard_deviation']:.1f}",
            result.figures["spread"]["lowest"],
            result.figures["spread"]["highest"],
            f"{result.figures['standard_all_classes']:.1f}",
        ]
        for result in results
    ]
    head = ["predictor", "range", "standard deviation", "lowest", "highest", "`standard`, as given, all classes"]
    return table(head, body)


def _orders(results: Sequence[ProbeResult], folder: Path) -> str:
    seed = int(results[0].definition["seed"])
    counts = {result.predictor.id: variant_counts(folder, result) for result in results}
    pairs = list(combinations(counts, 2))
    gaps = {pair: pair_differences(counts[pair[0]], counts[pair[1]], seed) for pair in pairs}
    body = []
    for name in results[0].definition["variants"]:
        miou = {result.predictor.id: result.figures["variants"][name]["miou"]["estimate"] for result in results}
        body.append([name, " > ".join(order(miou)), *(figure(gaps[pair][name], signed=True) for pair in pairs)])
    head = [f"{code(first)} minus {code(second)}" for first, second in pairs]
    return table(["variant", "order", *head], body, left=2)
