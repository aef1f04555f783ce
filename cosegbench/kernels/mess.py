"""``mess``: the evaluator of the MESS benchmark, detectron2's older rule with void counted as missed.

Void pixels are false negatives, ignored pixels are left out, and a class without ground truth adds 0, which is also
printed, where it is predicted anywhere.
Source: blumenstiel/MESS, mess/evaluation/sem_seg_evaluation.py.
"""

from __future__ import annotations

import numpy as np

from cosegbench.evidence import Evidence
from cosegbench.kernels.base import IOU_OVER_DATA_SET, Kernel, Score, class_sums
from cosegbench.kernels.detectron2 import summarise


def compute(evidence: Evidence) -> Score:
    """As ``detectron2-union``, with void kept in the true areas, and 0 printed where a class is only predicted."""
    score = summarise(KERNEL.name, class_sums(evidence), union_rule=True)
    score.iou[score.averaged & np.isnan(score.iou)] = 0.0
    return score


KERNEL = Kernel(
    name="mess",
    compute=compute,
    formula=IOU_OVER_DATA_SET + "; mean over the classes with ground truth or prediction",
    source="MESS (Blumenstiel et al., 2023)",
    accumulate="data-set",
    average_over="gt-or-prediction",
    void="false-negative",
    ignore="left-out",
    absent="zero-if-predicted",
)
