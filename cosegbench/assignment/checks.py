"""Refusals of predictions that break the contract: each names the image, what came and what was expected."""

from __future__ import annotations

import numpy as np

from cosegbench.assignment.arrays import Array, all_finite, extent, is_array, is_floating, to_numpy
from cosegbench.errors import LabelError, PredictorError
from cosegbench.labels import VOID, LabelArray, check_label_map
from cosegbench.prediction import LabelMap, MaskSet, ScoreMap

ROUNDING = 1e-5
"""How far beyond [0, 1] a probability may lie: what interpolation in single precision can add."""


def label_array(prediction: LabelMap, size: tuple[int, int], num_classes: int, where: str) -> LabelArray:
    """The labels as a NumPy uint16 map; wider integers are accepted where every value is in range.

    Raises:
        PredictorError: not an integer array of the image's size, or a value outside 0..K-1 and VOID.
    """
    if not is_array(prediction.labels):
        raise PredictorError(f"image {where!r}: LabelMap.labels is no array but {type(prediction.labels).__name__}.")
    labels = to_numpy(prediction.labels)
    if labels.shape != tuple(size):
        raise PredictorError(
            f"image {where!r}: LabelMap.labels has shape {labels.shape}; expected the image's own {tuple(size)}."
        )
    if labels.dtype.kind not in "iu":
        raise PredictorError(
            f"image {where!r}: LabelMap.labels has type {labels.dtype}; expected uint16 class indices."
        )
    if labels.size and not (int(labels.min()) >= 0 and int(labels.max()) <= VOID):
        bad = int(labels.min()) if labels.min() < 0 else int(labels.max())
        raise PredictorError(f"image {where!r}: label {bad} is outside 0..{num_classes - 1} and is not {VOID} (void).")
    try:
        return check_label_map(labels.astype(np.uint16, copy=False), num_classes, what="prediction", where=where)
    except LabelError as error:
        raise PredictorError(str(error)) from error


def check_scores(prediction: ScoreMap, num_classes: int, where: str) -> None:
    """Refuse a score map that is not (K, h, w), floating and finite.

    Raises:
        PredictorError: as said.
    """
    _check_float(prediction.scores, "ScoreMap.scores", "(K, h, w)", 3, where)
    if prediction.scores.shape[0] != num_classes:
        raise PredictorError(
            f"image {where!r}: ScoreMap.scores has {prediction.scores.shape[0]} channels; the vocabulary has "
            f"{num_classes} classes."
        )


def check_masks(prediction: MaskSet, num_classes: int, where: str) -> None:
    """Refuse masks that are not probabilities, or similarities that do not fit masks and vocabulary.

    Raises:
        PredictorError: as said.
    """
    masks, similarity, nothing = prediction.masks, prediction.similarity, prediction.nothing
    _check_float(masks, "MaskSet.masks", "(N, h, w)", 3, where)
    _check_float(similarity, "MaskSet.similarity", "(N, K)", 2, where)
    number = masks.shape[0]
    if tuple(similarity.shape) != (number, num_classes):
        raise PredictorError(
            f"image {where!r}: MaskSet.similarity has shape {tuple(similarity.shape)}; expected (N, K) = "
            f"({number}, {num_classes})."
        )
    if nothing is not None:
        _check_float(nothing, "MaskSet.nothing", "(N,)", 1, where)
        if tuple(nothing.shape) != (number,):
            raise PredictorError(
                f"image {where!r}: MaskSet.nothing has shape {tuple(nothing.shape)}; expected (N,) = ({number},)."
            )
    if number:
        low, high = extent(masks)
        if low < -ROUNDING or high > 1 + ROUNDING:
            raise PredictorError(
                f"image {where!r}: MaskSet.masks runs over [{low:.4g}, {high:.4g}]; expected probabilities in [0, 1] "
                "(apply the sigmoid)."
            )


def _check_float(array: Array, what: str, shape: str, axes: int, where: str) -> None:
    if not is_array(array):
        raise PredictorError(f"image {where!r}: {what} is no array but {type(array).__name__}.")
    if array.ndim != axes or not is_floating(array):
        raise PredictorError(
            f"image {where!r}: {what} has shape {tuple(array.shape)}, type {array.dtype}; expected {shape}, floating."
        )
    if axes == 3 and 0 in tuple(array.shape[1:]):
        raise PredictorError(f"image {where!r}: {what} has shape {tuple(array.shape)}: its maps are empty.")
    if not all_finite(array):
        raise PredictorError(f"image {where!r}: {what} holds NaN or infinite values.")
