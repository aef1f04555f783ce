"""PASCAL in Detail's JSON: the route to Context-59 that most projects take.

Each annotation of ``annos_segmentation`` is painted in file order, later over earlier, crowd included (detail-api's
``getMask``; CAT-Seg paints the same way). Value 0 is "no annotation", everything else an id of the 459 label set.
"""

from __future__ import annotations

import numpy as np

from cosegbench.adapters.base import NativeArray
from cosegbench.adapters.region_reader import RegionReader
from cosegbench.adapters.regions import decode_region

ANNOTATIONS = "annos_segmentation"


class DetailJson(RegionReader):
    """One JSON file for train and val together."""

    annotations_key = ANNOTATIONS

    def native(self, image_id: str) -> NativeArray:
        """The painted ids; see the base class."""
        image = self.regions(image_id)
        # Masks come column by column; a map of the same order is painted several times faster.
        painted = np.zeros((image.height, image.width), np.uint16, order="F")
        for annotation in image.annotations:
            where = f"{self.path('')}, image {image_id}, annotation {annotation.get('id')}"
            painted[decode_region(annotation.get("segmentation"), image.height, image.width, where)] = annotation[
                "category_id"
            ]
        return np.ascontiguousarray(painted)
