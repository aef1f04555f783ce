"""``fine-grained``: the image-wise means of "Revisiting Evaluation Metrics for Semantic Segmentation" (NeurIPS 2023).

Source: Wang et al., arXiv 2310.19252, and the authors' code zifuwanggg/JDTLosses, metrics/miouic_metric.py. Their code
scores a data set of exactly two classes as foreground against background; here two are treated like any other number.
Void pixels are false negatives. Ignored pixels are left out, and an image with nothing else is skipped. A class without
ground truth in an image is left out there: it is punished only through the classes that it displaces.
"""

from __future__ import annotations

from math import fsum

import numpy as np

from cosegbench.evidence import Evidence
from cosegbench.kernels.base import FloatArray, Kernel, Score, image_class_sums, ratio

WORST = 0.10
"""Share of the lowest values that the worst-case figures average, at least one value."""


def compute(evidence: Evidence) -> Score:
    """``miou`` is mIoU^I; mIoU^C and the worst 10% of both are in ``extra``; ``iou`` is a class's mean over images.

    With IoU_ic the IoU of class c in image i, for the classes with ground truth there: mIoU^I averages over the
    classes of an image and then over images, mIoU^C over the images of a class and then over classes. Worst 10%: only
    the lowest tenth of the image means, and of a class's images, is averaged, rounded down and at least one.
    """
    pairs = image_class_sums(evidence)
    present = pairs.sums.true > 0
    image, label = pairs.image[present], pairs.label[present]
    values = ratio(pairs.sums.hit, pairs.sums.union)[present]
    by_image = np.array([_mean(group) for group in _groups(image, values)])
    by_class = _groups(label, values)
    labels = np.unique(label)
    iou = np.full(evidence.num_classes, np.nan)
    iou[labels] = [_mean(group) for group in by_class]
    averaged = ~np.isnan(iou)
    extra = {
        "mIoU_C": _mean(iou[averaged]),
        "mIoU_I_worst10": _mean(_lowest(by_image)),
        "mIoU_C_worst10": _mean(np.array([_mean(_lowest(group)) for group in by_class])),
    }
    known = {name: None if np.isnan(value) else value for name, value in extra.items()}
    return Score(KERNEL.name, _mean(by_image), iou, averaged, known)


def _groups(keys: np.ndarray[tuple[int], np.dtype[np.int64]], values: FloatArray) -> list[FloatArray]:
    """``values`` split by equal keys, in ascending order of the key."""
    if not keys.size:
        return []
    order = np.argsort(keys, kind="stable")
    return np.split(values[order], np.flatnonzero(np.diff(keys[order])) + 1)


def _lowest(values: FloatArray) -> FloatArray:
    # The worst-case figure keeps int(q% of n) values, at least one, as the authors' code does.
    return np.sort(values)[: max(1, int(WORST * values.size))]


def _mean(values: FloatArray) -> float:
    # fsum is exactly rounded, so the order of images and classes leaves no trace.
    return fsum(values.tolist()) / values.size if values.size else float("nan")


KERNEL = Kernel(
    name="fine-grained",
    compute=compute,
    formula="hits / (true + predicted - hits) of each image and class; mean over an image's classes, then over images",
    source="Wang et al., NeurIPS 2023 Datasets and Benchmarks: mIoU^I, with mIoU^C and the worst 10% beside it",
    accumulate="image-class",
    average_over="gt-by-image",
    void="false-negative",
    ignore="left-out",
    absent="left-out",
)
