"""The paired permutation test: would the difference be as large if it were chance which predictor is which?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from cosegbench.errors import RequestError
from cosegbench.kernels.base import FloatArray
from cosegbench.statistics.counts import Counts, Summands
from cosegbench.statistics.draws import chunk_size, is_exact, swaps
from cosegbench.statistics.figures import Sums, mean_over_classes

PERMUTATIONS = 1000
"""Swaps, unless another number is asked for."""

ROUNDING = 1e-9
"""Percentage points; figures from other sums that differ by less are the same figure."""


@dataclass(frozen=True, slots=True, eq=False)
class ClassTest:
    """Class by class, (K,) each; NaN for a class that one of the two has no figure of.

    Args:
        first: IoU of the first, percent.
        second: IoU of the second, percent.
        difference: first minus second, percentage points.
        p: two-sided p, not adjusted.
        adjusted: p after Benjamini and Hochberg (1995) over the classes that have one.
    """

    first: FloatArray
    second: FloatArray
    difference: FloatArray
    p: FloatArray
    adjusted: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class PermutationTest:
    """What swapping the two predictors' counts image by image says.

    Args:
        difference: mIoU of the first minus the second, percentage points; NaN where one has none.
        p: two-sided p of the difference; NaN where there is none.
        permutations: swaps that were looked at.
        exact: whether these were all there are.
        differing: images on which the two differ in any count.
        classes: class by class, from the same swaps.
    """

    difference: float
    p: float
    permutations: int
    exact: bool
    differing: int
    classes: ClassTest


def permutation_test(
    first: Summands, second: Summands, *, permutations: int = PERMUTATIONS, seed: int = 0
) -> PermutationTest:
    """Two-sided paired test on mIoU, and on each class's IoU.

    Under the null hypothesis it is chance, image by image, which of the two results is whose. Each permutation swaps
    the counts of a random half of the images and computes both figures again. p is the share of swaps whose difference
    is at least as large in size, the observed one among them: (1 + number) / (1 + permutations). Where
    2**(differing images) is no larger than ``permutations``, every way is looked at once and p is exact.
    Sources: Fisher's randomisation test; Phipson and Smyth, "Permutation P-values Should Never Be Zero" (2010).

    Args:
        first: of n images.
        second: of the same images under the same rule.
        permutations: swaps.
        seed: equal seeds give equal swaps.

    Raises:
        RequestError: other images, another rule, or fewer than one permutation.
    """
    if first.image_ids != second.image_ids or first.kernel != second.kernel:
        raise RequestError("only two figures of one rule over the same images can be tested against each other.")
    if permutations < 1:
        raise RequestError(f"the number of permutations is {permutations}; it must be 1 or more.")
    test = _Test.of(first, second)
    images, classes = test.differing.size, first.by_class.classes
    observed, of_classes = test.differences(np.zeros((images, 1)))
    extreme, class_extreme, total = 0, np.zeros(classes, np.int64), 0
    for swapped in swaps(images, permutations, seed, chunk_size(images, 6 * classes)):
        values, class_values = test.differences(swapped)
        extreme += int(_extreme(values, observed).sum())
        class_extreme += _extreme(class_values, of_classes).sum(axis=1)
        total += swapped.shape[1]
    exact = is_exact(images, permutations)
    difference = float(observed[0])
    p = float("nan") if np.isnan(difference) else float(_share(extreme, total, exact))
    return PermutationTest(difference, p, total, exact, images, test.of_classes(_share(class_extreme, total, exact)))


@dataclass(frozen=True, slots=True, eq=False)
class _Pair:
    """Sums of both, (3K, 1) each, and first minus second of each image, sparse (3K, n)."""

    first: FloatArray
    second: FloatArray
    gaps: Any
    counts: Counts

    @classmethod
    def of(cls, first: Counts, second: Counts) -> _Pair:
        matrices = [each.matrix() for each in (first, second)]
        totals = [np.asarray(matrix.sum(axis=1), np.float64)[:, None] for matrix in matrices]
        gaps = (matrices[0] - matrices[1]).tocsc()
        gaps.eliminate_zeros()
        return cls(totals[0], totals[1], gaps, first)

    def differing(self) -> Any:
        return np.flatnonzero(np.diff(self.gaps.indptr))

    def narrow(self, images: Any) -> _Pair:
        """The same with the gaps of these images only, (3K, len(images)), as products want them."""
        return _Pair(self.first, self.second, self.gaps[:, images].tocsr(), self.counts)

    def ious(self, swapped: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(K, b) of both after swapping where the (images, b) array says 1."""
        moved = self.gaps @ swapped
        over = self.counts.over
        return Sums.of(self.first - moved).ious(over), Sums.of(self.second + moved).ious(over)


@dataclass(frozen=True, slots=True, eq=False)
class _Test:
    """Both figures as functions of which images are swapped; ``differing`` are the images that can be."""

    figure: _Pair
    by_class: _Pair
    differing: Any

    @classmethod
    def of(cls, first: Summands, second: Summands) -> _Test:
        by_class = _Pair.of(first.by_class, second.by_class)
        figure = by_class if first.figure is first.by_class else _Pair.of(first.figure, second.figure)
        # Swapping an image on which nothing differs changes nothing, so such images need no coin.
        differing = np.union1d(by_class.differing(), figure.differing())
        narrow = by_class.narrow(differing)
        return cls(narrow if figure is by_class else figure.narrow(differing), narrow, differing)

    def differences(self, swapped: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Of the mIoU, (b,), and of each class, (K, b), after swapping."""
        ious = self.by_class.ious(swapped)
        means = ious if self.figure is self.by_class else self.figure.ious(swapped)
        return mean_over_classes(means[0]) - mean_over_classes(means[1]), ious[0] - ious[1]

    def of_classes(self, p: FloatArray) -> ClassTest:
        """The figures without swaps, and the p of those that differ adjusted."""
        from scipy.stats import false_discovery_control

        first, second = (each[:, 0] for each in self.by_class.ious(np.zeros((self.differing.size, 1))))
        difference = first - second
        known = ~np.isnan(difference)
        adjusted = np.full(p.shape, np.nan)
        if known.any():
            adjusted[known] = false_discovery_control(p[known], method="bh")
        return ClassTest(first, second, difference, np.where(known, p, np.nan), adjusted)


def _extreme(values: FloatArray, observed: FloatArray) -> Any:
    """At least as large in size; a swap without a figure counts as such, which never makes a difference look real."""
    return ~(np.abs(values) < np.abs(observed) - ROUNDING)


def _share(extreme: Any, total: int, exact: bool) -> Any:
    # Among all ways the observed one is there already.
    return extreme / total if exact else (extreme + 1) / (total + 1)
