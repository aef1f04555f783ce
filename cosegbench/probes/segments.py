"""Which segments of the ground truth are looked at, and whose surroundings they are put into. Pure, and seeded."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cosegbench.errors import RequestError

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SegmentRule:
    """Which segments count. A segment is the region of one class in one image, in one piece or several.

    Args:
        min_area: least share of the image, 0 to 0.5, that the segment covers, and that what surrounds it covers.
        per_image: at most so many segments of an image, drawn at random; None: all.
        seed: of this draw and of the choice of other images.

    Raises:
        RequestError: a share or a number out of range.
    """

    min_area: float = 0.01
    per_image: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.min_area < 0.5:
            raise RequestError(f"--min-area is {self.min_area}; it must lie between 0 and 0.5, for instance 0.01.")
        if self.per_image is not None and self.per_image < 1:
            raise RequestError(f"--segments is {self.per_image}; it must be 1 or more.")


@dataclass(frozen=True, slots=True)
class Segment:
    """One class in one image, and the images that lend it other surroundings.

    Args:
        image_id: the image.
        label: index of the class.
        area: its pixels.
        swapped: an image without the class, any one.
        alike: an image without the class whose other classes are most like those here.
        overlap: Jaccard index, 0 to 1, of the classes around the segment with those of ``swapped`` and of ``alike``.
    """

    image_id: str
    label: int
    area: int
    swapped: str
    alike: str
    overlap: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The segments, sorted by image, then class, and how many were left out for which reason."""

    segments: tuple[Segment, ...]
    too_small: int
    too_large: int
    not_drawn: int
    no_other_image: int


def choose_segments(
    image_ids: Sequence[str], areas: Integers, totals: Integers, rule: SegmentRule, background: int | None = None
) -> Chosen:
    """Choose segments and the images that lend surroundings.

    Every draw has a random stream of its own, from the seed, the image id and the class: it does not depend on which
    other segments there are. It does depend on the list of images.

    Args:
        image_ids: n ids, sorted.
        areas: (n, K) pixels of each class in each image.
        totals: (n,) pixels of each image, ignored ones included.
        rule: which segments count.
        background: class that is no segment, or None.
    """
    present = areas > 0
    segments: list[Segment] = []
    left = {"too_small": 0, "too_large": 0, "not_drawn": 0, "no_other_image": 0}
    for place, image_id in enumerate(image_ids):
        classes = [int(label) for label in np.flatnonzero(present[place]) if label != background]
        shares = {label: int(areas[place, label]) / int(totals[place]) for label in classes}
        large = [label for label in classes if shares[label] >= rule.min_area]
        fit = [label for label in large if shares[label] <= 1 - rule.min_area]
        drawn = _draw(fit, rule, image_id)
        left["too_small"] += len(classes) - len(large)
        left["too_large"] += len(large) - len(fit)
        left["not_drawn"] += len(fit) - len(drawn)
        for label in drawn:
            lent = _lenders(present, place, label, generator(rule.seed, image_id, str(label)))
            if lent is None:
                left["no_other_image"] += 1
                continue
            swapped, alike, overlap = lent
            area = int(areas[place, label])
            segments.append(Segment(image_id, label, area, image_ids[swapped], image_ids[alike], overlap))
    return Chosen(tuple(segments), **left)


def generator(seed: int, *words: str) -> np.random.Generator:
    """A random stream that belongs to a seed and some words."""
    digest = hashlib.sha256("\n".join([str(seed), *words]).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "big"))


def _draw(labels: list[int], rule: SegmentRule, image_id: str) -> list[int]:
    if rule.per_image is None or len(labels) <= rule.per_image:
        return labels
    drawn = generator(rule.seed, image_id).choice(len(labels), rule.per_image, replace=False)
    return sorted(labels[place] for place in drawn.tolist())


def _lenders(
    present: npt.NDArray[np.bool_], place: int, label: int, random: np.random.Generator
) -> tuple[int, int, tuple[float, float]] | None:
    """Places of an image without the class and of the one most alike; None where every image shows the class."""
    (others,) = np.nonzero(~present[:, label])
    if not others.size:
        return None
    around = present[place].copy()
    around[label] = False
    overlap = jaccard(present[others], around)
    (best,) = np.nonzero(overlap == overlap.max())
    any_one, one_alike = int(random.integers(others.size)), int(random.choice(best))
    return int(others[any_one]), int(others[one_alike]), (float(overlap[any_one]), float(overlap[one_alike]))


def jaccard(sets: npt.NDArray[np.bool_], one: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Members in both divided by members in either, (n,) for (n, K) sets against one (K,); 0 where both are empty."""
    both = (sets & one).sum(axis=1)
    either = (sets | one).sum(axis=1)
    found: npt.NDArray[np.float64] = np.zeros(len(sets))
    np.divide(both, either, out=found, where=either > 0)
    return found
