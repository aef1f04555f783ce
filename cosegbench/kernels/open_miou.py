"""``open-miou``: soft IoU under a given similarity between class names; with the identity it is ``detectron2-union``.

Void pixels vanish, ignored pixels are left out, and a class without ground truth adds 0 while wrong pixels of it remain
after weighing.
Source: Zhou et al., "Rethinking Evaluation Metrics of Open-Vocabulary Segmentation" (arXiv 2311.03352) and its code,
qqlu/Entity, Open-Metrics/open_semanticseg/ow_sem_seg_evaluation.py. The similarities that the authors used were not
published with it, so a figure means little without the digest of its similarity.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cosegbench.errors import ProtocolError
from cosegbench.evidence import Evidence
from cosegbench.kernels.base import FloatArray, Kernel, Score, mean, scored_pairs
from cosegbench.labels import VOID


def compute(evidence: Evidence, similarity: Any) -> Score:
    """OpenIoU_g = soft_g / (true_g + sum over h != g of N[g, h] (1 - S[g, h])).

    soft_g = sum over p of N[p, g] S[p, g], where N[p, g] counts pixels predicted p that are truly g; void pixels
    vanish. A class predicted without ground truth counts only while the similarity leaves some of its pixels wrong.

    Args:
        evidence: with channel ``pairs``.
        similarity: (K, K) in [0, 1], rows predicted, columns true, ones on the diagonal; need not be symmetric.

    Raises:
        ProtocolError: a similarity of another shape or range.
    """
    size = evidence.num_classes
    weights = _check(similarity, size)
    table = scored_pairs(evidence)
    given = table.rows["prediction"] != VOID
    prediction, target = table.column("prediction")[given], table.column("target")[given]
    pixels = table.column("pixels")[given].astype(np.float64)
    alike = weights[prediction, target]
    true = np.bincount(target, weights=pixels, minlength=size)
    soft = np.bincount(target, weights=pixels * alike, minlength=size)
    # The diagonal of 1 - S is 0, so this is the off-diagonal mass that stays wrong.
    wrong = np.bincount(prediction, weights=pixels * (1 - alike), minlength=size)
    present = true > 0
    averaged = present | (wrong > 0) | (soft > 0)
    iou = np.full(size, np.nan)
    np.divide(100 * soft, true + wrong, out=iou, where=present)
    return Score(KERNEL.name, mean(iou[present], int(averaged.sum())), iou, averaged)


def _check(similarity: Any, size: int) -> FloatArray:
    weights: FloatArray = np.asarray(similarity, np.float64)
    if weights.shape != (size, size):
        raise ProtocolError(f"open-miou needs a similarity of shape ({size}, {size}); got {weights.shape}.")
    if not (np.isfinite(weights).all() and weights.min() >= 0 and weights.max() <= 1):
        raise ProtocolError("open-miou needs similarities in [0, 1]; rescale them, for instance clip a cosine at 0.")
    if not (np.diagonal(weights) == 1).all():
        raise ProtocolError("open-miou needs a similarity with ones on the diagonal: a class is like itself.")
    return weights


KERNEL = Kernel(
    name="open-miou",
    compute=compute,
    formula="soft hits / (true + wrongly predicted mass), both weighed by a given similarity; mean as detectron2-union",
    source="Zhou et al., arXiv 2311.03352; the similarity must be given",
    parameters=("similarity",),
    accumulate="data-set",
    average_over="gt-or-prediction",
    void="vanishes",
    ignore="left-out",
    absent="zero-if-predicted",
)
