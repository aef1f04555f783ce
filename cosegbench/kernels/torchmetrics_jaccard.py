"""``torchmetrics-jaccard-macro``: ``MulticlassJaccardIndex(average="macro")`` of torchmetrics 1.x.

Void is undefined, because its inputs must be classes; ignored pixels are left out (``ignore_index``); a class without
ground truth counts as 0 where it is predicted anywhere. The library prints a float32 fraction.
Source: Lightning-AI/torchmetrics, src/torchmetrics/functional/classification/jaccard.py.
"""

from __future__ import annotations

import numpy as np

from cosegbench.evidence import Evidence
from cosegbench.kernels.base import IOU_OVER_DATA_SET, Kernel, Score, class_sums, mean, ratio


def compute(evidence: Evidence) -> Score:
    """Mean of hits / union over the classes with ground truth or prediction; undefined where a pixel is void."""
    sums = class_sums(evidence)
    iou = ratio(sums.hit, sums.union)
    averaged = ~np.isnan(iou)
    return Score(KERNEL.name, mean(iou[averaged]), iou, averaged)


KERNEL = Kernel(
    name="torchmetrics-jaccard-macro",
    compute=compute,
    formula=IOU_OVER_DATA_SET + "; mean over the classes with ground truth or prediction",
    source="torchmetrics 1.x, MulticlassJaccardIndex, macro (which prints a float32 fraction)",
    accumulate="data-set",
    average_over="gt-or-prediction",
    void="undefined",
    ignore="left-out",
    absent="zero-if-predicted",
)
