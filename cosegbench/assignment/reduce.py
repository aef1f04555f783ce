"""Arg max over many maps at full size, holding only a few of them at once."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cosegbench.assignment.arrays import Array, is_tensor, like, take
from cosegbench.assignment.resize import Resizer


class Top(NamedTuple):
    """The greatest value at each pixel, and the first place in the list of maps where it stands; (H, W) each."""

    value: Array
    place: Array


def arg_max(maps: Array, size: tuple[int, int], which: npt.NDArray[np.int64] | None = None) -> Top:
    """The greatest of the chosen maps at full size, pixel by pixel; of equal ones the first.

    Args:
        maps: (n, h, w), NumPy or torch.
        size: (H, W).
        which: (m,) indices of the maps to compare, m >= 1, in order of precedence; all of them where None.

    Returns:
        Values, and places as int32 positions in ``which``.
    """
    chosen = np.arange(maps.shape[0]) if which is None else which
    resizer = Resizer(maps, size)
    step = chunk_length(maps, size[0] * size[1])
    return arg_max_of(lambda start: resizer(pick(maps, chosen[start : start + step])), chosen.size, step)


def arg_max_of(draw: Callable[[int], Array], number: int, step: int) -> Top:
    """As :func:`arg_max`, of maps that are drawn chunk by chunk.

    Args:
        draw: the first place of a chunk -> (m, H, W) maps at full size, m = 1..step; they may be views of the caller's
            arrays and are never written to.
        number: of all maps, 1 or more.
        step: maps a chunk; 1 saves work.
    """
    best: Top | None = None
    for start in range(0, number, step):
        part = draw(start)
        if part.shape[0] == 1:
            best = _begin(part[0], start) if best is None else _better(best, part[0], start)
        else:
            chunk = _top(part, start)
            best = chunk if best is None else _better(best, chunk.value, chunk.place)
    if best is None:
        raise ValueError("arg max over no map")
    return best


def chunk_length(array: Array, pixels: int) -> int:
    """How many full-size maps to hold at once: few enough for the memory bar, and on a CPU for the cache."""
    on_accelerator = is_tensor(array) and array.device.type != "cpu"
    return max(1, (1 << 24) // max(pixels, 1)) if on_accelerator else 1


def pick(maps: Array, indices: npt.NDArray[np.int64]) -> Array:
    """The maps at ``indices``; a view where it is one."""
    if indices.size == 1:
        return maps[int(indices[0]) : int(indices[0]) + 1]
    return take(maps, like(indices, maps), 0)


def _begin(value: Array, place: int) -> Top:
    """One map as the best so far, in arrays that may be overwritten."""
    places = like(np.full(tuple(value.shape), place, np.int32), value)
    return Top(value.clone() if is_tensor(value) else value.copy(), places)


def _top(values: Array, start: int) -> Top:
    if is_tensor(values):
        value, place = values.max(dim=0)
        return Top(value, place.int() + start)
    place = values.argmax(axis=0)
    return Top(np.take_along_axis(values, place[None], axis=0)[0], place.astype(np.int32) + np.int32(start))


def _better(first: Top, value: Array, place: Array | int) -> Top:
    """Of two arg maxes the greater, pixel by pixel; of equal ones the first. Overwrites ``first``'s arrays."""
    wins = value > first.value
    if is_tensor(value):
        torch = sys.modules["torch"]
        torch.maximum(first.value, value, out=first.value)
        if isinstance(place, int):
            return Top(first.value, first.place.masked_fill_(wins, place))
        return Top(first.value, torch.where(wins, place, first.place))
    np.maximum(first.value, value, out=first.value)
    np.copyto(first.place, place, where=wins)
    return first
