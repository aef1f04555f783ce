"""Mistakes that give a figure and no error: looked for in the evidence, and told with the figure that they hide."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from cosegbench.class_orders import other_readings
from cosegbench.evidence import PAIRS, Evidence
from cosegbench.labels import IGNORE, VOID

if TYPE_CHECKING:
    import numpy.typing as npt

    from cosegbench.vocabulary import Vocabulary

    Counts = npt.NDArray[np.int64]

LEAST_GAIN = 2.0
"""Points of mIoU by which another reading must be better to be told of."""

LEAST_RATIO = 1.5
"""And as many times better, with as many times more classes better than worse: some gain a little by chance."""

MUCH_VOID = 0.5
"""Share of the scored pixels without a class from which it is told of. Methods with masks leave some; a background that
a program drew into a view that has none leaves most."""


def warnings_of(evidence: Evidence, vocabulary: Vocabulary) -> Iterator[str]:
    """What looks like a mistake in how classes were numbered, one text each; nothing where all looks well.

    Args:
        evidence: of all images; without label maps in it nothing is looked for.
        vocabulary: the classes that were scored.

    Figures are mIoU in percent over the classes with ground truth, void pixels wrong (protocol ``standard``).
    """
    if PAIRS not in evidence.channels:
        return
    predicted, true, pixels = _scored(evidence)
    classes = len(vocabulary)
    ious = _ious(predicted, true, pixels, classes)
    given = _mean(ious)
    best, gain = None, 0.0
    for reading in other_readings(vocabulary):
        others = _ious(reading.table[predicted].astype(np.int64), true, pixels, classes)
        better, worse = int((others > ious).sum()), int((others < ious).sum())
        # One frequent class for another is no shift: whoever always says "wall" is not meant.
        if better < 2 or better < LEAST_RATIO * worse:
            continue
        other = _mean(others)
        if other - given >= max(LEAST_GAIN, gain) and other >= LEAST_RATIO * given:
            best, gain, figure = reading, other - given, other
    if best is not None:
        yield (
            f"warning: the mIoU is {given:.2f}, and would be {figure:.2f} as if {best.words}. If that is so, the "
            f"figure that was written is wrong. {best.mend}"
        )
    void = int(pixels[predicted == VOID].sum())
    if vocabulary.background is None and void >= MUCH_VOID * pixels.sum() > 0:
        yield (
            f"warning: {100 * void / int(pixels.sum()):.0f} % of the scored pixels were given no class, and each "
            "counts as wrong. This view has no background class: if one was predicted, score the view that has it."
        )


def _scored(evidence: Evidence) -> tuple[Counts, Counts, Counts]:
    """Predicted class, true class and pixels of every pair that occurs, summed over images; ignored ones left out."""
    table = evidence.table(PAIRS)
    true = table.column("target")
    keys = (table.column("prediction") * (IGNORE + 1) + true)[true != IGNORE]
    pairs, place = np.unique(keys, return_inverse=True)
    pixels = np.zeros(pairs.size, np.int64)
    np.add.at(pixels, place, table.column("pixels")[true != IGNORE])
    return pairs // (IGNORE + 1), pairs % (IGNORE + 1), pixels


def _ious(predicted: Counts, true: Counts, pixels: Counts, classes: int) -> npt.NDArray[np.float64]:
    """Intersection over union in percent of each class that has ground truth, in order."""
    areas, drawn, hit = (np.zeros(VOID + 1, np.int64) for _ in range(3))
    np.add.at(areas, true, pixels)
    np.add.at(drawn, predicted, pixels)
    np.add.at(hit, true[predicted == true], pixels[predicted == true])
    there = np.flatnonzero(areas[:classes])
    union = areas[there] + drawn[there] - hit[there]
    found: npt.NDArray[np.float64] = 100 * hit[there] / union
    return found


def _mean(ious: npt.NDArray[np.float64]) -> float:
    return float(ious.mean()) if ious.size else 0.0
