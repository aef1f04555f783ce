"""``all-classes``: every class of the vocabulary counts, one without ground truth as 0.

Void pixels are false negatives, ignored pixels are left out.
Source: the evaluation toolkit of the ADE20K scene parsing challenge averages over all of its 150 classes.
"""

from __future__ import annotations

import numpy as np

from cosegbench.evidence import Evidence
from cosegbench.kernels.base import IOU_OVER_DATA_SET, Kernel, Score, class_sums, mean, ratio


def compute(evidence: Evidence) -> Score:
    """IoU_c = hit_c / (true_c + predicted_c - hit_c), 0 where that is 0/0; mean over all K classes."""
    sums = class_sums(evidence)
    iou = np.nan_to_num(ratio(sums.hit, sums.union), nan=0.0)
    return Score(KERNEL.name, mean(iou), iou, np.ones(evidence.num_classes, np.bool_))


KERNEL = Kernel(
    name="all-classes",
    compute=compute,
    formula=IOU_OVER_DATA_SET + "; mean over all K classes",
    source="ADE20K scene parsing toolkit; figures of papers that divide by the size of the vocabulary",
    accumulate="data-set",
    average_over="all",
    void="false-negative",
    ignore="left-out",
    absent="zero",
)
