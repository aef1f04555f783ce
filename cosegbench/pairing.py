"""CoSeg's oracle: the ground truth chooses which predicted mask stands for which class.

As the authors' notebooks do it (ToviTu/CoSeg): of the classes that occur the 20 largest, each paired with the mask
whose embedding is nearest to the class's name; one mask may serve several classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cosegbench.assignment import resize_masks
from cosegbench.assignment.arrays import Array, exceeds, like, on_host, take, to_numpy
from cosegbench.assignment.checks import check_masks
from cosegbench.assignment.reduce import arg_max
from cosegbench.labels import IGNORE, LabelArray, check_label_map
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


@dataclass(frozen=True, slots=True, eq=False)
class Pairing:
    """Which mask stands for which class of one image.

    Args:
        classes: (n,) class indices, largest area first, n = 0..20.
        areas: (n,) their true pixels.
        mask: (n,) place in ``drawn`` of each class's mask; -1 where there is no mask at all.
        drawn: (m, H, W) the masks that stand for a class, at the target's size, in order of their first class.
        ranks: (H*W,) uint8, place of each pixel's class in ``classes``; n where it is none of them.
    """

    classes: Integers
    areas: Integers
    mask: Integers
    drawn: Array
    ranks: npt.NDArray[np.uint8]

    def thresholded(self, threshold: float) -> OracleCounts:
        """Masks cut at a threshold, compared in the masks' own floating point type; overlaps allowed."""
        size = self.classes.size
        if not size or not self.drawn.shape[0]:
            return self._none()
        inside = exceeds(self.drawn, threshold)
        # One pass over a mask counts its overlap with every class at once; a mask may serve several.
        overlap = np.stack([_overlap(mask.ravel(), self.ranks)[: size + 1] for mask in inside])
        return OracleCounts(
            self.classes, overlap[self.mask, np.arange(size)], overlap.sum(axis=1)[self.mask], self.areas
        )

    def exclusive(self) -> OracleCounts:
        """Every pixel goes to the paired mask of greatest probability; of equal ones to the class that comes first."""
        size = self.classes.size
        if not size or not self.drawn.shape[0]:
            return self._none()
        shape = (int(self.drawn.shape[1]), int(self.drawn.shape[2]))
        # A mask that serves several classes always goes to the first of them.
        _, first = np.unique(self.mask, return_index=True)
        winner = first[to_numpy(arg_max(self.drawn, shape).place).ravel()]
        predicted = np.bincount(winner, minlength=size)
        intersection = np.bincount(winner[winner == self.ranks], minlength=size)
        return OracleCounts(self.classes, intersection.astype(np.int64), predicted.astype(np.int64), self.areas)

    def _none(self) -> OracleCounts:
        none = np.zeros(self.classes.size, np.int64)
        return OracleCounts(self.classes, none, none, self.areas)


def classes_by_area(target: LabelArray, background: int | None = None) -> tuple[Integers, Integers]:
    """The classes that occur and their areas, largest first, equal areas by ascending index, at most 20."""
    areas = np.bincount(target.ravel(), minlength=IGNORE + 1).astype(np.int64)
    areas[IGNORE] = 0
    if background is not None:
        areas[background] = 0
    labels = np.flatnonzero(areas > 0).astype(np.int64)
    chosen = labels[np.argsort(-areas[labels], kind="stable")[:MAX_CLASSES]]
    return chosen, areas[chosen]


def pair_classes(masks: MaskSet, target: LabelArray, background: int | None = None) -> Pairing:
    """Pair an image's classes with the masks most similar to them, of equal ones the first.

    Args:
        masks: the predicted masks, checked before; resized bilinearly where their grid is not the target's.
        target: (H, W) uint16.
        background: class that is not asked for, or None.
    """
    classes, areas = classes_by_area(target, background)
    table = np.full(IGNORE + 1, classes.size, np.uint8)
    table[classes] = np.arange(classes.size)
    if not classes.size or not masks.masks.shape[0]:
        nobody = np.full(classes.size, -1, np.int64)
        return Pairing(classes, areas, nobody, np.zeros((0, *target.shape), np.float32), table[target.ravel()])
    nearest = to_numpy(masks.similarity)[:, classes].argmax(axis=0)
    used = np.array(list(dict.fromkeys(nearest.tolist())), np.int64)
    place = {mask: position for position, mask in enumerate(used.tolist())}
    maps = on_host(masks.masks)
    chosen = MaskSet(take(maps, like(used, maps), 0), masks.similarity)
    drawn = resize_masks(chosen, (target.shape[0], target.shape[1])).masks
    mask = np.array([place[number] for number in nearest.tolist()], np.int64)
    return Pairing(classes, areas, mask, drawn, table[target.ravel()])


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
        LabelError: the target is no (H, W) uint16 map, or holds a class that the masks have no similarity to.
    """
    num_classes = int(masks.similarity.shape[-1])
    check_masks(masks, num_classes, where)
    check_label_map(target, num_classes, what="target", where=where)
    pairing = pair_classes(masks, target, background)
    return pairing.exclusive() if exclusive else pairing.thresholded(threshold)


def _overlap(inside: npt.NDArray[np.bool_], ranks: npt.NDArray[np.uint8]) -> Integers:
    """(32,) pixels of each rank inside a mask; ranks are at most 20, so five bits hold one."""
    keys = (inside.view(np.uint8) << np.uint8(5)) | ranks
    return np.bincount(keys, minlength=64)[32:].astype(np.int64)
