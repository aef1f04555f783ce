"""Plain label PNG: one channel, 8 or 16 bits, with or without a palette, value = native id + offset."""

from __future__ import annotations

import numpy as np

from cosegbench.adapters.base import LabelReader, NativeArray
from cosegbench.adapters.png_pixels import png_values
from cosegbench.errors import LabelError


class LabelPng(LabelReader):
    """Any one-channel PNG. Where the vocabulary's values do not fit into 8 bits, 8-bit files are refused."""

    def native(self, image_id: str) -> NativeArray:
        """The stored values; see the base class."""
        path = self.path(image_id)
        values = png_values(self.read_bytes(image_id), path, palette=None, deep=True)
        if values.dtype == np.uint8 and self.widest > 255:
            raise LabelError(f"{path}: has 8 bits a pixel; the vocabulary's values reach {self.widest} and need 16.")
        return values
