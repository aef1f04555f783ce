"""``gt-void-fn``: the toolkit's default. IoU a class over the data set; mean over the classes with ground truth.

Void pixels are false negatives: they stay in their true class's area. Ignored pixels are left out. A class without
ground truth is left out of the mean; its false positives lower the classes that they cover. Source: cosegbench.
"""

from __future__ import annotations

from cosegbench.evidence import Evidence
from cosegbench.kernels.base import IOU_OVER_DATA_SET, Kernel, Score, class_sums, mean, percent, ratio, total_ratio


def compute(evidence: Evidence) -> Score:
    """IoU_c = hit_c / (true_c + predicted_c - hit_c), void pixels stay in true_c; mean over true_c > 0."""
    sums = class_sums(evidence)
    present = sums.true > 0
    iou = ratio(sums.hit, sums.union)
    iou[~present] = float("nan")
    extra = {
        "mACC": percent(ratio(sums.hit, sums.true)[present]),
        "pACC": total_ratio(sums.hit, sums.true),
        "void_share": total_ratio(sums.void, sums.true),
    }
    return Score(KERNEL.name, mean(iou[present]), iou, present, extra)


KERNEL = Kernel(
    name="gt-void-fn",
    compute=compute,
    formula=IOU_OVER_DATA_SET + "; mean over the classes with ground truth",
    source="cosegbench",
    accumulate="data-set",
    average_over="gt",
    void="false-negative",
    ignore="left-out",
    absent="left-out",
)
