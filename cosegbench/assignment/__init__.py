"""From what a predictor returned to a label map, by one implementation for NumPy arrays and torch tensors.

Arrays are reduced where they lie, class by class or in small chunks, so that 847 classes at full size are never held at
once; only the finished indices travel to the host.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from cosegbench.assignment.arrays import exceeds, on_host, to_numpy
from cosegbench.assignment.checks import check_masks, check_scores, label_array
from cosegbench.assignment.reduce import arg_max
from cosegbench.assignment.resize import Resizer
from cosegbench.errors import PredictorError, ProtocolError
from cosegbench.labels import VOID, LabelArray
from cosegbench.prediction import LabelMap, MaskSet, Prediction, ScoreMap

__all__ = [
    "PAPER_THRESHOLD",
    "AssignmentRule",
    "Resizer",
    "assign",
    "fill_void",
    "mask_names",
    "masks_to_labels",
    "resize_masks",
]

PAPER_THRESHOLD = 0.3
"""The one mask threshold that the CoSeg paper states."""


@dataclass(frozen=True, slots=True)
class AssignmentRule:
    """How masks become labels. Score maps become labels by arg max over the classes, without a threshold.

    A pixel goes to its most probable mask (of equal ones the first), where that mask's probability exceeds the
    threshold; each mask bears the name of the most similar class (of equal ones the lower index).

    Args:
        threshold: probability that a mask must exceed, strictly, in its own floating point type; None: no threshold.
        nothing: ``"draws-nothing"``: a mask more similar to "nothing" than to any class is dropped; ``"unused"``: that
            similarity is not looked at.

    Raises:
        ProtocolError: a threshold outside [0, 1).
    """

    threshold: float | None = PAPER_THRESHOLD
    nothing: Literal["draws-nothing", "unused"] = "draws-nothing"

    def __post_init__(self) -> None:
        if self.threshold is not None and not 0 <= self.threshold < 1:
            raise ProtocolError(f"a mask threshold must be in [0, 1); got {self.threshold}.")


def assign(
    prediction: Prediction,
    size: tuple[int, int],
    rule: AssignmentRule,
    num_classes: int,
    background: int | None,
    where: str,
) -> LabelArray:
    """The label map that a prediction stands for.

    Args:
        prediction: a label map, score map or mask set.
        size: (H, W) of the map to make.
        rule: how masks become labels.
        num_classes: K.
        background: class that void becomes, or None: void stays :data:`~cosegbench.labels.VOID`.
        where: the image id, for messages.

    Returns:
        (H, W) uint16.

    Raises:
        PredictorError: the prediction breaks the contract; names the image.
    """
    if isinstance(prediction, LabelMap):
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


def mask_names(masks: MaskSet, rule: AssignmentRule) -> npt.NDArray[np.int64]:
    """The class that each mask bears, (N,); -1 where it draws nothing."""
    similarity = to_numpy(masks.similarity)
    names: npt.NDArray[np.int64] = similarity.argmax(axis=1)
    if masks.nothing is not None and rule.nothing == "draws-nothing":
        names[to_numpy(masks.nothing) > similarity.max(axis=1)] = -1
    return names


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
