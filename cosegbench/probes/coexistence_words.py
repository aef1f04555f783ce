"""The coexistence probe as tables for people."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from cosegbench.probes.coexistence import measured_of
from cosegbench.probes.gains import CONTRASTS, gain_differences
from cosegbench.probes.recall import CONDITIONS, MEASURES
from cosegbench.probes.result import ProbeResult
from cosegbench.probes.words import code, comparable, figure, identity, setting, table

SHOWN_CLASSES = 8
LEAST_SEGMENTS = 5
"""A class is listed only with so many segments."""


def coexistence_text(results: Sequence[ProbeResult]) -> str:
    """Every group of results that may stand side by side."""
    return "\n\n".join(_group(group) for group in comparable(results))


def _group(results: Sequence[ProbeResult]) -> str:
    found = results[0].figures
    left = ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in found["left_out"].items() if number)
    head = [
        setting(results[0]),
        f"{found['segments']} segments of {found['classes']} classes in {found['images']} images; left out: "
        f"{left or 'none'}. Classes around a segment shared with the other image (Jaccard): swapped "
        f"{found['overlap']['swapped']:.2f}, alike {found['overlap']['alike']:.2f}.",
        "; ".join(map(identity, results)),
    ]
    parts = ["\n".join(f"- {line}" for line in head)]
    parts += ["Label recall, %, mean over segments:", _recall(results)]
    parts += ["Context gain, points, mean over segments, and mean over classes:", _gains(results)]
    parts += [_differences(pair) for pair in combinations(results, 2)]
    parts += [_classes(result) for result in results]
    return "\n\n".join(parts)


def _recall(results: Sequence[ProbeResult]) -> str:
    body = [
        [code(result.predictor.id), measure]
        + [figure(result.figures["recall"][measure][condition]["by_segment"]) for condition in CONDITIONS]
        for measure in MEASURES
        for result in results
    ]
    return table(["predictor", "measure", *CONDITIONS], body, left=2)


def _gains(results: Sequence[ProbeResult]) -> str:
    body = [
        [code(result.predictor.id), measure, average.replace("_", " ")]
        + [figure(result.figures["gains"][measure][contrast][average], signed=True) for contrast in CONTRASTS]
        for measure in MEASURES
        for result in results
        for average in ("by_segment", "by_class")
    ]
    return table(["predictor", "measure", "mean", *CONTRASTS], body, left=3)


def _differences(pair: tuple[ProbeResult, ProbeResult]) -> str:
    first, second = pair
    found = gain_differences(measured_of(first), measured_of(second), int(first.definition["seed"]))
    body = [
        [measure, *(figure(found[measure][contrast]["by_segment"], signed=True) for contrast in CONTRASTS)]
        for measure in MEASURES
    ]
    title = f"Gain of {code(first.predictor.id)} minus gain of {code(second.predictor.id)}, points, mean over segments:"
    return f"{title}\n\n{table(['measure', *CONTRASTS], body)}"


def _classes(result: ProbeResult) -> str:
    """The classes that lose most when their surroundings are swapped."""
    rows = [row for row in result.figures["by_class"] if row["segments"] >= LEAST_SEGMENTS]
    rows.sort(key=lambda row: (-row["original - swapped"]["estimate"], row["class"]))
    body = [
        [
            row["name"],
            str(row["segments"]),
            *(f"{row[condition]:.0f}" for condition in CONDITIONS),
            figure(row["original - swapped"], 0, signed=True),
        ]
        for row in rows[:SHOWN_CLASSES]
    ]
    title = (
        f"{code(result.predictor.id)}: classes of {LEAST_SEGMENTS} or more segments that lose most of their pixels, %, "
        f"{min(SHOWN_CLASSES, len(rows))} of {len(rows)}:"
    )
    return f"{title}\n\n{table(['class', 'segments', *CONDITIONS, 'original - swapped'], body)}"
