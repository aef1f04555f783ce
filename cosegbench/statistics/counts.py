"""What every statistic starts from: the summands of a figure, image by image.

Every averaging rule here is a mean over classes of ``sum(hit) / sum(union)``, the sums running over images. Rules that
sum over the data set have a class a column. Rules that average by image have one, whose ratio of sums is the mean.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from cosegbench.errors import ProtocolError
from cosegbench.evidence import BOUNDARY, Evidence
from cosegbench.evidence.channels import IntArray
from cosegbench.kernels import check_defined, get_kernel
from cosegbench.kernels.base import FloatArray, Kernel, image_class_sums, ratio

Over = Literal["true", "union", "all"]
"""Which classes a mean runs over: those with ground truth, those with ground truth or prediction, all."""


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """Summands of each (image, class) pair that occurs, row under row, sorted by image, then class.

    Pixel counts are whole numbers in float64; their sums over a draw are exact below 2**53, so the order of images
    leaves no trace.

    Args:
        images: number of images n, those without a row included.
        classes: number of columns K.
        image: (m,) int64, 0..n-1.
        label: (m,) int64, 0..K-1.
        hit: (m,) float64, the numerator of a class's figure.
        union: (m,) float64, its denominator.
        true: (m,) float64, above 0 where the class has ground truth in the image.
        over: which classes the mean runs over.
    """

    images: int
    classes: int
    image: IntArray
    label: IntArray
    hit: FloatArray
    union: FloatArray
    true: FloatArray
    over: Over

    def take(self, images: IntArray) -> Counts:
        """The counts of these images, in this order; an image may be taken more than once.

        Args:
            images: (k,) int64, each in 0..n-1.
        """
        bounds = np.searchsorted(self.image, np.arange(self.images + 1))
        lengths = np.diff(bounds)[images]
        ends = np.cumsum(lengths)
        rows = np.arange(int(lengths.sum())) + np.repeat(bounds[images] - (ends - lengths), lengths)
        hit, union, true = (each[rows] for each in (self.hit, self.union, self.true))
        image: IntArray = np.repeat(np.arange(images.size, dtype=np.int64), lengths)
        return Counts(images.size, self.classes, image, self.label[rows], hit, union, true, self.over)

    def matrix(self) -> Any:
        """The three summands as one sparse (3K, n) float64 matrix: hit of every class, union, true."""
        from scipy.sparse import csr_array

        rows = np.concatenate([self.label + part * self.classes for part in range(3)])
        values = np.concatenate([self.hit, self.union, self.true])
        return csr_array((values, (rows, np.tile(self.image, 3))), shape=(3 * self.classes, self.images))


@dataclass(frozen=True, slots=True, eq=False)
class Summands:
    """One rule's figure and its classes' figures as summands of each image.

    Args:
        kernel: the averaging rule.
        image_ids: the images, sorted.
        figure: whose mean is the rule's own mIoU.
        by_class: a class a column; the same object as ``figure`` where the rule sums over the data set.
    """

    kernel: str
    image_ids: tuple[str, ...]
    figure: Counts
    by_class: Counts


def summands(evidence: Evidence, kernel: str) -> Summands:
    """The summands of one averaging rule.

    Args:
        evidence: integer counts of n images; must allow the rule.
        kernel: a name in :data:`cosegbench.kernels.KERNELS`.

    Raises:
        UnknownNameError: no such kernel.
        ProtocolError: the evidence does not allow the rule, or the rule needs more than evidence.
    """
    rule = get_kernel(kernel)
    if rule.parameters:
        raise ProtocolError(f"kernel {kernel!r} needs {', '.join(rule.parameters)}; no interval is computed for it.")
    check_defined(evidence, rule)
    by_class = _BY_CLASS[rule.average_over](evidence, rule)
    figure = by_class if rule.accumulate == "data-set" else _by_image(by_class, rule)
    return Summands(kernel, evidence.image_ids, figure, by_class)


def _data_set(evidence: Evidence, rule: Kernel) -> Counts:
    """Pixels: hit, true + predicted - hit, true; a void pixel is cut from the true areas where the rule says so."""
    if rule.channel == BOUNDARY:
        return _bands(evidence)
    pairs = image_class_sums(evidence)
    void = pairs.sums.void if rule.void == "vanishes" else np.zeros_like(pairs.sums.void)
    over: Over = {"gt": "true", "gt-or-prediction": "union"}.get(rule.average_over, "all")  # type: ignore[assignment]
    sums = (pairs.sums.hit, pairs.sums.union - void, pairs.sums.true - void)
    hit, union, true = (each.astype(np.float64) for each in sums)
    return Counts(len(evidence), evidence.num_classes, pairs.image, pairs.label, hit, union, true, over)


def _bands(evidence: Evidence) -> Counts:
    """Pixels of boundary bands: both, either, true."""
    table = evidence.table(BOUNDARY)
    both, predicted, true = (table.column(name).astype(np.float64) for name in ("intersection", "predicted", "true"))
    label, union = table.column("label"), true + predicted - both
    return Counts(len(evidence), evidence.num_classes, table.image, label, both, union, true, "true")


def _image_ious(evidence: Evidence, rule: Kernel) -> Counts:
    """The IoU of each image and class, each counted once; a class's figure is its mean over images."""
    pairs = image_class_sums(evidence)
    true = (pairs.sums.true > 0).astype(np.float64)
    all_pairs = rule.average_over == "image-class-pairs"
    kept = np.ones(true.size, np.bool_) if all_pairs else true > 0
    iou = ratio(pairs.sums.hit, pairs.sums.union) / 100
    return Counts(
        images=len(evidence),
        classes=evidence.num_classes,
        image=pairs.image[kept],
        label=pairs.label[kept],
        hit=iou[kept],
        union=np.ones(int(kept.sum())),
        true=true[kept],
        over="union" if all_pairs else "true",
    )


def _oracle_ious(evidence: Evidence, rule: Kernel) -> Counts:
    """The IoU of each class's own mask, in the images that show the class."""
    table = evidence.table(rule.channel)
    order = np.lexsort((table.column("label"), table.image))
    intersection, predicted, areas = (table.column(name) for name in ("intersection", "predicted", "true"))
    iou = (ratio(intersection, predicted + areas - intersection) / 100)[order]
    ones: FloatArray = np.ones(iou.size)
    label = table.column("label")[order]
    return Counts(len(evidence), evidence.num_classes, table.image[order], label, iou, ones, ones, "true")


def _by_image(by_class: Counts, rule: Kernel) -> Counts:
    """One column whose ratio of sums is the mean: over images, or over pairs, which weigh an image by its classes."""
    number: FloatArray = np.bincount(by_class.image, minlength=by_class.images).astype(np.float64)
    (image,) = np.nonzero(number)
    total = np.bincount(by_class.image, weights=by_class.hit, minlength=by_class.images).astype(np.float64)
    hit, weight = total[image], number[image]
    if rule.average_over != "image-class-pairs":
        hit, weight = hit / weight, np.ones(image.size)
    return Counts(by_class.images, 1, image, np.zeros_like(image), hit, weight, weight, "true")


_BY_CLASS: dict[str, Callable[[Evidence, Kernel], Counts]] = {
    "gt": _data_set,
    "gt-or-prediction": _data_set,
    "all": _data_set,
    "gt-by-image": _image_ious,
    "image-class-pairs": _image_ious,
    "oracle-by-image": _oracle_ious,
}
