"""From sums to figures: the averaging rule applied to many draws at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cosegbench.kernels.base import BoolArray, FloatArray
from cosegbench.statistics.counts import Over


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """Sums of a class's summands over the images of each draw, (K, B) float64 each."""

    hit: FloatArray
    union: FloatArray
    true: FloatArray

    @classmethod
    def of(cls, stacked: npt.NDArray[Any]) -> Sums:
        """From (3K, B): what a product with :meth:`~cosegbench.statistics.counts.Counts.matrix` gives."""
        hit, union, true = np.split(np.asarray(stacked, np.float64), 3)
        return cls(hit, union, true)

    def averaged(self, over: Over) -> BoolArray:
        """(K, B) bool: which classes the mean of each draw runs over."""
        if over == "all":
            return np.ones(self.hit.shape, np.bool_)
        counted: BoolArray = (self.true if over == "true" else self.union) > 0
        return counted

    def ious(self, over: Over) -> FloatArray:
        """(K, B) percent; 0 for an averaged class without pixels, NaN for a class that is not averaged."""
        iou: FloatArray = np.full(self.hit.shape, np.nan)
        averaged = self.averaged(over)
        np.divide(self.hit, self.union, out=iou, where=averaged & (self.union > 0))
        iou[averaged & (self.union == 0)] = 0.0
        return iou * 100

    def miou(self, over: Over) -> FloatArray:
        """(B,) percent; NaN where a draw averages nothing."""
        return mean_over_classes(self.ious(over))


def mean_over_classes(ious: FloatArray) -> FloatArray:
    """(B,) mean of (K, B) over the classes that are not NaN; NaN where all are."""
    number = np.count_nonzero(~np.isnan(ious), axis=0)
    mean: FloatArray = np.full(number.shape, np.nan)
    np.divide(np.nansum(ious, axis=0), number, out=mean, where=number > 0)
    return mean
