"""The channels of evidence: which integer rows each one keeps for an image, as little-endian structured arrays.

Every channel of every image is stored as the bytes of one such array in a fixed order, so that two images agree exactly
when their bytes do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cosegbench.errors import EvidenceError
from cosegbench.labels import IGNORE

PAIRS = "pairs"
"""Pixels of each (predicted class or void, true class). One row (VOID, IGNORE) counts the ignored pixels."""

BINARY = "binary"
"""Per true class of an image: intersection, predicted and true pixels of its own binary mask; masks may overlap."""

BINARY_EXCLUSIVE = "binary-exclusive"
"""As ``binary``, from masks made exclusive by arg max."""

RANKED = "ranked"
"""The labels that were proposed for an image, best first, with their scores."""

BOUNDARY = "boundary"
"""Pixels of each class's true and predicted boundary band and of both, see :mod:`cosegbench.evidence.boundary`.

Filled only where a protocol that was asked for needs it.
"""

IntArray = npt.NDArray[np.int64]
Rows = npt.NDArray[Any]

_COUNTS = [("label", "<u2"), ("intersection", "<u4"), ("predicted", "<u4"), ("true", "<u4")]

LAYOUTS: dict[str, np.dtype[Any]] = {
    PAIRS: np.dtype([("prediction", "<u2"), ("target", "<u2"), ("pixels", "<u4")]),
    BINARY: np.dtype(_COUNTS),
    BINARY_EXCLUSIVE: np.dtype(_COUNTS),
    RANKED: np.dtype([("label", "<u2"), ("score", "<f8")]),
    BOUNDARY: np.dtype(_COUNTS),
}
"""Channel -> dtype of one row."""

MAX_PIXELS = 2**32 - 1
"""Counts of one image are 32-bit; totals over a data set are 64-bit."""


@dataclass(frozen=True, slots=True)
class Table:
    """One channel of many images, row under row.

    Args:
        image_ids: the images, sorted.
        image: (n,) int64, index into ``image_ids`` of each row.
        rows: (n,) structured array of the channel's layout.
    """

    image_ids: tuple[str, ...]
    image: IntArray
    rows: Rows

    def column(self, name: str) -> IntArray:
        """One integer column as (n,) int64."""
        return self.rows[name].astype(np.int64)


def column_problem(values: npt.NDArray[Any], kind: np.dtype[Any]) -> str | None:
    """Why ``values`` cannot be a column of this type, or None; a cast alone would wrap around or cut off."""
    if values.ndim != 1:
        return f"has shape {values.shape}; expected one axis"
    if not values.size:
        return None
    if kind.kind == "f":
        return None if values.dtype.kind in "iuf" and np.isfinite(values).all() else "holds what is no finite number"
    if values.dtype.kind not in "iu":
        return f"is of type {values.dtype}; expected whole numbers"
    low, high = int(values.min()), int(values.max())
    return None if low >= 0 and high <= np.iinfo(kind).max else f"{low if low < 0 else high} is out of range"


def check_rows(channel: str, rows: Rows, num_classes: int, where: str) -> None:
    """Refuse rows that no evidence could have produced.

    Raises:
        EvidenceError: a class outside 0..K-1, rows out of order or repeated, or an intersection above its own areas.
    """
    labels = [rows["prediction"], rows["target"]] if channel == PAIRS else [rows["label"]]
    for values in labels:
        bad = (values >= num_classes) & ((values != IGNORE) if channel == PAIRS else True)
        if bad.any():
            raise EvidenceError(
                f"evidence of image {where!r}, channel {channel!r}: class {int(values[bad][0])} is outside "
                f"0..{num_classes - 1}."
            )
    if channel == PAIRS:
        # Void and ignore come first, as 0 does once every label is one higher.
        shifted = [(rows[name].astype(np.int64) + 1) % (IGNORE + 1) for name in ("prediction", "target")]
        keys = shifted[0] * (IGNORE + 1) + shifted[1]
        sound = bool((rows["pixels"] > 0).all()) and bool((np.diff(keys) > 0).all())
    elif channel == RANKED:
        descending = bool(np.isfinite(rows["score"]).all() and (np.diff(rows["score"]) <= 0).all())
        sound = np.unique(rows["label"]).size == rows.size and descending
    else:
        smaller = np.minimum(rows["predicted"], rows["true"])
        sound = np.unique(rows["label"]).size == rows.size and bool((rows["intersection"] <= smaller).all())
        if channel == BOUNDARY:
            ascending = bool((np.diff(rows["label"].astype(np.int64)) > 0).all())
            sound = sound and ascending and bool((np.maximum(rows["predicted"], rows["true"]) > 0).all())
    if not sound:
        raise EvidenceError(
            f"evidence of image {where!r}, channel {channel!r}: its rows contradict each other; the data is damaged."
        )
