"""Two predictors on the same images: how much they differ, and on how many images one is better."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from cosegbench import Evidence
from cosegbench.evidence import BINARY, BINARY_EXCLUSIVE
from cosegbench.kernels import get_kernel
from cosegbench.kernels.base import image_class_sums, ratio
from miniature_study.reading import Result


@dataclass(frozen=True, slots=True)
class Comparison:
    """A minus B over the images that both have.

    Args:
        images: how many.
        better: on how many A is higher.
        worse: on how many B is higher.
        difference: mean difference over the images.
    """

    images: int
    better: int
    worse: int
    difference: float

    @property
    def verdict(self) -> Literal["better", "worse", "open"]:
        """``open`` unless wins and losses differ by more than two standard deviations of a fair coin, ties left out."""
        gap = self.better - self.worse
        if gap * gap <= 4 * (self.better + self.worse):
            return "open"
        return "better" if gap > 0 else "worse"


def by_image(result: Result, protocol: str) -> dict[str, float]:
    """Image -> mean IoU in percent over the classes that it shows, as far as the protocol's channel knows it.

    From ``pairs`` an image's own pixels; from the binary channels what ``coseg-oracle`` averages. Images that show no
    class are left out.
    """
    channel = get_kernel(result.record.scores[protocol].kernel).channel
    evidence = result.evidence()
    if channel in (BINARY, BINARY_EXCLUSIVE):
        table = evidence.table(channel)
        intersection, predicted, true = (table.column(name) for name in ("intersection", "predicted", "true"))
        return _means(evidence, table.image, ratio(intersection, predicted + true - intersection))
    rows = image_class_sums(evidence)
    shown = rows.sums.true > 0
    return _means(evidence, rows.image[shown], ratio(rows.sums.hit, rows.sums.union)[shown])


def compare(first: Mapping[str, float], second: Mapping[str, float]) -> Comparison | None:
    """``first`` minus ``second``; None where they share no image."""
    gaps = [first[image_id] - second[image_id] for image_id in sorted(first.keys() & second.keys())]
    if not gaps:
        return None
    return Comparison(len(gaps), sum(gap > 0 for gap in gaps), sum(gap < 0 for gap in gaps), sum(gaps) / len(gaps))


def _means(evidence: Evidence, image: np.ndarray, values: np.ndarray) -> dict[str, float]:
    count = np.bincount(image, minlength=len(evidence))
    total = np.bincount(image, weights=values, minlength=len(evidence))
    ids = evidence.image_ids
    return {ids[place]: float(total[place] / count[place]) for place in np.flatnonzero(count).tolist()}
