"""The average of maps of overlapping parts of one image, without holding all classes at full size."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from cosegbench.assignment.arrays import Array, at_least_single, like, numpy_float, zeros
from cosegbench.geometry import Place


class MeanOverParts:
    """Averages maps over the parts of an image, a few maps at a time.

    The mean is a running one, m + (x - m) / n, so that equal values give exactly their own value.

    Args:
        example: maps of the type and on the device of all; half precision is averaged in float32.
        places: of the parts, in the order in which they are averaged.
        size: (H, W) of the image.
    """

    def __init__(self, example: Array, places: Sequence[Place], size: tuple[int, int]) -> None:
        self._example = at_least_single(example[:0])
        self._places, self._size = places, size
        visits = np.zeros(size, np.int64)
        self._shares = []
        for place in places:
            visits[place.slices] += 1
            share = 1.0 / visits[place.slices]
            self._shares.append(like(share.astype(numpy_float(example)), example))

    def __call__(self, number: int, layer: Callable[[int], Array | None]) -> Array:
        """(number, H, W) means, a new array; 0 where no part lies.

        Args:
            number: of maps.
            layer: place of a part in the list -> its (number, h, w) maps in its own pixels; None for zeros.
        """
        mean = zeros(self._example, (number, *self._size))
        for part, (place, share) in enumerate(zip(self._places, self._shares, strict=True)):
            region = mean[(slice(None), *place.slices)]
            maps = layer(part)
            change = -region if maps is None else maps - region
            change *= share
            region += change
        return mean
