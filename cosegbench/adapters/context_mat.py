"""Pascal Context's ``.mat``: variable ``LabelMap``, (H, W) uint16, ids 1..459 of the full label set."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator

import numpy as np

from cosegbench.adapters.base import LabelReader, NativeArray
from cosegbench.errors import DataError, LabelError

VARIABLE = "LabelMap"


_HEADER_BYTES = 128
_MATRIX = 14
_BEGINNING = [6, 5, 1]
"""Types of a matrix's first parts: flags, dimensions, name."""

_FLAG_BYTES = 8
_TYPES = frozenset({1, 2, 3, 4, 5, 6, 7, 9, 12, 13, 16, 17, 18})
"""The types of numbers and text in the MAT-file format, level 5; a matrix of matrices is no label."""


class ContextMat(LabelReader):
    """MATLAB 5 file, read by scipy, which unpickles nothing."""

    def native(self, image_id: str) -> NativeArray:
        """The ids; see the base class."""
        from scipy.io import loadmat

        path = self.path(image_id)
        data = self.read_bytes(image_id)
        if not _sound(data):
            raise DataError(f"{path}: cannot be read as a MATLAB file: its parts are not those of a matrix.")
        stream = io.BytesIO(data)
        try:
            values = loadmat(stream, variable_names=[VARIABLE]).get(VARIABLE)
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


def _sound(data: bytes) -> bool:
    """Whether every matrix that is not compressed begins as one does, and has parts of numbers or text.

    scipy looks any other type up beyond the end of its table, which ends the process. Compressed matrices carry a
    checksum, and whatever else is wrong makes scipy raise.
    """
    order = "<" if data[126:128] == b"IM" else ">"
    position = _HEADER_BYTES
    while position + 8 <= len(data):
        kind, size = struct.unpack_from(f"{order}II", data, position)
        position += 8
        if kind == _MATRIX:
            parts = list(_parts(data[position : position + size], order))
            begins = [part for part, _ in parts[:3]] == _BEGINNING and parts[0][1] == _FLAG_BYTES
            if not begins or any(part not in _TYPES for part, _ in parts):
                return False
        position += size
    return True


def _parts(matrix: bytes, order: str) -> Iterator[tuple[int, int]]:
    """Type and size of each part of a matrix; one of up to four bytes has its size in the upper half of the word."""
    position = 0
    while position + 8 <= len(matrix):
        kind, size = struct.unpack_from(f"{order}II", matrix, position)
        small = kind >> 16
        yield (kind & 0xFFFF, small) if small else (kind, size)
        position += 8 if small else 8 + size + -size % 8
