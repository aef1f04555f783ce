"""Label maps of a few images and the same figures by plain loops over their pixels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cosegbench.evidence import Evidence
from cosegbench.labels import IGNORE, VOID, LabelArray

CLASSES = 6


@dataclass(frozen=True)
class Picture:
    """One image: id, prediction, truth, and proposed labels, best first."""

    id: str
    prediction: LabelArray
    target: LabelArray
    proposals: tuple[int, ...] = ()

    def pixels(self) -> list[tuple[int, int]]:
        """(predicted, true) of each scored pixel."""
        pairs = zip(self.prediction.ravel().tolist(), self.target.ravel().tolist(), strict=True)
        return [(predicted, true) for predicted, true in pairs if true != IGNORE]


def pictures(seed: int = 0, images: int = 9, classes: int = CLASSES) -> list[Picture]:
    """Noisy images with void, ignored pixels, an image that is all ignored and one that is all void."""
    draw = np.random.default_rng(seed)
    found = []
    for number in range(images):
        shown = draw.choice(classes - 1, size=3, replace=False)  # the last class is never true
        target = draw.choice(shown, size=(7, 5)).astype(np.uint16)
        noise = draw.integers(0, classes, size=(7, 5))
        prediction = np.where(draw.random((7, 5)) < 0.6, target, noise).astype(np.uint16)
        prediction[draw.random((7, 5)) < 0.2] = VOID
        target[draw.random((7, 5)) < 0.1] = IGNORE
        if number == 3:
            target[:] = IGNORE
        if number == 5:
            prediction[:] = VOID
        proposals = tuple(draw.permutation(classes)[: int(draw.integers(0, classes))].tolist())
        found.append(Picture(f"{number:02d}", prediction, target, proposals))
    return found


def evidence_of(images: Sequence[Picture], classes: int = CLASSES, *, ranked: bool = True) -> Evidence:
    """Counts of these images."""
    evidence = Evidence(classes)
    for image in images:
        evidence.add(image.id, image.prediction, image.target)
        if ranked:
            scores = [1 - place / 100 for place in range(len(image.proposals))]
            evidence.add_ranked(image.id, image.proposals, scores)
    return evidence


def areas(images: Sequence[Picture]) -> tuple[dict[int, int], dict[int, int], dict[int, int], dict[int, int]]:
    """Hit, true, predicted and void pixels of each class, one pixel after the other."""
    hit, true, predicted, void = (defaultdict(int) for _ in range(4))
    for image in images:
        for said, is_ in image.pixels():
            true[is_] += 1
            if said == VOID:
                void[is_] += 1
            else:
                predicted[said] += 1
                hit[is_] += said == is_
    return hit, true, predicted, void


def mean(values: Sequence[float]) -> float:
    return 100 * sum(values) / len(values)
