"""Random label maps, and scores by slow loops in plain Python: an oracle that shares no code with the package."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

from cosegbench import IGNORE, VOID

Image = tuple[np.ndarray, np.ndarray]


@st.composite
def images(draw, *, void: bool = True, ignore: bool = True, most: int = 4) -> tuple[int, list[Image]]:
    """K and a few (prediction, target) pairs; areas as well as noise; classes may be absent."""
    classes = draw(st.sampled_from([1, 2, 3, 7, 300]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    number = draw(st.integers(1, most))
    return classes, [random_image(rng, classes, void=void, ignore=ignore) for _ in range(number)]


def random_image(rng: np.random.Generator, classes: int, *, void: bool = True, ignore: bool = True) -> Image:
    shape = tuple(int(side) for side in rng.integers(1, 12, 2))
    few = rng.integers(0, classes, 5)
    target = rng.choice(few, shape).astype(np.uint16)
    prediction = np.where(rng.random(shape) < 0.5, target, rng.choice(rng.integers(0, classes, 5), shape)).astype(
        np.uint16
    )
    if rng.random() < 0.5:  # areas instead of noise
        prediction, target = (np.repeat(np.repeat(labels, 3, 0), 4, 1) for labels in (prediction, target))
    if void:
        prediction[rng.random(prediction.shape) < 0.2] = VOID
    if ignore:
        target[rng.random(target.shape) < 0.2] = IGNORE
    return prediction, target


def loop_counts(image: Image) -> dict[tuple[int, int], int]:
    """(prediction, target) -> pixels, ignored pixels left out."""
    counts: dict[tuple[int, int], int] = {}
    for predicted_row, true_row in zip(image[0].tolist(), image[1].tolist(), strict=True):
        for pair in zip(predicted_row, true_row, strict=True):
            if pair[1] != IGNORE:
                counts[pair] = counts.get(pair, 0) + 1
    return counts


def loop_ious(
    counts: dict[tuple[int, int], int], classes: int, *, void_vanishes: bool = False
) -> dict[int, tuple[Fraction | None, bool]]:
    """Class -> (IoU, or None where it is 0/0; whether it has ground truth)."""
    out = {}
    for label in range(classes):
        hit = true = predicted = 0
        for (p, t), n in counts.items():
            if p == VOID and void_vanishes:
                continue
            hit += n if p == t == label else 0
            true += n if t == label else 0
            predicted += n if p == label else 0
        union = true + predicted - hit
        out[label] = (Fraction(hit, union) if union else None, true > 0)
    return out


def add_up(parts: list[dict[tuple[int, int], int]]) -> dict[tuple[int, int], int]:
    total: dict[tuple[int, int], int] = {}
    for part in parts:
        for pair, pixels in part.items():
            total[pair] = total.get(pair, 0) + pixels
    return total
