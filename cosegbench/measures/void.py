"""Pixels that were given no class: how many, and mIoU under each rule for them.

A pipeline that names at most k labels and draws masks above a threshold leaves pixels void, and rules disagree about
them (``docs/protocols.md``). Two of the three means are rules in use, the third is a bound. Each averages the classes
with ground truth; ignored pixels are left out.
"""

from __future__ import annotations

import numpy as np

from cosegbench.evidence import Evidence
from cosegbench.kernels.base import image_class_sums
from cosegbench.measures.base import Definition, Setting, pooled
from cosegbench.statistics import Counts, summands

_AVERAGED = "mean over the classes with ground truth of hits / (true + predicted - hits), summed over all images"


def void_share(evidence: Evidence, _: Setting) -> Counts:
    """Void pixels / scored pixels, over all images."""
    pairs = image_class_sums(evidence)
    void, true = (each.astype(np.float64) for each in (pairs.sums.void, pairs.sums.true))
    return pooled(len(evidence), pairs.image, void, true)


def missed(evidence: Evidence, _: Setting) -> Counts:
    """The kernel ``gt-void-fn``."""
    return summands(evidence, "gt-void-fn").figure


def vanishing(evidence: Evidence, _: Setting) -> Counts:
    """The kernel ``detectron2-gt``: a void pixel leaves the true area of its class."""
    return summands(evidence, "detectron2-gt").figure


def filled(evidence: Evidence, _: Setting) -> Counts:
    """As :func:`missed`, every void pixel given its true class: hit_c + void_c over the same union."""
    counts = summands(evidence, "gt-void-fn").figure
    void = image_class_sums(evidence).sums.void.astype(np.float64)
    hit = counts.hit + void  # the rows of both are those of the (image, class) pairs that occur
    return Counts(counts.images, counts.classes, counts.image, counts.label, hit, counts.union, counts.true, "true")


VOID_SHARE = Definition(
    key="void-share",
    name="void share of the scored pixels",
    formula="void pixels / true pixels, over all images",
    treatment="ignored pixels are left out",
    source="cosegbench; asked for by pipelines that abstain, see docs/protocols.md",
    compute=void_share,
)
MISSED = Definition(
    key="miou-void-missed",
    name="mIoU, void is a miss",
    formula=_AVERAGED,
    treatment="a void pixel stays in its true class's area; ignored pixels and absent classes are left out",
    source="kernel gt-void-fn (protocol standard)",
    compute=missed,
)
VANISHING = Definition(
    key="miou-void-vanishes",
    name="mIoU, void pixels vanish",
    formula=_AVERAGED,
    treatment="a void pixel counts for and against nothing; ignored pixels and absent classes are left out",
    source="kernel detectron2-gt",
    compute=vanishing,
)
FILLED = Definition(
    key="miou-void-right",
    name="mIoU if every void pixel were right (a bound)",
    formula=_AVERAGED + ", void pixels counted as hits of their true class",
    treatment="the most that filling void could give; ignored pixels and absent classes are left out",
    source="cosegbench; no rule in use, a bound",
    compute=filled,
)
