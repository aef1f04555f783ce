"""Counting (prediction, target) pairs of one image: exact, range-checked, and without 64-bit copies of the maps.

Both maps are shifted by one in 16-bit arithmetic, so that 65535 (void, ignore) becomes 0 and class c becomes c+1; one
maximum then checks the range. Label maps consist of areas, so runs of equal pairs along the rows are found first and
only the runs are counted; a map that is mostly noise is counted pixel by pixel instead.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from cosegbench.errors import LabelError
from cosegbench.evidence.channels import LAYOUTS, MAX_PIXELS, PAIRS, IntArray, Rows
from cosegbench.labels import LabelArray, check_label_map

Shifted = npt.NDArray[np.uint16]
"""A flat label map plus one, modulo 2^16."""

_ONE = np.uint16(1)
_NOISE = 4
"""With fewer than this many pixels a run, the run lengths cost more than they save (measured)."""

_SAMPLE = 4096
"""How many pairs of neighbours are looked at to tell noise from areas."""

_DENSE = 16
"""Up to this many table cells a run, a table is faster than sorting the runs (measured)."""

_LARGEST_TABLE = 1 << 20
"""Cells of the largest table that is filled pixel by pixel; larger ones would not stay in a cache."""


def count_pairs(prediction: LabelArray, target: LabelArray, num_classes: int, where: str) -> Rows:
    """Rows of the ``pairs`` channel of one image.

    Args:
        prediction: (H, W) uint16, class or VOID.
        target: (H, W) uint16, class or IGNORE.
        num_classes: K.
        where: the image id, for messages.

    Returns:
        (n,) structured rows in ascending order of (prediction, target), where void and ignore come first. The ignored
        pixels, whatever was predicted there, are one row (VOID, IGNORE, their number).

    Raises:
        LabelError: wrong type or shape, shapes that differ, or a value that is neither a class nor 65535.
    """
    predicted = _shift(prediction, num_classes, "prediction", where)
    true = _shift(target, num_classes, "target", where)
    if prediction.shape != target.shape:
        raise LabelError(
            f"image {where!r}: the prediction has shape {prediction.shape} and the target {target.shape}; "
            "predict at the target's size."
        )
    if prediction.size > MAX_PIXELS:
        raise LabelError(f"image {where!r} has {prediction.size} pixels; at most {MAX_PIXELS} can be counted.")
    if not prediction.size:
        return np.empty(0, LAYOUTS[PAIRS])
    return _count(predicted, true, num_classes + 1)


def _shift(labels: LabelArray, num_classes: int, what: str, where: str) -> Shifted:
    """The flat map plus one modulo 2^16, range-checked."""
    if not isinstance(labels, np.ndarray) or labels.dtype != np.uint16 or labels.ndim != 2:
        check_label_map(labels, num_classes, what=what, where=where)
    shifted = (labels + _ONE).ravel()
    if shifted.size and shifted.max() > num_classes:
        check_label_map(labels, num_classes, what=what, where=where)
    return shifted


def _count(predicted: Shifted, true: Shifted, side: int) -> Rows:
    if side * side <= _LARGEST_TABLE and _looks_like_noise(predicted, true):
        return _count_pixels(predicted, true, side)
    changes = predicted[1:] != predicted[:-1]
    changes |= true[1:] != true[:-1]
    runs = int(np.count_nonzero(changes)) + 1
    ends = np.empty(runs, np.intp)
    ends[:-1] = np.flatnonzero(changes)
    ends[-1] = predicted.size - 1
    keys = predicted[ends].astype(np.int64) * side + true[ends]
    lengths = np.diff(ends, prepend=-1)
    if side * side <= _DENSE * runs:
        # bincount sums weights as float64, which is exact here: an image has fewer than 2^32 pixels.
        return _rows_of_table(np.bincount(keys, weights=lengths, minlength=side * side), side)
    return _rows_of_runs(keys, lengths, side)


def _looks_like_noise(predicted: Shifted, true: Shifted) -> bool:
    """Whether neighbours differ so often that pixels are counted faster than runs; decides speed, never the result."""
    step = max(predicted.size // _SAMPLE, 1)
    here, there = slice(0, predicted.size - 1, step), slice(1, predicted.size, step)
    differ = (predicted[here] != predicted[there]) | (true[here] != true[there])
    return int(np.count_nonzero(differ)) * _NOISE > len(differ)


def _count_pixels(predicted: Shifted, true: Shifted, side: int) -> Rows:
    # In place: fresh arrays of this size cost more than the arithmetic. The shifted maps are our own copies.
    if side * side <= 1 << 16:
        predicted *= np.uint16(side)
        predicted += true
        return _rows_of_table(np.bincount(predicted, minlength=side * side), side)
    keys = predicted.astype(np.uint32)
    keys *= np.uint32(side)
    keys += true
    return _rows_of_table(np.bincount(keys, minlength=side * side), side)


def _rows_of_table(table: npt.NDArray[Any], side: int) -> Rows:
    """The cells that are not 0; column 0, the ignored pixels, is folded into one cell."""
    square = table.reshape(side, side)
    square[0, 0] = square[:, 0].sum()
    square[1:, 0] = 0
    occupied = square != 0
    per_prediction = np.count_nonzero(occupied, axis=1)
    found = np.flatnonzero(occupied)
    labels = np.arange(side)
    rows = np.empty(found.size, LAYOUTS[PAIRS])
    rows["prediction"] = np.repeat((labels - 1).astype(np.uint16), per_prediction)
    rows["pixels"] = table[found]
    found -= np.repeat(labels * side + 1, per_prediction)  # faster than a division by the side
    rows["target"] = found.astype(np.uint16)
    return rows


def _rows_of_runs(keys: IntArray, lengths: IntArray, side: int) -> Rows:
    keys[keys % side == 0] = 0
    # A key is below 2^32 and a length too, so both fit one 64-bit number, and sorting numbers beats sorting indices.
    packed = (keys.astype(np.uint64) << np.uint64(32)) | lengths.astype(np.uint64)
    packed.sort()
    ordered = packed >> np.uint64(32)
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    prediction, target = np.divmod(ordered[starts].astype(np.int64), side)
    rows = np.empty(starts.size, LAYOUTS[PAIRS])
    rows["prediction"] = (prediction - 1).astype(np.uint16)
    rows["target"] = (target - 1).astype(np.uint16)
    rows["pixels"] = np.add.reduceat(packed & np.uint64(0xFFFFFFFF), starts)
    return rows
