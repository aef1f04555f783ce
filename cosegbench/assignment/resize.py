"""Bilinear resizing (half-pixel centres, no antialiasing) of stacks of maps, the same for NumPy and torch.

It equals ``torch.nn.functional.interpolate(mode="bilinear", align_corners=False)`` to 1e-6. Columns are resized first,
so that the work on full-size maps is along contiguous rows. Equal neighbours give exactly their own value.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cosegbench.assignment.arrays import Array, at_least_single, is_tensor, like, numpy_float, take


class _Axis(NamedTuple):
    """For each output place: the two input places and the share of the second."""

    low: Array
    high: Array
    share: Array


class Resizer:
    """Resizes (n, h, w) stacks of one array kind to (n, H, W).

    Args:
        example: a stack of the type and on the device that will be resized; gives h and w.
        size: (H, W).
    """

    def __init__(self, example: Array, size: tuple[int, int]) -> None:
        self.size = size
        self.identity = tuple(example.shape[-2:]) == tuple(size)
        kind = numpy_float(example)
        self._rows = _axis(example, example.shape[-2], size[0], kind)
        self._columns = _axis(example, example.shape[-1], size[1], kind)

    def __call__(self, maps: Array) -> Array:
        """The resized stack; the stack itself where it has the size already. Half precision becomes float32."""
        if self.identity:
            return maps
        maps = at_least_single(maps)
        if is_tensor(maps) or maps.shape[0] == 1:
            return self._resize(maps)
        # One at a time, because the scratch arrays of one map stay in the cache.
        out = np.empty((maps.shape[0], *self.size), maps.dtype)
        for index in range(maps.shape[0]):
            out[index] = self._resize(maps[index : index + 1])[0]
        return out

    def _resize(self, maps: Array) -> Array:
        return _blend(_blend(maps, self._columns, 2), self._rows, 1)


def _blend(maps: Array, axis: _Axis, number: int) -> Array:
    """Linear interpolation along one axis, in one new array and one scratch array."""
    first, second = take(maps, axis.low, number), take(maps, axis.high, number)
    second -= first
    second *= axis.share if number == 2 else axis.share[:, None]
    second += first
    return second


def _axis(example: Array, source: int, target: int, kind: npt.DTypeLike) -> _Axis:
    """Where the output samples lie, as torch computes it: the scale in the maps' own precision, then rounded once."""
    scale = float(np.asarray(source, kind) / np.asarray(target, kind))
    place = np.maximum((np.arange(target) + 0.5) * scale - 0.5, 0.0).astype(kind)
    low = np.minimum(place.astype(np.int64), source - 1)
    high = np.minimum(low + 1, source - 1)
    share = (place - low).astype(kind)
    return _Axis(like(low, example), like(high, example), like(share, example))
