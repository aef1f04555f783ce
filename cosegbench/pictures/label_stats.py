"""What the labels of a split hold: classes an image, areas, and which classes occur together. No image is kept."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from cosegbench.adapters import LabelCounts
from cosegbench.dataset import Dataset, in_threads
from cosegbench.errors import CosegbenchError, DataError
from cosegbench.presence import miscounted

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Together:
    """Two classes that occur together.

    Args:
        first: index of the one, below ``second``.
        second: index of the other.
        images: in how many images both occur.
        pmi: pointwise mutual information in bits: 0 where they occur together as often as chance has it.
    """

    first: int
    second: int
    images: int
    pmi: float


@dataclass(frozen=True, slots=True, eq=False)
class LabelStats:
    """Counts over a split, and the figures that follow from them.

    Args:
        names: the K names.
        per_image: (n,) int64, distinct classes of each image, in the order of the ids.
        pixels: (K,) int64, pixels of each class.
        images: (K,) int64, images that show each class.
        ignored: pixels that are not scored.
        together: (first, second), first below second -> images that show both; pairs that occur only.
    """

    names: tuple[str, ...]
    per_image: Integers
    pixels: Integers
    images: Integers
    ignored: int
    together: Counter[tuple[int, int]]

    @property
    def mean(self) -> float:
        """Mean number of classes an image."""
        return float(np.mean(self.per_image))

    @property
    def deviation(self) -> float:
        """Their population standard deviation."""
        return float(np.std(self.per_image))

    @property
    def bound(self) -> float:
        """Mean plus two standard deviations: the rule by which the CoSeg paper chose k (its figure 6)."""
        return float(np.mean(self.per_image) + 2 * np.std(self.per_image))

    @property
    def k(self) -> int:
        """The bound rounded up, at least 1: what ``--set k=auto`` of coseg-no-training computes."""
        return max(1, math.ceil(self.bound))

    @property
    def histogram(self) -> dict[int, int]:
        """Number of classes -> images with so many, from 0 to the most, empty ones included."""
        return dict(enumerate(np.bincount(self.per_image).tolist()))

    @property
    def shares(self) -> npt.NDArray[np.float64]:
        """(K,) share of each class in the scored pixels, 0 to 1; all 0 where there are none."""
        shares: npt.NDArray[np.float64] = self.pixels / max(1, int(self.pixels.sum()))
        return shares

    @property
    def ignored_share(self) -> float:
        """Ignored pixels among all pixels, 0 to 1."""
        return self.ignored / max(1, self.ignored + int(self.pixels.sum()))

    @property
    def least(self) -> int:
        """Images that a pair must share to be called strong: 1 percent, at least 2. PMI of rarer pairs is chance."""
        return max(2, math.ceil(self.per_image.size / 100))

    def pairs(self) -> list[Together]:
        """Every pair that occurs, strongest PMI first; equal ones by images, most first, then by index.

        PMI is log2(n * both / (first * second)), n images, each term a number of images (Church and Hanks, 1990).
        """
        found = [
            Together(a, b, both, self.pmi(both, int(self.images[a]), int(self.images[b])))
            for (a, b), both in self.together.items()
        ]
        return sorted(found, key=lambda each: (-each.pmi, -each.images, each.first, each.second))

    def strongest(self, number: int) -> list[Together]:
        """The first so many of :meth:`pairs` that are in at least :attr:`least` images."""
        return [each for each in self.pairs() if each.images >= self.least][:number]

    def pmi(self, both: int, first: int, second: int) -> float:
        """Pointwise mutual information in bits of two classes with these numbers of images, each at least 1."""
        return math.log2(self.per_image.size * both / (first * second))


def label_stats(dataset: Dataset, *, progress: Callable[[int], object] | None = None) -> LabelStats:
    """Count the labels of a split, each read once, on a few threads.

    Args:
        dataset: whose labels; photographs are not looked at.
        progress: called with 1 after each image.

    Raises:
        DataError: the split is empty or not whole, or labels cannot be read; all problems are listed.
    """
    if not dataset.image_ids:
        raise DataError(f"{dataset.id}, split {dataset.split}: no images, so nothing to count.")
    if problems := list(miscounted(dataset)):
        raise DataError(f"{dataset.id}: the labels are not those of the whole split; nothing was counted.", problems)
    size = len(dataset.vocabulary)
    per_image: list[int] = []
    pixels, images, ignored = np.zeros(size, np.int64), np.zeros(size, np.int64), 0
    together: Counter[tuple[int, int]] = Counter()
    dataset.labels.has("")  # reads the index of a region file once, before the threads need it
    for found in in_threads(lambda image_id: _count(dataset, image_id), dataset.image_ids):
        if isinstance(found, LabelCounts):
            present = np.flatnonzero(found.classes)
            per_image.append(int(present.size))
            pixels += found.classes
            images[present] += 1
            ignored += found.ignored
            together.update(combinations(present.tolist(), 2))
        else:
            problems.append(str(found))
        if progress is not None:
            progress(1)
    if problems:
        raise DataError(f"{len(problems)} of {len(dataset)} labels cannot be counted.", problems)
    return LabelStats(dataset.vocabulary.names, np.array(per_image, np.int64), pixels, images, ignored, together)


def _count(dataset: Dataset, image_id: str) -> LabelCounts | CosegbenchError:
    try:
        return dataset.labels.count(image_id)
    except CosegbenchError as error:
        return error
