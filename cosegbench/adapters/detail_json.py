"""PASCAL in Detail's JSON: the route to Context-59 that most projects take.

Each annotation of ``annos_segmentation`` is painted in file order, later over earlier, crowd included (detail-api's
``getMask``; CAT-Seg paints the same way). Value 0 is "no annotation", everything else an id of the 459 label set.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from cosegbench.adapters.base import LabelReader, NativeArray
from cosegbench.adapters.regions import ImageRegions, decode_region, read_regions
from cosegbench.errors import DataError

ANNOTATIONS = "annos_segmentation"


class DetailJson(LabelReader):
    """One JSON file for train and val together."""

    @cached_property
    def index(self) -> dict[str, ImageRegions]:
        """Image id -> its annotations; read on first use."""
        return read_regions(self.path(""), ANNOTATIONS, self.source.vocabulary)

    def has(self, image_id: str) -> bool:
        """Whether the file lists ``image_id``."""
        return image_id in self.index

    def native(self, image_id: str) -> NativeArray:
        """The painted ids; see the base class."""
        if image_id not in self.index:
            raise DataError(f"{self.path('')}: lists no image {image_id!r}.")
        image = self.index[image_id]
        painted = np.zeros((image.height, image.width), np.uint16, order="F")
        for annotation in image.annotations:
            where = f"{self.path('')}, image {image_id}, annotation {annotation.get('id')}"
            painted[decode_region(annotation["segmentation"], image.height, image.width, where)] = annotation[
                "category_id"
            ]
        return np.ascontiguousarray(painted)
