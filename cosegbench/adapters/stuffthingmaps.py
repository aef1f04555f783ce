"""COCO-Stuff's stuffthingmaps: 8-bit gray PNG, value = COCO id - 1 (0 is person), 255 unlabeled.

The card states the offset; the authors' labels.txt is numbered otherwise and is never read.
"""

from __future__ import annotations

from cosegbench.adapters.base import LabelReader, NativeArray
from cosegbench.adapters.png_pixels import png_values


class StuffThingMaps(LabelReader):
    """One gray PNG an image with things and stuff together."""

    def native(self, image_id: str) -> NativeArray:
        """The gray levels; see the base class."""
        return png_values(self.read_bytes(image_id), self.path(image_id), palette=False, deep=False)
