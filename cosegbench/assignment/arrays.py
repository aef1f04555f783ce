"""The few array operations that assignment needs, for NumPy arrays and for torch tensors on any device.

torch is imported only when a tensor is given, which means that somebody has imported it already.
"""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np
import numpy.typing as npt

Array = Any
"""A NumPy array or a torch tensor."""

_AT_ONCE = 1 << 22
"""Values that are looked at together."""


def is_tensor(array: object) -> bool:
    """Whether this is a torch tensor."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(array, torch.Tensor)


def is_array(array: object) -> bool:
    """Whether this is an array of one of the two kinds."""
    return isinstance(array, np.ndarray) or is_tensor(array)


def to_numpy(array: Array) -> npt.NDArray[Any]:
    """The same values as a NumPy array; bfloat16, which NumPy lacks, becomes float32."""
    if not is_tensor(array):
        return np.asarray(array)
    array = array.detach()
    if str(array.dtype) == "torch.bfloat16":
        array = array.float()
    result: npt.NDArray[Any] = array.cpu().numpy()
    return result


def on_host(array: Array) -> Array:
    """A CPU tensor as a NumPy view of the same memory, which is reduced faster; everything else as it is, detached.

    It also keeps the threads that count images out of OpenMP: a team for each of them makes libgomp see more threads
    than cores, and the predictor's own then sleep at every barrier instead of spinning (measured: 8 % of its time).

    bfloat16 stays a tensor, because NumPy lacks it and a threshold is compared in the array's own type.
    """
    if not is_tensor(array):
        return array
    plain = array.device.type == "cpu" and str(array.dtype) != "torch.bfloat16"
    return to_numpy(array) if plain else array.detach()


def exceeds(array: Array, threshold: float) -> npt.NDArray[np.bool_]:
    """Where ``array > threshold``, both in the array's own type: 0.3 as float32 is not 0.3 as float64."""
    if is_tensor(array):
        return to_numpy(array.detach() > threshold)
    return np.asarray(array > array.dtype.type(threshold))


def is_floating(array: Array) -> bool:
    """Whether its type is a floating point type."""
    return bool(array.dtype.is_floating_point) if is_tensor(array) else np.issubdtype(array.dtype, np.floating)


def all_finite(array: Array) -> bool:
    """Whether no value is NaN or infinite."""
    array = on_host(array)
    # A few values at a time: of 847 maps at full size the truth values alone are as large as the memory bar, and torch
    # makes copies of the values besides.
    rows = max(1, _AT_ONCE // max(1, math.prod(array.shape[1:])))
    finite = sys.modules["torch"].isfinite if is_tensor(array) else np.isfinite
    return all(bool(finite(array[start : start + rows]).all()) for start in range(0, len(array), rows))


def extent(array: Array) -> tuple[float, float]:
    """Least and greatest value."""
    array = on_host(array)
    return float(array.min()), float(array.max())


def at_least_single(array: Array) -> Array:
    """Half precision as float32, everything else as it is."""
    if is_tensor(array):
        array = array.detach()
        return array.float() if array.dtype.itemsize < 4 else array
    return array.astype(np.float32) if array.dtype.itemsize < 4 else array


def numpy_float(array: Array) -> npt.DTypeLike:
    """float64 for double precision, else float32: the type in which its coordinates are computed."""
    return np.float64 if array.dtype.itemsize == 8 else np.float32


def like(values: npt.NDArray[Any], array: Array) -> Array:
    """``values`` as the same kind of array on the same device; types are kept."""
    return sys.modules["torch"].from_numpy(values).to(array.device) if is_tensor(array) else values


def zeros(example: Array, shape: tuple[int, ...]) -> Array:
    """Zeros of the type and on the device of ``example``."""
    return example.new_zeros(shape) if is_tensor(example) else np.zeros(shape, example.dtype)


def take(array: Array, places: Array, axis: int) -> Array:
    """The entries at ``places`` along one axis, as a new array."""
    return array.index_select(axis, places) if is_tensor(array) else np.take(array, places, axis=axis)
