"""Random evidence of a few images, and figures of chosen images by the kernels themselves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

from cosegbench import IGNORE, VOID, Evidence, score
from cosegbench.kernels import KERNELS

RULES = [name for name, kernel in KERNELS.items() if not kernel.parameters]
"""Every rule that needs nothing but evidence."""

DATA_SET = [name for name in RULES if KERNELS[name].accumulate == "data-set"]
BY_IMAGE = [name for name in RULES if name not in DATA_SET]


def make_evidence(
    images: int, classes: int, *, seed: int = 0, skill: float = 0.5, shift: int = 0, void: bool = False
) -> Evidence:
    """Small random label maps and masks. Equal seeds have equal ground truth, whatever the other arguments.

    Args:
        images: how many.
        classes: K; later ones are rarer.
        seed: of the ground truth.
        skill: share of pixels that are right.
        shift: another prediction.
        void: also void and ignored pixels, which some rules refuse.
    """
    evidence = Evidence(classes)
    share = 1 / np.arange(1, classes + 1)
    for place in range(images):
        truth, guess = np.random.default_rng([seed, place]), np.random.default_rng([seed, place, shift + 1])
        shown = truth.choice(classes, min(3, classes), replace=False, p=share / share.sum())
        target = truth.choice(shown, (6, 7)).astype(np.uint16)
        wrong = guess.integers(0, classes, target.shape).astype(np.uint16)
        prediction = np.where(guess.random(target.shape) < skill, target, wrong)
        if void:
            prediction[guess.random(target.shape) < 0.1] = VOID
            target[truth.random(target.shape) < 0.1] = IGNORE
        add(evidence, f"image {place:03}", prediction, target)
    return evidence


def add(evidence: Evidence, image_id: str, prediction: np.ndarray, target: np.ndarray) -> None:
    """Fill every channel that a rule here reads; the oracle's masks are the label map's own."""
    evidence.add(image_id, prediction, target)
    evidence.add_boundary(image_id, prediction, target)
    shown = [int(label) for label in np.unique(target) if label != IGNORE]
    masks = [(prediction == label, target == label) for label in shown]
    counts = [[int((one & other).sum()), int(one.sum()), int(other.sum())] for one, other in masks]
    for channel in ("binary", "binary-exclusive"):
        evidence.add_binary(image_id, shown, *(np.array(counts, int).reshape(-1, 3).T), channel=channel)


def drawn(evidence: Evidence, images: Sequence[int]) -> Evidence:
    """Evidence of these images, each as often as it is named, under names of their own."""
    again = Evidence(evidence.num_classes)
    for place, image in enumerate(images):
        again.add_image_bytes(f"{place:04}", evidence.image_bytes(evidence.image_ids[image]))
    return again


def figure(evidence: Evidence, rule: str, images: Sequence[int] | None = None) -> float:
    """The rule's own mIoU, by its kernel, over the images named."""
    return score(evidence if images is None else drawn(evidence, images), rule).miou


@st.composite
def worlds(draw, *, most: int = 6) -> dict:
    """Arguments of :func:`make_evidence` for a few images."""
    return {
        "images": draw(st.integers(1, most)),
        "classes": draw(st.sampled_from([1, 2, 5, 40])),
        "seed": draw(st.integers(0, 2**31)),
        "skill": draw(st.sampled_from([0.2, 0.8])),
    }
