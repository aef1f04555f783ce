"""``mmseg`` and ``hf-evaluate``: one rule in two libraries, apart from how they round.

mmsegmentation 1.x sums float32 vectors and rounds to two decimals inside the metric; here the integers are divided once
and nothing is rounded, which gives the same two decimals. Void pixels are false negatives, ignored pixels are left out,
and a class without ground truth counts as 0 where it is predicted anywhere. Sources: open-mmlab/mmsegmentation,
mmseg/evaluation/metrics/iou_metric.py; huggingface/evaluate, metrics/mean_iou/mean_iou.py.
"""

from __future__ import annotations

import numpy as np

from cosegbench.evidence import Evidence
from cosegbench.kernels.base import IOU_OVER_DATA_SET, Kernel, Score, class_sums, mean, percent, ratio, total_ratio

_FORMULA = IOU_OVER_DATA_SET + "; mean over the classes where that is not 0/0"


def compute_mmseg(evidence: Evidence) -> Score:
    """IoU and accuracy a class, each averaged where it is defined; unrounded."""
    return _compute(evidence, MMSEG.name, ("mAcc", "aAcc"))


def compute_hf(evidence: Evidence) -> Score:
    """The same figures under the names that Hugging Face evaluate gives them, in percent."""
    return _compute(evidence, HF_EVALUATE.name, ("mean_accuracy", "overall_accuracy"))


def _compute(evidence: Evidence, name: str, names: tuple[str, str]) -> Score:
    sums = class_sums(evidence)
    iou = ratio(sums.hit, sums.union)
    averaged = ~np.isnan(iou)
    accuracy = ratio(sums.hit, sums.true)
    extra = {
        names[0]: percent(accuracy[~np.isnan(accuracy)]),
        names[1]: total_ratio(sums.hit, sums.true),
    }
    return Score(name, mean(iou[averaged]), iou, averaged, extra)


MMSEG = Kernel(
    name="mmseg",
    compute=compute_mmseg,
    formula=_FORMULA,
    source="mmsegmentation 1.x IoUMetric, before its rounding to two decimals",
    accumulate="data-set",
    average_over="gt-or-prediction",
    void="false-negative",
    ignore="left-out",
    absent="zero-if-predicted",
)

HF_EVALUATE = Kernel(
    name="hf-evaluate",
    compute=compute_hf,
    formula=_FORMULA,
    source="Hugging Face evaluate, mean_iou (which prints fractions)",
    accumulate="data-set",
    average_over="gt-or-prediction",
    void="false-negative",
    ignore="left-out",
    absent="zero-if-predicted",
)
