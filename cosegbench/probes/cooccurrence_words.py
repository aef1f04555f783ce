"""The co-occurrence probe as tables for people."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np

from cosegbench.probes.cooccurrence import together_of
from cosegbench.probes.pmi import FIGURES, figure_differences
from cosegbench.probes.result import ProbeResult
from cosegbench.probes.words import code, comparable, figure, setting, table
from cosegbench.statistics.bootstrap import RESAMPLES

SHOWN_PAIRS = 5

_HEADS = {name: name.replace("_", " ") for name in FIGURES}


def cooccurrence_text(results: Sequence[ProbeResult]) -> str:
    """Every group of results that may stand side by side."""
    return "\n\n".join(_group(group) for group in comparable(results))


def _group(results: Sequence[ProbeResult]) -> str:
    asked = results[0].definition
    head = (
        f"- {setting(results[0])}\n- A class is present from {asked['presence_pixels']} pixels; a pair is looked at "
        f"where each class is present in {asked['support_images']} images, in the ground truth and in predictions."
    )
    body = [
        [code(result.predictor.id), str(result.figures["pairs"]), _classes(result)]
        + [figure(result.figures["summary"][name], 2, signed=name == "mean_difference") for name in FIGURES]
        for result in results
    ]
    parts = [head, table(["predictor", "pairs", "classes", *_HEADS.values()], body)]
    parts += [text for pair in combinations(results, 2) if (text := _difference(*pair))]
    parts += [text for result in results if (text := _extremes(result))]
    return "\n\n".join(parts)


def _classes(result: ProbeResult) -> str:
    found = result.figures
    return f"{found['classes']} of {found['classes_supported_by_ground_truth_alone']}"


def _difference(first: ProbeResult, second: ProbeResult) -> str:
    (one, pairs), (other, more) = together_of(first), together_of(second)
    shared = pairs.both(more)
    if not shared.first.size:
        return ""
    seed = int(first.definition["interval"]["seed"])
    found = figure_differences(one, other, shared, RESAMPLES, seed)
    names = f"{code(first.predictor.id)} minus {code(second.predictor.id)}"
    figures = "; ".join(f"{_HEADS[name]} {figure(found[name], 2, signed=True)}" for name in FIGURES)
    return f"{names}, over the {shared.first.size} pairs that both support: {figures}."


def _extremes(result: ProbeResult) -> str:
    """The pairs whose PMI is most above, and most below, the ground truth's."""
    counts, names = result.counts, result.dataset.classes
    gap = np.array(counts["predicted_shrunk_pmi"]) - np.array(counts["true_shrunk_pmi"])
    order = np.argsort(-gap, kind="stable").tolist()
    if not order:
        return ""
    number = min(SHOWN_PAIRS, len(order) // 2)
    body = [_row(counts, names, place, float(gap[place])) for place in [*order[:number], *order[len(order) - number :]]]
    head = ["class", "class", "images, true", "images, predicted", "PMI, true", "PMI, predicted", "difference"]
    title = f"{code(result.predictor.id)}: pairs most above and most below the ground truth, shrunk PMI in bits:"
    return f"{title}\n\n{table(head, body, left=2)}"


def _row(counts: Any, names: Sequence[str], place: int, gap: float) -> list[str]:
    return [
        names[counts["first"][place]],
        names[counts["second"][place]],
        *(_images(counts, side, place) for side in ("true", "predicted")),
        *(f"{counts[f'{side}_shrunk_pmi'][place]:.2f}" for side in ("true", "predicted")),
        f"{gap:+.2f}",
    ]


def _images(counts: Any, side: str, place: int) -> str:
    first, second, both = (counts[f"{side}_{name}"][place] for name in ("first", "second", "both"))
    return f"{both} of {first} and {second}"
