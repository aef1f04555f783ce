"""Pascal Context's ``.mat``: variable ``LabelMap``, (H, W) uint16, ids 1..459 of the full label set."""

from __future__ import annotations

import io

import numpy as np

from cosegbench.adapters.base import LabelReader, NativeArray
from cosegbench.adapters.mat_parts import NotMatrices, plain_matrices
from cosegbench.errors import DataError, LabelError

VARIABLE = "LabelMap"


class ContextMat(LabelReader):
    """MATLAB 5 file, read by scipy, which unpickles nothing."""

    def native(self, image_id: str) -> NativeArray:
        """The ids; see the base class."""
        from scipy.io import loadmat

        path = self.path(image_id)
        try:
            plain = plain_matrices(self.read_bytes(image_id))
        except NotMatrices as error:
            raise DataError(f"{path}: cannot be read as a MATLAB file: {error}.") from error
        try:
            values = loadmat(io.BytesIO(plain), variable_names=[VARIABLE]).get(VARIABLE)
        except Exception as error:  # what scipy raises depends on where the bytes are wrong
            raise DataError(f"{path}: cannot be read as a MATLAB file: {error}.") from error
        if values is None:
            raise DataError(f"{path}: holds no variable {VARIABLE!r}.")
        if values.dtype != np.uint16 or values.ndim != 2:
            raise LabelError(
                f"{path}: {VARIABLE} is {values.dtype} of shape {values.shape}; expected uint16 (H, W), "
                f"because ids reach {max(self.widest, 459)} and 8 bits end at 255."
            )
        return np.ascontiguousarray(values)
