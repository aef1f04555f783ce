"""Where predictions differ from each other and from the ground truth, pixel by pixel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from cosegbench.labels import IGNORE, LabelArray
from cosegbench.pictures.colours import IGNORED_COLOUR, Colour, rgb

Codes = npt.NDArray[np.uint8]

RIGHT, WRONG_ALIKE, SOME_RIGHT, NONE_RIGHT, NOT_SCORED = range(5)

COLOURS: dict[int, Colour] = {
    RIGHT: (228, 228, 228),
    SOME_RIGHT: rgb("#FFB000"),
    WRONG_ALIKE: rgb("#DC267F"),
    NONE_RIGHT: (20, 20, 20),
    NOT_SCORED: IGNORED_COLOUR,
}
"""No class has one of these; from right to worst each is darker than the one before, which every eye can tell."""

_ONE = {RIGHT: "right", WRONG_ALIKE: "wrong"}
_MANY = {
    RIGHT: "all right",
    SOME_RIGHT: "differ, some right",
    WRONG_ALIKE: "alike and wrong",
    NONE_RIGHT: "differ, none right",
}


def agreement(target: LabelArray, predictions: Sequence[LabelArray]) -> Codes:
    """What each pixel is.

    Args:
        target: (H, W) uint16, 65535 where a pixel is not scored; there predictions are not compared either.
        predictions: at least one, (H, W) uint16 each; 65535 is void, which is wrong wherever there is a class.

    Returns:
        (H, W) uint8 of :data:`RIGHT`, :data:`WRONG_ALIKE`, :data:`SOME_RIGHT`, :data:`NONE_RIGHT`, :data:`NOT_SCORED`.
    """
    alike, right = np.ones(target.shape, bool), np.zeros(target.shape, bool)
    for labels in predictions:
        alike &= labels == predictions[0]
        right |= labels == target
    codes = np.where(alike, np.where(right, RIGHT, WRONG_ALIKE), np.where(right, SOME_RIGHT, NONE_RIGHT))
    codes[target == IGNORE] = NOT_SCORED
    return codes.astype(np.uint8)


def wording(predictions: int) -> dict[int, str]:
    """What the legend calls the codes but the last, for so many predictions."""
    return dict(_ONE if predictions == 1 else _MANY)


def note(codes: Codes) -> str:
    """How many of the scored pixels are wrong in some prediction, in words."""
    scored = int((codes != NOT_SCORED).sum())
    if not scored:
        return "no pixel is scored"
    differing = scored - int((codes == RIGHT).sum())
    return f"not all right: {100 * differing / scored:.1f} %"
