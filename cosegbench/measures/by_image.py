"""Means by image and the worst tenth: the figures that a mean over the whole data set hides.

Source: Wang et al., "Revisiting Evaluation Metrics for Semantic Segmentation" (NeurIPS 2023, arXiv 2310.19252); the
kernel ``fine-grained`` computes them and states the details. Void is a miss, ignored pixels are left out, a class
without ground truth in an image is left out there.
"""

from __future__ import annotations

from cosegbench.evidence import Evidence
from cosegbench.kernels import score
from cosegbench.measures.base import Definition, Setting
from cosegbench.statistics import Counts, summands

_SOURCE = "Wang et al., NeurIPS 2023 (arXiv 2310.19252)"
_TREATMENT = "void is a miss; ignored pixels are left out; a class without ground truth in an image is left out there"


def by_image(evidence: Evidence, _: Setting) -> Counts:
    """mIoU^I: mean over images of the mean IoU over the classes of the image."""
    return summands(evidence, "fine-grained").figure


def by_class(evidence: Evidence, _: Setting) -> Counts:
    """mIoU^C: mean over classes of the mean IoU over the images of the class."""
    return summands(evidence, "fine-grained").by_class


def worst_images(evidence: Evidence, _: Setting) -> float | None:
    """Mean of the lowest tenth (rounded down, at least one) of the images' mean IoU."""
    return score(evidence, "fine-grained").extra["mIoU_I_worst10"]


def worst_by_class(evidence: Evidence, _: Setting) -> float | None:
    """Mean over classes of the mean of the lowest tenth (rounded down, at least one) of the class's images."""
    return score(evidence, "fine-grained").extra["mIoU_C_worst10"]


BY_IMAGE = Definition(
    key="miou-i",
    name="mIoU^I, by image",
    formula="IoU of each image and class; mean over an image's classes, then over images",
    treatment=_TREATMENT,
    source=_SOURCE,
    compute=by_image,
)
WORST_IMAGES = Definition(
    key="miou-i-worst10",
    name="mIoU^I of the worst 10% of images",
    formula="as mIoU^I, over the lowest tenth of the images only",
    treatment=_TREATMENT,
    source=_SOURCE,
    compute=worst_images,
)
BY_CLASS = Definition(
    key="miou-c",
    name="mIoU^C, by class over images",
    formula="IoU of each image and class; mean over a class's images, then over classes",
    treatment=_TREATMENT,
    source=_SOURCE,
    compute=by_class,
)
WORST_BY_CLASS = Definition(
    key="miou-c-worst10",
    name="mIoU^C of each class's worst 10% of images",
    formula="as mIoU^C, over the lowest tenth of each class's images only",
    treatment=_TREATMENT,
    source=_SOURCE,
    compute=worst_by_class,
)
