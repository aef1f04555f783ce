"""``torchmetrics-pairs``: ``torchmetrics.segmentation.MeanIoU(input_format="index")`` of torchmetrics 1.9.

Void is undefined, because its inputs must be classes, and so is ignore, because it has no ignore index. A class counts
as 0 in an image where it is predicted without ground truth. The library prints a float32 fraction.
Source: Lightning-AI/torchmetrics, src/torchmetrics/segmentation/mean_iou.py.
"""

from __future__ import annotations

import numpy as np

from cosegbench.evidence import Evidence
from cosegbench.kernels.base import Kernel, Score, image_class_sums, mean, ratio, sum_by


def compute(evidence: Evidence) -> Score:
    """Mean of IoU over all (image, class) pairs with ground truth or prediction, every pair weighing the same.

    ``iou`` is the mean of a class over the images where it has ground truth or prediction, as the system's per-class
    output is.
    """
    pairs = image_class_sums(evidence)
    values = ratio(pairs.sums.hit, pairs.sums.union)
    size = evidence.num_classes
    counts = sum_by(pairs.label, np.ones_like(pairs.label), size)
    iou = np.full(size, np.nan)
    np.divide(np.bincount(pairs.label, weights=values, minlength=size), counts, out=iou, where=counts > 0)
    return Score(KERNEL.name, mean(values), iou, counts > 0)


KERNEL = Kernel(
    name="torchmetrics-pairs",
    compute=compute,
    formula="hits / (true + predicted - hits) of each image and class; mean over all (image, class) pairs",
    source="torchmetrics 1.9, segmentation.MeanIoU(input_format='index') (which prints a float32 fraction)",
    accumulate="image-class",
    average_over="image-class-pairs",
    void="undefined",
    ignore="undefined",
    absent="zero-if-predicted",
)
