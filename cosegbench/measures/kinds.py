"""mIoU of things and of stuff: the CoSeg paper admits a bias towards background classes.

Which class is a thing says the vocabulary's ``kind``: COCO's own division, and that of the concept table where another
data set's class means a COCO class. Classes of which nobody has said form a third group, so that none is guessed.
Void is a miss, ignored pixels and classes without ground truth are left out.
Source: the division is COCO-Stuff's (Caesar et al., CVPR 2018); the mean is the kernel ``gt-void-fn``'s over part of
the classes.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from cosegbench.evidence import Evidence
from cosegbench.measures.base import MISSED, Definition, Setting, only
from cosegbench.statistics import Counts, summands


def of_kind(evidence: Evidence, setting: Setting, kind: str) -> Counts:
    """Summands of the classes of one kind, ``"thing"``, ``"stuff"`` or ``""`` (nobody has said)."""
    kept = np.array([entry.kind == kind for entry in setting.vocabulary.classes])
    return only(summands(evidence, "gt-void-fn").by_class, kept)


def _definition(key: str, kind: str, name: str, whose: str) -> Definition:
    return Definition(
        key=key,
        name=name,
        formula=f"IoU of each class over all images; mean over the classes with ground truth {whose}",
        treatment=f"{MISSED}; absent classes are left out",
        source="COCO-Stuff's division (Caesar et al., CVPR 2018), kernel gt-void-fn",
        compute=partial(of_kind, kind=kind),
        remainder=not kind,
    )


THINGS = _definition("miou-things", "thing", "mIoU of things", "that are things")
STUFF = _definition("miou-stuff", "stuff", "mIoU of stuff", "that are stuff")
NEITHER = _definition(
    "miou-kind-unknown", "", "mIoU of classes not known as either", "of which the vocabulary does not say"
)
