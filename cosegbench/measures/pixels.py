"""Pixels and classes counted in other ways: pixel accuracy, mean accuracy, frequency-weighted IoU.

Source of all three: Long, Shelhamer, Darrell, "Fully Convolutional Networks for Semantic Segmentation" (CVPR 2015),
section 5. Void is a miss; ignored pixels are left out; a class without ground truth is in no mean, and its false
positives lower the classes that they cover.
"""

from __future__ import annotations

import numpy as np

from cosegbench.evidence import Evidence
from cosegbench.kernels.base import class_sums, image_class_sums
from cosegbench.measures.base import MISSED, Definition, Setting, pooled
from cosegbench.statistics import Counts, summands

_SOURCE = "Long et al., CVPR 2015, section 5"


def pixel_accuracy(evidence: Evidence, _: Setting) -> Counts:
    """Sum over c of hit_c / sum over c of true_c, over all images."""
    pairs = image_class_sums(evidence)
    hit, true = (each.astype(np.float64) for each in (pairs.sums.hit, pairs.sums.true))
    return pooled(len(evidence), pairs.image, hit, true)


def mean_accuracy(evidence: Evidence, _: Setting) -> Counts:
    """Mean over classes with ground truth of hit_c / true_c: the mean recall of a class."""
    counts = summands(evidence, "gt-void-fn").by_class
    return Counts(
        counts.images, counts.classes, counts.image, counts.label, counts.hit, counts.true, counts.true, "true"
    )


def frequency_weighted_iou(evidence: Evidence, _: Setting) -> float | None:
    """Sum over c of true_c IoU_c / sum over c of true_c, in percent."""
    sums = class_sums(evidence)
    true = sums.true > 0
    if not true.any():
        return None
    iou = sums.hit[true] / sums.union[true]
    return float(100 * (sums.true[true] * iou).sum() / sums.true.sum())


PIXEL_ACCURACY = Definition(
    key="pixel-accuracy",
    name="pixel accuracy",
    formula="hits / true pixels, over all images and classes",
    treatment=MISSED,
    source=_SOURCE,
    compute=pixel_accuracy,
)
MEAN_ACCURACY = Definition(
    key="mean-accuracy",
    name="mean accuracy",
    formula="hits / true pixels of each class; mean over the classes with ground truth",
    treatment=f"{MISSED}; a class without ground truth is left out",
    source=_SOURCE,
    compute=mean_accuracy,
)
FREQUENCY_WEIGHTED_IOU = Definition(
    key="frequency-weighted-iou",
    name="frequency-weighted IoU",
    formula="IoU of each class, weighed by its share of the true pixels",
    treatment=f"{MISSED}; a class without ground truth weighs nothing",
    source=_SOURCE,
    compute=frequency_weighted_iou,
)
