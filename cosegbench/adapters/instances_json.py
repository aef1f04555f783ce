"""COCO's instances JSON painted to one semantic map.

There is no official semantic map from instances, so both rules are options that are recorded. Value 0 is "no
instance", 65535 is "ignore by rule"; everything else is the category id.

``overlap``, where two instances cover a pixel:
  ``first`` the first in the file keeps it (as PyTorch-Encoding; also COCO-Stuff 10k's annotator, which paints in
  reverse), ``last`` the last does (COCO-Stuff's helper), ``ignore`` it is ignored whatever the classes (torchvision's
  reference), ``refuse`` it is an error (panopticapi).

``crowd``, for regions with ``iscrowd`` = 1:
  ``under`` they fill what no instance covers, ``ignore`` what only they cover is ignored, ``in-order`` they count as
  instances, ``skip`` they are left out.
"""

from __future__ import annotations

import numpy as np

from cosegbench.adapters.base import NativeArray
from cosegbench.adapters.region_reader import RegionReader
from cosegbench.adapters.regions import ImageRegions, decode_region
from cosegbench.errors import DataError
from cosegbench.labels import IGNORE, LabelArray

OVERLAP_RULES = ("first", "last", "ignore", "refuse")
CROWD_RULES = ("under", "ignore", "in-order", "skip")


class InstancesJson(RegionReader):
    """One JSON file for the whole split."""

    annotations_key = "annotations"
    reserved = frozenset({IGNORE})

    def native(self, image_id: str) -> NativeArray:
        """The painted category ids; see the base class."""
        overlap, crowd = self.source.options.get("overlap", "first"), self.source.options.get("crowd", "under")
        return paint(self.regions(image_id), overlap, crowd, f"{self.path('')}, image {image_id}")


def paint(image: ImageRegions, overlap: str, crowd: str, where: str) -> LabelArray:
    """Paint one image's instances; the rules are the module's.

    Returns:
        (H, W) uint16: category ids, 0 where nothing is, 65535 where a rule says ignore.

    Raises:
        DataError: a region cannot be decoded, or ``refuse`` met an overlap.
    """
    # Masks come column by column; maps of the same order are painted several times faster.
    painted = np.zeros((image.height, image.width), np.uint16, order="F")
    covered = np.zeros(painted.shape, np.bool_, order="F")
    crowds = []
    for annotation in image.annotations:
        if annotation.get("iscrowd") and crowd != "in-order":
            crowds.append(annotation)
            continue
        mask = _mask(annotation, image, where)
        if overlap == "refuse" and (mask & covered).any():
            raise DataError(f"{where}, annotation {annotation.get('id')}: overlaps an earlier one (overlap=refuse).")
        painted[mask if overlap == "last" else mask & ~covered] = annotation["category_id"]
        if overlap == "ignore":
            painted[mask & covered] = IGNORE
        covered |= mask
    for annotation in crowds if crowd != "skip" else []:
        mask = _mask(annotation, image, where) & ~covered
        painted[mask] = annotation["category_id"] if crowd == "under" else IGNORE
        covered |= mask
    return np.ascontiguousarray(painted)


def _mask(
    annotation: dict[str, object], image: ImageRegions, where: str
) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    where = f"{where}, annotation {annotation.get('id')}"
    return decode_region(annotation.get("segmentation"), image.height, image.width, where)
