"""Predictions of overlapping parts of one image, averaged into one label map.

What is averaged is what the predictor returned, bilinearly resized to each part's own pixels: logits for a score map of
logits, cosines and probabilities likewise, as mmsegmentation's ``slide_inference`` and, with it, GroupViT and TCL do.
Averaging probabilities instead of logits is another method; a predictor that wants it returns probabilities.

The masks of a part become class scores first: the score of a class at a pixel is the greatest probability among the
part's masks that bear its name, 0 where none does. A class that one window draws and its neighbour does not so loses
half of its score where the two overlap. The threshold is applied to the averages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cosegbench.assignment.arrays import Array, exceeds, on_host, to_numpy
from cosegbench.assignment.checks import check_masks, check_scores
from cosegbench.assignment.mean import MeanOverParts
from cosegbench.assignment.reduce import arg_max_of, chunk_length, pick
from cosegbench.assignment.resize import Resizer
from cosegbench.assignment.rule import AssignmentRule, mask_names
from cosegbench.errors import PredictorError, ProtocolError
from cosegbench.geometry import Place
from cosegbench.labels import VOID, LabelArray
from cosegbench.prediction import LabelMap, MaskSet, Prediction, ScoreMap

_ARRAYS = 4
"""Arrays of a chunk's size that averaging holds at once, where plain resizing holds one."""


class Part(NamedTuple):
    """What was predicted for one rectangle of an image; the prediction's grid covers the rectangle."""

    place: Place
    prediction: Prediction


@dataclass(frozen=True, slots=True, eq=False)
class Mosaic:
    """What was predicted for the parts of one image.

    Args:
        parts: one or more; they may overlap.
    """

    parts: tuple[Part, ...]


def refuse_labels(where: str) -> None:
    """Say why a finished label map cannot be averaged.

    Raises:
        ProtocolError: always.
    """
    raise ProtocolError(
        f"image {where!r}: the predictor returns a LabelMap for each window. Labels cannot be averaged where windows "
        "overlap; return a ScoreMap or MaskSet, or run with --input squash or crop."
    )


def averaged_labels(
    mosaic: Mosaic, size: tuple[int, int], rule: AssignmentRule, num_classes: int, where: str
) -> LabelArray:
    """The label map of several parts: scores averaged where parts overlap, then arg max; ties go to the lower index.

    Args:
        mosaic: score maps of one kind, or mask sets.
        size: (H, W) of the image.
        rule: names and threshold of masks; score maps have no threshold.
        num_classes: K.
        where: the image id, for messages.

    Returns:
        (H, W) uint16; void where no part lies, and where no averaged mask score exceeds the threshold.

    Raises:
        PredictorError: a prediction breaks the contract, or the parts differ in kind.
        ProtocolError: the parts are label maps.
    """
    _check(mosaic, num_classes, where)
    scores = [part.prediction for part in mosaic.parts if isinstance(part.prediction, ScoreMap)]
    masks = [part.prediction for part in mosaic.parts if isinstance(part.prediction, MaskSet)]
    places = [part.place for part in mosaic.parts]
    labels = _of_scores(scores, places, size) if scores else _of_masks(masks, places, size, rule)
    covered = np.zeros(size, np.bool_)
    for place in places:
        covered[place.slices] = True
    labels[~covered] = VOID
    return labels


def _check(mosaic: Mosaic, num_classes: int, where: str) -> None:
    kinds = {_kind(part.prediction) for part in mosaic.parts}
    if len(kinds) > 1:
        raise PredictorError(
            f"image {where!r}: the predictor returned {' and '.join(sorted(kinds))} for windows of one image; expected "
            "the same kind for all of them."
        )
    for part in mosaic.parts:
        if isinstance(part.prediction, LabelMap):
            refuse_labels(where)
        elif isinstance(part.prediction, ScoreMap):
            check_scores(part.prediction, num_classes, where)
        else:
            check_masks(part.prediction, num_classes, where)


def _kind(prediction: Prediction) -> str:
    kind = f" of kind {prediction.kind!r}" if isinstance(prediction, ScoreMap) else ""
    return f"{type(prediction).__name__}{kind}"


def _of_scores(scores: Sequence[ScoreMap], places: Sequence[Place], size: tuple[int, int]) -> LabelArray:
    maps = [on_host(each.scores) for each in scores]
    mean = MeanOverParts(maps[0], places, size)
    resizers = [Resizer(each, (place.height, place.width)) for each, place in zip(maps, places, strict=True)]
    number = int(maps[0].shape[0])
    step = max(1, chunk_length(maps[0], size[0] * size[1]) // _ARRAYS)

    def draw(start: int) -> Array:
        chunk = np.arange(start, min(start + step, number))
        return mean(len(chunk), lambda part: resizers[part](pick(maps[part], chunk)))

    return to_numpy(arg_max_of(draw, number, step).place).astype(np.uint16)


def _of_masks(
    masks: Sequence[MaskSet], places: Sequence[Place], size: tuple[int, int], rule: AssignmentRule
) -> LabelArray:
    names = [mask_names(each, rule) for each in masks]
    classes = np.unique(np.concatenate(names))
    classes = classes[classes >= 0]
    if not classes.size:
        return np.full(size, VOID, np.uint16)
    maps = [on_host(each.masks) for each in masks]
    mean = MeanOverParts(maps[0], places, size)
    resizers = [Resizer(each, (place.height, place.width)) for each, place in zip(maps, places, strict=True)]

    def draw(start: int) -> Array:
        return mean(1, lambda part: _greatest(maps[part], names[part] == classes[start], resizers[part]))

    best = arg_max_of(draw, int(classes.size), 1)
    labels: LabelArray = classes.astype(np.uint16)[to_numpy(best.place)]
    if rule.threshold is not None:
        labels[~exceeds(best.value, rule.threshold)] = VOID
    return labels


def _greatest(maps: Array, chosen: npt.NDArray[np.bool_], resizer: Resizer) -> Array | None:
    """(1, H, W) the greatest of the chosen masks at each pixel; None where none is chosen."""
    best: Array | None = None
    for index in np.flatnonzero(chosen):
        mask = resizer(pick(maps, np.array([index])))
        # Of two non-negative masks at a time, so that no stack of full-size masks is held.
        best = mask if best is None else _maximum(best, mask)
    return best


def _maximum(first: Array, second: Array) -> Array:
    return np.maximum(first, second) if isinstance(first, np.ndarray) else first.maximum(second)
