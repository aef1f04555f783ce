"""Pascal VOC's SegmentationClass: palette PNG whose index is the class, 0 background, 255 void."""

from __future__ import annotations

from cosegbench.adapters.base import LabelReader, NativeArray
from cosegbench.adapters.png_pixels import png_values


class VocPalette(LabelReader):
    """The index is read, never the colour. A file without a palette is refused: it came from another converter."""

    def native(self, image_id: str) -> NativeArray:
        """The palette indices; see the base class."""
        return png_values(self.read_bytes(image_id), self.path(image_id), palette=True, deep=False)
