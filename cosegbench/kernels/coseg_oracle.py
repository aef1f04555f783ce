"""``coseg-oracle`` and ``coseg-oracle-exclusive``: how the CoSeg authors' notebooks score.

For each class that the ground truth shows, the predicted mask nearest to its name is its prediction. No pixel is ever
given a class by the model, and false positives of absent classes cost nothing: this is not open-vocabulary mIoU.

Void does not exist: every class has its own binary mask. Ignored pixels are left out of the true areas, and a mask that
covers them is larger for it, as in the notebooks. Classes without ground truth in an image are not asked for.
Source: ToviTu/CoSeg, CV_eval.ipynb, CV_eval_xatten.ipynb, CV_archi_no_training.ipynb.
"""

from __future__ import annotations

import numpy as np

from cosegbench.evidence import BINARY, BINARY_EXCLUSIVE, Evidence
from cosegbench.kernels.base import Kernel, Score, mean, ratio, sum_by


def compute(evidence: Evidence) -> Score:
    """Mean over an image's classes of the IoU of each class's own mask, then over the images that have a class."""
    return _compute(evidence, KERNEL.name, BINARY)


def compute_exclusive(evidence: Evidence) -> Score:
    """As :func:`compute`, from masks made exclusive by arg max over the paired masks."""
    return _compute(evidence, EXCLUSIVE.name, BINARY_EXCLUSIVE)


def _compute(evidence: Evidence, name: str, channel: str) -> Score:
    """``iou`` is a class's mean over the images that show it; the notebooks print none."""
    table = evidence.table(channel)
    intersection, predicted, true = (table.column(key) for key in ("intersection", "predicted", "true"))
    values = ratio(intersection, predicted + true - intersection)
    classes = sum_by(table.image, np.ones_like(table.image), len(table.image_ids))
    by_image = (
        np.bincount(table.image, weights=values, minlength=len(table.image_ids))[classes > 0] / classes[classes > 0]
    )
    label, size = table.column("label"), evidence.num_classes
    images = sum_by(label, np.ones_like(label), size)
    iou = np.full(size, np.nan)
    np.divide(np.bincount(label, weights=values, minlength=size), images, out=iou, where=images > 0)
    return Score(name, mean(by_image), iou, images > 0)


_FORMULA = "IoU of the mask nearest to each class that occurs; mean over an image's classes, then over images"
_SOURCE = "the CoSeg authors' notebooks (the CoSeg rows of the paper's Table 1)"

KERNEL = Kernel(
    name="coseg-oracle",
    compute=compute,
    formula=f"{_FORMULA}; masks cut at a threshold, overlaps allowed",
    source=_SOURCE,
    channel=BINARY,
    accumulate="image-class",
    average_over="oracle-by-image",
    void="none",
    ignore="not-in-true-areas",
    absent="not-asked-for",
)

EXCLUSIVE = Kernel(
    name="coseg-oracle-exclusive",
    compute=compute_exclusive,
    formula=f"{_FORMULA}; every pixel goes to its most probable paired mask",
    source=_SOURCE,
    channel=BINARY_EXCLUSIVE,
    accumulate="image-class",
    average_over="oracle-by-image",
    void="none",
    ignore="not-in-true-areas",
    absent="not-asked-for",
)
