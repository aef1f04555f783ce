"""The rule by which masks become labels, as data, and the names that it gives them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from cosegbench.assignment.arrays import to_numpy
from cosegbench.errors import ProtocolError
from cosegbench.prediction import MaskSet

PAPER_THRESHOLD = 0.3
"""The one mask threshold that the CoSeg paper states."""


@dataclass(frozen=True, slots=True)
class AssignmentRule:
    """How masks become labels. Score maps become labels by arg max over the classes, without a threshold.

    A pixel goes to its most probable mask (of equal ones the first), where that mask's probability exceeds the
    threshold; each mask bears the name of the most similar class (of equal ones the lower index).

    Args:
        threshold: probability that a mask must exceed, strictly, in its own floating point type; None: no threshold.
        nothing: ``"draws-nothing"``: a mask more similar to "nothing" than to any class is dropped; ``"unused"``: that
            similarity is not looked at.

    Raises:
        ProtocolError: a threshold outside [0, 1).
    """

    threshold: float | None = PAPER_THRESHOLD
    nothing: Literal["draws-nothing", "unused"] = "draws-nothing"

    def __post_init__(self) -> None:
        if self.threshold is not None and not 0 <= self.threshold < 1:
            raise ProtocolError(f"a mask threshold must be in [0, 1); got {self.threshold}.")


def mask_names(masks: MaskSet, rule: AssignmentRule) -> npt.NDArray[np.int64]:
    """The class that each mask bears, (N,); -1 where it draws nothing."""
    similarity = to_numpy(masks.similarity)
    names: npt.NDArray[np.int64] = similarity.argmax(axis=1)
    if masks.nothing is not None and rule.nothing == "draws-nothing":
        names[to_numpy(masks.nothing) > similarity.max(axis=1)] = -1
    return names
