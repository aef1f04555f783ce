"""Checking what ``rank_labels`` returned."""

from __future__ import annotations

import itertools
import math
from typing import Any

from cosegbench.errors import PredictorError
from cosegbench.prediction import RankedLabels


def check_ranked(ranked: Any, num_classes: int, image_id: str) -> RankedLabels:
    """Return ``ranked`` if it is well formed.

    Raises:
        PredictorError: another type, a repeated or impossible index, unequal lengths, or scores that rise.
    """
    where = f"image {image_id!r}: rank_labels returned"
    if not isinstance(ranked, RankedLabels):
        raise PredictorError(f"{where} a {type(ranked).__name__}; expected one RankedLabels for each image.")
    if len(ranked.labels) != len(ranked.scores):
        raise PredictorError(f"{where} {len(ranked.labels)} labels and {len(ranked.scores)} scores; expected as many.")
    outside = [label for label in ranked.labels if not 0 <= label < num_classes]
    if outside or len(set(ranked.labels)) != len(ranked.labels):
        raise PredictorError(f"{where} {ranked.labels}; expected indices 0..{num_classes - 1} without repeats.")
    rising = any(later > earlier for earlier, later in itertools.pairwise(ranked.scores))
    if rising or not all(math.isfinite(score) for score in ranked.scores):
        raise PredictorError(f"{where} scores that are not finite or that rise; expected them descending.")
    return ranked
