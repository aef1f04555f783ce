"""Image by image: on how many one predictor does better than the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cosegbench.errors import RequestError
from cosegbench.kernels.base import FloatArray
from cosegbench.statistics.counts import Summands
from cosegbench.statistics.permutation import ROUNDING


@dataclass(frozen=True, slots=True)
class Tally:
    """Images by who has the higher mean IoU over the classes that the image shows.

    Args:
        better: the first.
        worse: the second.
        equal: neither.
        without: images that show no class, or none to one of the two.
    """

    better: int
    worse: int
    equal: int
    without: int


def image_values(summands: Summands) -> FloatArray:
    """(n,) percent: the mean IoU over the classes with ground truth in each image; NaN where there is none."""
    counts = summands.by_class
    shown = counts.true > 0
    image = counts.image[shown]
    total = np.bincount(image, weights=counts.hit[shown] / counts.union[shown], minlength=counts.images)
    number = np.bincount(image, minlength=counts.images)
    values: FloatArray = np.full(counts.images, np.nan)
    np.divide(100 * total, number, out=values, where=number > 0)
    return values


def tally(first: Summands, second: Summands) -> Tally:
    """Count images; differences that rounding could make are none.

    Raises:
        RequestError: other images.
    """
    if first.image_ids != second.image_ids:
        raise RequestError("images can be counted only where both predictors have the same ones.")
    gaps = image_values(first) - image_values(second)
    known = gaps[~np.isnan(gaps)]
    better, worse = int((known > ROUNDING).sum()), int((known < -ROUNDING).sum())
    return Tally(better, worse, int(known.size) - better - worse, int(gaps.size - known.size))
