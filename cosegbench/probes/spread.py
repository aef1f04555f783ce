"""The same figure under every variant of a vocabulary: over the same classes, on the same pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from cosegbench.evidence import PAIRS, Evidence
from cosegbench.labels import IGNORE, VOID
from cosegbench.probes.gains import summary
from cosegbench.statistics import Counts, bootstrap, paired_bootstrap

Treatment = Literal["ignored", "counted"]
"""What the pixels of removed classes are: not scored, in any variant; or scored, so that what covers them is wrong."""


def core_counts(evidence: Evidence, removed: Sequence[int], treatment: Treatment) -> Counts:
    """Summands of the kernel ``gt-void-fn`` over the classes that no variant removes.

    IoU_c = hit / (true + predicted - hit); void is a miss; the mean runs over classes with ground truth.

    Args:
        evidence: channel ``pairs`` in the data set's classes.
        removed: classes that some variant does not ask for; they are never averaged.
        treatment: what their pixels are.
    """
    table, size = evidence.table(PAIRS), evidence.num_classes
    prediction, target, pixels = (table.column(name) for name in ("prediction", "target", "pixels"))
    gone = np.isin(target, list(removed))
    scored = (target != IGNORE) & ~(gone if treatment == "ignored" else np.zeros_like(gone))
    core = np.setdiff1d(np.arange(size), list(removed))
    image = table.image
    sums = np.zeros((3, len(evidence), size), np.float64)
    parts = (
        (0, scored & (prediction == target), target),
        (1, scored & (target != prediction), target),
        (1, scored & (prediction != VOID), prediction),
        (2, scored, target),
    )
    for place, kept, label in parts:
        np.add.at(sums[place], (image[kept], label[kept]), pixels[kept])
    occurring = np.zeros((len(evidence), size), np.bool_)
    occurring[:, core] = (sums[1:, :, core] > 0).any(axis=0)
    rows, labels = np.nonzero(occurring)
    hit, union, true = (each[rows, labels] for each in sums)
    return Counts(len(evidence), size, rows, labels, hit, union, true, "true")


def split(evidence: Evidence, prefix: str, image_ids: Sequence[str]) -> Evidence:
    """The evidence of one variant under the images' own ids."""
    found = {image_id: evidence.image_bytes(f"{prefix}{image_id}") for image_id in image_ids}
    return Evidence.from_image_bytes(evidence.num_classes, found)


def variant_figures(
    counts: Mapping[str, Counts], counted: Mapping[str, Counts], base: str, seed: int
) -> dict[str, dict[str, Any]]:
    """Variant -> its mIoU with interval, minus that of the names as given, and with removed classes' pixels counted.

    Args:
        counts: variant -> summands, removed classes ignored.
        counted: the same with their pixels counted.
        base: the variant that others are compared with.
        seed: of the draws.
    """
    found: dict[str, dict[str, Any]] = {}
    for name, each in counts.items():
        found[name] = {
            "miou": summary(bootstrap(each, seed=seed)),
            "difference": None if name == base else summary(paired_bootstrap(each, counts[base], seed=seed).difference),
            "miou_removed_counted": summary(bootstrap(counted[name], seed=seed)),
        }
    return found


def spread_of(figures: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Least and greatest mIoU over the variants, their gap, and the standard deviation (population), in points."""
    values = {name: float(each["miou"]["estimate"]) for name, each in figures.items()}
    low, high = min(values, key=values.__getitem__), max(values, key=values.__getitem__)
    return {
        "lowest": low,
        "highest": high,
        "range": values[high] - values[low],
        "standard_deviation": float(np.std(list(values.values()))),
    }


def order(miou: Mapping[str, float]) -> list[str]:
    """Predictors from the highest mIoU to the lowest; equal ones by name."""
    return sorted(miou, key=lambda name: (-miou[name], name))


def pair_differences(first: Mapping[str, Counts], second: Mapping[str, Counts], seed: int) -> dict[str, dict[str, Any]]:
    """Variant -> mIoU of the first predictor minus the second's, with the interval of the paired difference.

    Raises:
        RequestError: they have unequal numbers of images.
    """
    return {name: summary(paired_bootstrap(first[name], second[name], seed=seed).difference) for name in first}
