"""CoSeg's oracle: the ground truth chooses which predicted mask stands for which class.

As the authors' notebooks do it (ToviTu/CoSeg): of the classes that occur the 20 largest, each paired with the mask
whose embedding is nearest to the class's name; one mask may serve several classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cosegbench.assignment import resize_masks
from cosegbench.assignment.arrays import Array, is_tensor, like, to_numpy, top
from cosegbench.assignment.checks import check_masks
from cosegbench.labels import IGNORE, LabelArray
from cosegbench.prediction import MaskSet

MAX_CLASSES = 20
"""As many classes of an image as CoSeg has queries."""

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class OracleCounts:
    """Pixels of each paired class, in the order in which the classes were taken; (n,) int64 each, n = 0..20.

    Args:
        classes: class indices, largest area first.
        intersection: both in the paired mask and of the class.
        predicted: in the paired mask.
        true: of the class.
    """

    classes: Integers
    intersection: Integers
    predicted: Integers
    true: Integers


def classes_by_area(target: LabelArray, background: int | None = None) -> tuple[Integers, Integers]:
    """The classes that occur and their areas, largest first, equal areas by ascending index, at most 20."""
    labels, areas = np.unique(target, return_counts=True)
    kept = (labels != IGNORE) if background is None else (labels != IGNORE) & (labels != background)
    labels, areas = labels[kept].astype(np.int64), areas[kept].astype(np.int64)
    order = np.argsort(-areas, kind="stable")[:MAX_CLASSES]
    return labels[order], areas[order]


def oracle_counts(
    masks: MaskSet,
    target: LabelArray,
    threshold: float,
    *,
    exclusive: bool = False,
    background: int | None = None,
    where: str = "",
) -> OracleCounts:
    """Counts of the oracle protocol for one image.

    Args:
        masks: the predicted masks; resized bilinearly where their grid is not the target's.
        target: (H, W) uint16.
        threshold: probability that a mask must exceed, strictly, in its own floating point type. Not used where
            ``exclusive``.
        exclusive: False: masks cut at the threshold, overlaps allowed. True: every pixel goes to the paired mask with
            the greatest probability; of equal ones to the class that comes first.
        background: class that is not asked for, or None.
        where: the image id, for messages.

    Raises:
        PredictorError: the mask set breaks the contract.
    """
    check_masks(masks, int(masks.similarity.shape[-1]), where)
    classes, areas = classes_by_area(target, background)
    number = masks.masks.shape[0]
    if not classes.size or not number:
        none = np.zeros(classes.size, np.int64)
        return OracleCounts(classes, none, none, areas)
    # Of equally similar masks argmax takes the first.
    paired = to_numpy(masks.similarity)[:, classes].argmax(axis=0)
    used, place = np.unique(paired, return_inverse=True)
    drawn = resize_masks(_only(masks, used), (target.shape[0], target.shape[1])).masks
    ranks = _ranks(target, classes)
    counts = _exclusive(drawn, place, ranks) if exclusive else _thresholded(drawn, place, ranks, threshold)
    return OracleCounts(classes, counts[0], counts[1], areas)


def _only(masks: MaskSet, which: Integers) -> MaskSet:
    return MaskSet(masks.masks[like(which, masks.masks)], masks.similarity[like(which, masks.similarity)])


def _ranks(target: LabelArray, classes: Integers) -> Integers:
    """(H*W,) place of each pixel's class among the chosen ones; n where it is none of them."""
    table = np.full(IGNORE + 1, classes.size, np.int64)
    table[classes] = np.arange(classes.size)
    flat: Integers = table[target.ravel()]
    return flat


def _thresholded(drawn: Array, place: Integers, ranks: Integers, threshold: float) -> tuple[Integers, Integers]:
    kind = to_numpy(drawn[:0]).dtype.type
    limit = kind(threshold)
    inside = to_numpy(drawn > (float(limit) if is_tensor(drawn) else limit)).reshape(drawn.shape[0], -1)
    size = place.size
    # One pass over a mask counts its overlap with every class at once; a mask may serve several.
    overlap = np.stack([np.bincount(ranks[mask], minlength=size + 1) for mask in inside])
    return overlap[place, np.arange(size)], overlap.sum(axis=1)[place]


def _exclusive(drawn: Array, place: Integers, ranks: Integers) -> tuple[Integers, Integers]:
    # The stack is in class order, so that the first of equal probabilities is the class that comes first.
    winner = to_numpy(top(drawn[like(place, drawn)]).place).ravel()
    size = place.size
    predicted = np.bincount(winner, minlength=size)
    intersection = np.bincount(winner[winner == ranks], minlength=size)
    return intersection.astype(np.int64), predicted.astype(np.int64)
