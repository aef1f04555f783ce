"""Counting the boundary bands of one image: Boundary IoU for label maps, whatever the number of classes.

The band of a mask is the part of it within d pixels of its outline, d being 2% of the image's diagonal. The masks of a
label map do not overlap, so a pixel can only lie in the band of its own class, and it does unless the square of side
2d + 1 around it holds its own label and nothing else. A square holds one label exactly where its least and its greatest
label agree, so two moving extremes serve all classes at once.

Source: Cheng et al., "Boundary IoU: Improving Object-Centric Image Segmentation Evaluation", CVPR 2021, and the
authors' code bowenc0221/boundary-iou-api, whose d and whose image border are taken over. What ignored pixels do is
ours: the authors' masks have none.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from cosegbench.errors import LabelError
from cosegbench.evidence.channels import BOUNDARY, LAYOUTS, MAX_PIXELS, Rows
from cosegbench.labels import IGNORE, VOID, LabelArray, check_label_map

RATIO = 0.02
"""Width of the band as a share of the image's diagonal."""

BoolArray = npt.NDArray[np.bool_]


def band_width(height: int, width: int) -> int:
    """Width of the band in pixels: 2% of the diagonal, rounded as Python rounds (a half to even), at least 1."""
    return max(1, round(RATIO * math.sqrt(height**2 + width**2)))


def boundary_bands(labels: LabelArray, scored: BoolArray) -> BoolArray:
    """Which pixels lie in the band of their own label.

    A scored pixel does where a scored pixel of another label, or a place outside the image, is at most
    :func:`band_width` rows and columns away. A pixel that is not scored lies in no band and makes none, because nobody
    knows what is there.

    Args:
        labels: (H, W) uint16; 65535 is a label like any other.
        scored: (H, W), False for the pixels to leave out.

    Returns:
        (H, W) bool.
    """
    height, width = labels.shape
    reach = band_width(height, width)
    side = 2 * reach + 1
    band: BoolArray = scored.copy()
    if min(height, width) < side:
        return band  # the image's border is near everywhere
    # What is not scored becomes the greatest value for the least label and the least for the greatest: neither sees it.
    least = _moving(np.where(scored, labels, np.uint16(VOID)), side, np.minimum)
    greatest = _moving(np.where(scored, labels, np.uint16(0)), side, np.maximum)
    band[reach : height - reach, reach : width - reach] &= least != greatest
    return band


def count_boundary(prediction: LabelArray, target: LabelArray, num_classes: int, where: str) -> Rows:
    """Rows of the ``boundary`` channel of one image.

    Args:
        prediction: (H, W) uint16, class or VOID. Void has no band of its own, but ends the masks beside it.
        target: (H, W) uint16, class or IGNORE. Ignored pixels are left out of both maps.
        num_classes: K.
        where: the image id, for messages.

    Returns:
        (n,) structured rows in ascending order of the class: the pixels of the true band, of the predicted band and of
        both, for each class that has either.

    Raises:
        LabelError: wrong type or shape, shapes that differ, or a value that is neither a class nor 65535.
    """
    for what, labels in (("prediction", prediction), ("target", target)):
        check_label_map(labels, num_classes, what=what, where=where)
    if prediction.shape != target.shape or prediction.size > MAX_PIXELS:
        raise LabelError(
            f"image {where!r}: the prediction has shape {prediction.shape} and the target {target.shape}; expected "
            f"equal shapes of at most {MAX_PIXELS} pixels."
        )
    scored = target != IGNORE
    true, predicted = boundary_bands(target, scored), boundary_bands(prediction, scored)
    predicted &= prediction != VOID
    counts = {
        "intersection": target[true & predicted & (prediction == target)],
        "predicted": prediction[predicted],
        "true": target[true],
    }
    total = {name: np.bincount(labels, minlength=num_classes) for name, labels in counts.items()}
    held = np.flatnonzero(total["predicted"] + total["true"])
    rows = np.empty(held.size, LAYOUTS[BOUNDARY])
    rows["label"] = held
    for name, pixels in total.items():
        rows[name] = pixels[held]
    return rows


def _moving(values: LabelArray, side: int, extreme: Callable[..., LabelArray]) -> LabelArray:
    """The extreme of each whole square of ``side``: (H - side + 1, W - side + 1)."""
    return _along(_along(values, side, extreme, 1), side, extreme, 0)


def _along(values: LabelArray, side: int, extreme: Callable[..., LabelArray], axis: int) -> LabelArray:
    """The extreme of each whole run of ``side`` along one axis, from runs that double: log2(side) passes."""
    length = 1
    while length < side:
        # Two runs of one length, ``step`` apart, make a longer one; the last pair overlaps.
        step = min(length, side - length)
        size = values.shape[axis] - step
        first, second = (np.s_[:size], np.s_[step:])
        values = extreme(values[first], values[second]) if axis == 0 else extreme(values[:, first], values[:, second])
        length += step
    return values
