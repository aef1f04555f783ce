"""Averaging rules: from integer evidence to a figure. One small file a rule, each named, each proved in the tests."""

from __future__ import annotations

from typing import Any

import numpy as np

from cosegbench.errors import ProtocolError, UnknownNameError
from cosegbench.evidence import PAIRS, Evidence
from cosegbench.kernels import (
    all_classes,
    boundary_iou,
    coseg_oracle,
    detectron2,
    fine_grained,
    gt_void_fn,
    mess,
    mmseg,
    open_miou,
    torchmetrics_jaccard,
    torchmetrics_pairs,
)
from cosegbench.kernels.base import Kernel, Score
from cosegbench.labels import IGNORE, VOID

__all__ = ["DEFAULT", "KERNELS", "Kernel", "Score", "check_defined", "get_kernel", "score"]

KERNELS: dict[str, Kernel] = {
    kernel.name: kernel
    for kernel in (
        gt_void_fn.KERNEL,
        detectron2.GT,
        detectron2.UNION,
        mess.KERNEL,
        mmseg.MMSEG,
        mmseg.HF_EVALUATE,
        torchmetrics_jaccard.KERNEL,
        fine_grained.KERNEL,
        torchmetrics_pairs.KERNEL,
        all_classes.KERNEL,
        coseg_oracle.KERNEL,
        coseg_oracle.EXCLUSIVE,
        open_miou.KERNEL,
        boundary_iou.KERNEL,
    )
}
"""Every kernel by name, the default first."""

DEFAULT = gt_void_fn.KERNEL.name


def get_kernel(name: str) -> Kernel:
    """The kernel of that name.

    Raises:
        UnknownNameError: there is none.
    """
    if name not in KERNELS:
        raise UnknownNameError("kernel", name, KERNELS)
    return KERNELS[name]


def score(evidence: Evidence, kernel: str = DEFAULT, **params: Any) -> Score:
    """The figure of one averaging rule.

    Args:
        evidence: integer counts; must hold the rule's channel for every image.
        kernel: a name in :data:`KERNELS`.
        params: what the rule needs beside the evidence (``similarity`` for ``open-miou``).

    Raises:
        UnknownNameError: no such kernel.
        ProtocolError: the evidence lacks the channel, holds void or ignored pixels where the rule is undefined with
            them, or a parameter is missing or unknown.
    """
    rule = get_kernel(kernel)
    check_defined(evidence, rule)
    if set(params) != set(rule.parameters):
        wanted = ", ".join(rule.parameters) or "no parameter"
        raise ProtocolError(f"kernel {kernel!r} takes {wanted}; got {', '.join(sorted(params)) or 'none'}.")
    return rule.compute(evidence, **params)


def check_defined(evidence: Evidence, rule: Kernel) -> None:
    """Refuse a rule that this evidence does not allow.

    Raises:
        ProtocolError: names the channel, or the number of void or ignored pixels.
    """
    if not len(evidence):
        raise ProtocolError(f"kernel {rule.name!r}: the evidence holds no image.")
    if rule.channel not in evidence.channels:
        table = evidence.table(rule.channel)
        lacking = len(evidence) - np.unique(table.image).size
        raise ProtocolError(
            f"kernel {rule.name!r} needs channel {rule.channel!r}, which {lacking} of {len(evidence)} images lack "
            f"(held by all: {', '.join(sorted(evidence.channels)) or 'none'}); run the predictor under a protocol that "
            "fills it."
        )
    if rule.channel != PAIRS:
        return
    rows = evidence.table(PAIRS).rows
    ignored = rows["target"] == IGNORE
    void = int(rows["pixels"][~ignored & (rows["prediction"] == VOID)].sum(dtype=np.int64))
    left_out = int(rows["pixels"][ignored].sum(dtype=np.int64))
    if void and not rule.defined_with_void:
        raise ProtocolError(f"kernel {rule.name!r} is undefined with void; {void} pixels were given no class.")
    if left_out and not rule.defined_with_ignore:
        raise ProtocolError(
            f"kernel {rule.name!r} is undefined with ignore; {left_out} pixels of the targets are ignored."
        )
