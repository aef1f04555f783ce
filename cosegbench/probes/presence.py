"""Which classes are present in which image, in the ground truth and in predictions, from kept evidence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cosegbench.errors import RequestError
from cosegbench.evidence import PAIRS, Evidence
from cosegbench.labels import IGNORE, VOID

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Presence:
    """Presence of K classes in n images.

    Args:
        true: (n, K) in the ground truth.
        predicted: (n, K) in the predictions, on the pixels that are scored.
    """

    true: Flags
    predicted: Flags


def presence(evidence: Evidence, pixels: int) -> Presence:
    """A class is present where it has at least so many pixels. Ignored pixels count on neither side.

    Raises:
        RequestError: no image, no channel ``pairs``, or a threshold below 1.
    """
    if pixels < 1:
        raise RequestError(f"--presence is {pixels}; a class is present from 1 pixel or more.")
    if PAIRS not in evidence.channels:
        raise RequestError("the evidence keeps no label maps (channel 'pairs'), so no class is present anywhere.")
    table = evidence.table(PAIRS)
    scored = table.rows["target"] != IGNORE
    image, area = table.image[scored], table.column("pixels")[scored]
    target, prediction = (table.column(name)[scored] for name in ("target", "prediction"))
    given = prediction != VOID
    shape = (len(evidence), evidence.num_classes)
    return Presence(
        _areas(image, target, area, shape) >= pixels,
        _areas(image[given], prediction[given], area[given], shape) >= pixels,
    )


def _areas(
    image: npt.NDArray[np.int64], label: npt.NDArray[np.int64], pixels: npt.NDArray[np.int64], shape: tuple[int, int]
) -> npt.NDArray[np.int64]:
    found = np.zeros(shape, np.int64)
    np.add.at(found, (image, label), pixels)
    return found
