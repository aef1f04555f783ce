"""Label maps: the two reserved values and the one check that everything else relies on.

A label map is a (H, W) uint16 array. A target holds class indices 0..K-1 or :data:`IGNORE`; a prediction holds class
indices 0..K-1 or :data:`VOID`. Both reserved values are 65535, so K may be at most 65535. Nothing is ever clipped,
aliased or cast to 8 bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from cosegbench.errors import LabelError

VOID = 65535
"""In a prediction: this pixel was given no class."""

IGNORE = 65535
"""In a target: this pixel is not scored."""

LabelArray = npt.NDArray[np.uint16]


def check_label_map(labels: Any, num_classes: int, *, what: str, where: str) -> LabelArray:
    """Return ``labels`` unchanged if it is a (H, W) uint16 map of 0..K-1 and 65535.

    Args:
        labels: the array to check.
        num_classes: K.
        what: ``"prediction"`` or ``"target"``, for the message.
        where: the image id or file, for the message.

    Raises:
        LabelError: wrong type, wrong number of axes, or a value outside 0..K-1 and 65535.
    """
    if not isinstance(labels, np.ndarray) or labels.dtype != np.uint16:
        got = labels.dtype if isinstance(labels, np.ndarray) else type(labels).__name__
        raise LabelError(f"{what} of image {where!r}: expected a uint16 array, got {got}.")
    if labels.ndim != 2:
        raise LabelError(f"{what} of image {where!r}: expected shape (H, W), got {labels.shape}.")
    bad = (labels >= num_classes) & (labels != VOID)
    if bad.any():
        value = int(labels[bad][0])
        raise LabelError(
            f"{what} of image {where!r}: value {value} is outside 0..{num_classes - 1} and is not {VOID} (void or "
            f"ignore); {int(bad.sum())} pixels hold such values."
        )
    return labels
