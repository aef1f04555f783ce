"""``detectron2-gt`` and ``detectron2-union``: detectron2's ``SemSegEvaluator`` since 2022-07 and before it (v0.6).

In both, a void pixel vanishes: it is cut from the true areas too, so that a model can gain by abstaining. Ignored
pixels are left out. A class without ground truth is left out of the mean by ``detectron2-gt``; in ``detectron2-union``
it adds 0 where it is predicted anywhere, and prints no IoU of its own.
Source: facebookresearch/detectron2, detectron2/evaluation/sem_seg_evaluation.py, commit f3c1bc19 and tag v0.6.
"""

from __future__ import annotations

import numpy as np

from cosegbench.evidence import Evidence
from cosegbench.kernels.base import (
    IOU_OVER_DATA_SET,
    ClassSums,
    Kernel,
    Score,
    class_sums,
    mean,
    percent,
    ratio,
    total_ratio,
)


def without_void(evidence: Evidence) -> ClassSums:
    """Sums over all images on the pixels that were given a class."""
    sums = class_sums(evidence)
    return ClassSums(sums.hit, sums.true - sums.void, sums.predicted, np.zeros_like(sums.void))


def summarise(name: str, sums: ClassSums, union_rule: bool) -> Score:
    """The figures that the family of detectron2's evaluators prints, from sums of every class.

    Args:
        name: the kernel.
        sums: (K,) sums; void already treated.
        union_rule: True averages over ground truth or prediction, False over ground truth.
    """
    present = sums.true > 0
    averaged = (sums.true + sums.predicted) > 0 if union_rule else present
    iou = ratio(sums.hit, sums.union)
    iou[~present] = float("nan")
    weights = sums.true[present] / max(int(sums.true.sum()), 1)
    extra = {
        "fwIoU": percent(iou[present] * weights, min(int(present.sum()), 1)),
        "mACC": percent(ratio(sums.hit, sums.true)[present]),
        "pACC": total_ratio(sums.hit, sums.true),
    }
    return Score(name, mean(iou[present], int(averaged.sum())), iou, averaged, extra)


def compute_gt(evidence: Evidence) -> Score:
    """IoU on the pixels that were given a class; mean over the classes with such ground truth."""
    return summarise(GT.name, without_void(evidence), union_rule=False)


def compute_union(evidence: Evidence) -> Score:
    """As :func:`compute_gt`; a class predicted without ground truth adds 0 to the mean and prints no IoU."""
    return summarise(UNION.name, without_void(evidence), union_rule=True)


GT = Kernel(
    name="detectron2-gt",
    compute=compute_gt,
    formula=IOU_OVER_DATA_SET + "; mean over the classes with ground truth",
    source="detectron2 since 2022-07 (a source install; also called 0.6)",
    accumulate="data-set",
    average_over="gt",
    void="vanishes",
    ignore="left-out",
    absent="left-out",
)

UNION = Kernel(
    name="detectron2-union",
    compute=compute_union,
    formula=IOU_OVER_DATA_SET + "; mean over the classes with ground truth or prediction",
    source="detectron2 v0.6 (tag and wheels), OVSeg",
    accumulate="data-set",
    average_over="gt-or-prediction",
    void="vanishes",
    ignore="left-out",
    absent="zero-if-predicted",
)
