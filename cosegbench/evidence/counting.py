"""Counting (prediction, target) pairs of one image: exact, range-checked, and without 64-bit copies of the maps.

Both maps are shifted by one in 16-bit arithmetic, so that 65535 (void, ignore) becomes 0 and class c becomes c+1; one
maximum then checks the range. Label maps consist of areas, so runs of equal pairs along the rows are found first and
only the runs are counted; a map that is mostly noise is counted pixel by pixel instead.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cosegbench.errors import LabelError
from cosegbench.evidence.channels import LAYOUTS, MAX_PIXELS, PAIRS, IntArray, Rows
from cosegbench.labels import IGNORE, LabelArray, check_label_map

_ONE = np.uint16(1)
_NOISE = 4
"""With fewer than this many pixels a run, the run lengths cost more than they save (measured)."""

_DENSE = 16
"""Up to this many table cells a run, a table is faster than sorting the runs (measured)."""


def count_pairs(prediction: LabelArray, target: LabelArray, num_classes: int, where: str) -> Rows:
    """Rows of the ``pairs`` channel of one image.

    Args:
        prediction: (H, W) uint16, class or VOID.
        target: (H, W) uint16, class or IGNORE.
        num_classes: K.
        where: the image id, for messages.

    Returns:
        (n,) structured rows ordered by (prediction, target), VOID last; the ignored pixels, whatever was predicted
        there, are one last row (VOID, IGNORE, their number).

    Raises:
        LabelError: wrong type or shape, shapes that differ, or a value that is neither a class nor 65535.
    """
    shifted_prediction = _shift(prediction, num_classes, "prediction", where)
    shifted_target = _shift(target, num_classes, "target", where)
    if prediction.shape != target.shape:
        raise LabelError(
            f"image {where!r}: the prediction has shape {prediction.shape} and the target {target.shape}; "
            "predict at the target's size."
        )
    if prediction.size > MAX_PIXELS:
        raise LabelError(f"image {where!r} has {prediction.size} pixels; at most {MAX_PIXELS} can be counted.")
    keys, pixels = _count(shifted_prediction, shifted_target, num_classes + 1)
    return _rows(keys, pixels, num_classes + 1)


def _shift(labels: LabelArray, num_classes: int, what: str, where: str) -> npt.NDArray[np.uint16]:
    """The flat map plus one modulo 2^16, range-checked."""
    if not isinstance(labels, np.ndarray) or labels.dtype != np.uint16 or labels.ndim != 2:
        check_label_map(labels, num_classes, what=what, where=where)
    shifted = (labels + _ONE).ravel()
    if shifted.size and shifted.max() > num_classes:
        check_label_map(labels, num_classes, what=what, where=where)
    return shifted


def _count(
    prediction: npt.NDArray[np.uint16], target: npt.NDArray[np.uint16], side: int
) -> tuple[npt.NDArray[np.integer], IntArray]:
    """Ascending keys ``prediction * side + target`` that occur, and how often."""
    if prediction.size == 0:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    changes = prediction[1:] != prediction[:-1]
    changes |= target[1:] != target[:-1]
    runs = int(np.count_nonzero(changes)) + 1
    if runs * _NOISE > prediction.size and side * side <= 2 * max(prediction.size, 1 << 16):
        return _count_pixels(prediction, target, side)
    ends = np.empty(runs, np.intp)
    ends[:-1] = np.flatnonzero(changes)
    ends[-1] = prediction.size - 1
    lengths = np.diff(ends, prepend=-1)
    keys = prediction[ends].astype(np.int64) * side + target[ends]
    if side * side <= _DENSE * runs:
        return _count_table(keys, lengths)
    return _count_sorted(keys, lengths)


def _count_pixels(
    prediction: npt.NDArray[np.uint16], target: npt.NDArray[np.uint16], side: int
) -> tuple[npt.NDArray[np.integer], IntArray]:
    if side * side <= 1 << 16:
        table = np.bincount(prediction * np.uint16(side) + target)
    else:
        table = np.bincount(prediction.astype(np.uint32) * np.uint32(side) + target)
    found = np.flatnonzero(table != 0)
    return found, table[found].astype(np.int64, copy=False)


def _count_table(keys: IntArray, lengths: IntArray) -> tuple[npt.NDArray[np.integer], IntArray]:
    # bincount sums weights as float64, which is exact here: an image has fewer than 2^32 pixels.
    table = np.bincount(keys, weights=lengths)
    found = np.flatnonzero(table != 0)
    return found, table[found].astype(np.int64)


def _count_sorted(keys: IntArray, lengths: IntArray) -> tuple[npt.NDArray[np.integer], IntArray]:
    # A key is below 2^32 and a length too, so both fit one 64-bit number, and sorting numbers beats sorting indices.
    packed = (keys.astype(np.uint64) << np.uint64(32)) | lengths.astype(np.uint64)
    packed.sort()
    ordered = packed >> np.uint64(32)
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    sums = np.add.reduceat((packed & np.uint64(0xFFFFFFFF)).astype(np.int64), starts)
    return ordered[starts].astype(np.int64), sums


def _rows(keys: npt.NDArray[np.integer], pixels: IntArray, side: int) -> Rows:
    """Shift back, put void last, and fold the ignored pixels into one row."""
    prediction, target = np.divmod(keys, side)
    scored = target != 0
    ignored = int(pixels[~scored].sum())
    first_class = int(np.count_nonzero(scored & (prediction == 0)))
    rows = np.empty(int(np.count_nonzero(scored)) + bool(ignored), LAYOUTS[PAIRS])
    body = rows[: rows.size - bool(ignored)]
    for name, values in (("prediction", prediction - 1), ("target", target - 1), ("pixels", pixels)):
        # Void has the lowest key after the shift and the highest value before it.
        body[name] = np.roll(values[scored].astype(LAYOUTS[PAIRS][name]), -first_class)
    if ignored:
        rows[-1] = (IGNORE, IGNORE, ignored)
    return rows
