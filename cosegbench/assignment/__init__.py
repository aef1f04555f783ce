"""From what a predictor returned to a label map, by one implementation for NumPy arrays and torch tensors.

Arrays are reduced where they lie, class by class or in small chunks, so that 847 classes at full size are never held at
once; only the finished indices travel to the host.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cosegbench.assignment.arrays import exceeds, on_host, to_numpy
from cosegbench.assignment.checks import check_masks, check_scores, label_array
from cosegbench.assignment.mosaic import Mosaic, Part, averaged_labels, refuse_labels
from cosegbench.assignment.reduce import arg_max
from cosegbench.assignment.resize import Resizer
from cosegbench.assignment.rule import PAPER_THRESHOLD, AssignmentRule, mask_names
from cosegbench.errors import PredictorError
from cosegbench.labels import VOID, LabelArray
from cosegbench.prediction import LabelMap, MaskSet, Prediction, ScoreMap

__all__ = [
    "PAPER_THRESHOLD",
    "AssignmentRule",
    "Mosaic",
    "Part",
    "Resizer",
    "assign",
    "fill_void",
    "mask_names",
    "masks_to_labels",
    "refuse_labels",
    "resize_masks",
]


def assign(
    prediction: Prediction | Mosaic,
    size: tuple[int, int],
    rule: AssignmentRule,
    num_classes: int,
    background: int | None,
    where: str,
) -> LabelArray:
    """The label map that a prediction stands for.

    Args:
        prediction: a label map, score map or mask set of the whole image, or the predictions of parts of it.
        size: (H, W) of the map to make.
        rule: how masks become labels.
        num_classes: K.
        background: class that void becomes, or None: void stays :data:`~cosegbench.labels.VOID`.
        where: the image id, for messages.

    Returns:
        (H, W) uint16.

    Raises:
        PredictorError: the prediction breaks the contract; names the image.
        ProtocolError: label maps of several parts, which cannot be averaged.
    """
    if isinstance(prediction, Mosaic):
        labels = _mosaic_labels(prediction, size, rule, num_classes, where)
    elif isinstance(prediction, LabelMap):
        labels = label_array(prediction, size, num_classes, where)
    elif isinstance(prediction, ScoreMap):
        check_scores(prediction, num_classes, where)
        labels = to_numpy(arg_max(on_host(prediction.scores), size).place).astype(np.uint16)
    elif isinstance(prediction, MaskSet):
        check_masks(prediction, num_classes, where)
        labels = masks_to_labels(prediction, size, rule)
    else:
        raise PredictorError(
            f"image {where!r}: the predictor returned {type(prediction).__name__}; expected LabelMap, ScoreMap or "
            "MaskSet."
        )
    return fill_void(labels, background)


def _mosaic_labels(
    mosaic: Mosaic, size: tuple[int, int], rule: AssignmentRule, num_classes: int, where: str
) -> LabelArray:
    """The label map of an image that was predicted in parts; what no part covers is void.

    A single part is assigned by the rule itself, so that one window over the whole image gives what the image gives.
    """
    if len(mosaic.parts) > 1:
        return averaged_labels(mosaic, size, rule, num_classes, where)
    labels = np.full(size, VOID, np.uint16)
    for place, prediction in mosaic.parts:
        labels[place.slices] = assign(prediction, (place.height, place.width), rule, num_classes, None, where)
    return labels


def resize_masks(masks: MaskSet, size: tuple[int, int]) -> MaskSet:
    """The same mask set on a grid of (H, W); itself where it lies on that grid already."""
    maps = on_host(masks.masks)
    resizer = Resizer(maps, size)
    return masks if resizer.identity else replace(masks, masks=resizer(maps))


def masks_to_labels(masks: MaskSet, size: tuple[int, int], rule: AssignmentRule) -> LabelArray:
    """The label map of a mask set that was checked before; void stays void."""
    names = mask_names(masks, rule)
    drawn = np.flatnonzero(names >= 0)
    if not drawn.size:
        return np.full(size, VOID, np.uint16)
    best = arg_max(on_host(masks.masks), size, drawn)
    labels: LabelArray = names[drawn].astype(np.uint16)[to_numpy(best.place)]
    if rule.threshold is not None:
        labels[~exceeds(best.value, rule.threshold)] = VOID
    return labels


def fill_void(labels: LabelArray, background: int | None) -> LabelArray:
    """Void as background, where the view has one."""
    return labels if background is None else np.where(labels == VOID, np.uint16(background), labels)
