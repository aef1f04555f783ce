"""Populations with a known mIoU, and how often intervals of data sets drawn from them hold it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cosegbench.statistics import Summands, paired_bootstrap, permutation_test
from cosegbench.statistics.counts import Counts
from cosegbench.statistics.figures import Sums

POPULATION = 20_000
"""Images of a population; data sets are drawn from it with replacement, so that its mIoU is the truth."""


PIXELS = 375 * 500
"""Of an image; the mean area is a quarter of it where areas have no long tail."""


@dataclass(frozen=True)
class Regime:
    """What data sets look like.

    Args:
        name: in words.
        images: of a data set.
        shares: (K,) probability that an image shows a class.
        long_tail: areas whose standard deviation is 1.8 times their mean, instead of as large as their mean.
    """

    name: str
    images: int
    shares: tuple[float, ...]
    long_tail: bool = False


def evenly(low: float, high: float, number: int) -> tuple[float, ...]:
    return tuple(np.geomspace(low, high, number).tolist())


COMMON = Regime("common classes: 20, each in 10 to 50% of 500 images", 500, evenly(0.1, 0.5, 20))
RARE = Regime(
    "rare classes: the same 20, and 40 more that 1 to 5 of the 500 images are expected to show",
    500,
    (*evenly(0.1, 0.5, 20), *evenly(0.002, 0.01, 40)),
)
SMALL = Regime("few images: 20, with 10 classes, each in 20 to 50%", 20, evenly(0.2, 0.5, 10))
TAILED = Regime("common classes, a few huge areas: as the first, areas log-normal", 500, evenly(0.1, 0.5, 20), True)
REGIMES = (COMMON, RARE, SMALL, TAILED)


@dataclass(frozen=True)
class Population:
    """Two predictors on the same images."""

    first: Counts
    second: Counts

    def truths(self) -> tuple[float, float]:
        """The mIoU of both over the whole population, percent."""
        sums = [Sums.of(each.matrix().sum(axis=1)[:, None]).miou(each.over)[0] for each in (self.first, self.second)]
        return float(sums[0]), float(sums[1])


def make_population(shares: Sequence[float], *, seed: int, gap: float = 0.1, long_tail: bool = False) -> Population:
    """An image's difficulty is shared by its classes and by both predictors.

    Args:
        shares: (K,) probability that an image shows a class.
        seed: of everything.
        long_tail: as in :class:`Regime`.
        gap: how much likelier a pixel is right by the first than by the second; 0 makes the two exchangeable.
    """
    rng = np.random.default_rng(seed)
    size = (POPULATION, len(shares))
    areas = rng.lognormal(8, 1.2, size) if long_tail else PIXELS * rng.beta(0.5, 1.5, size)
    true = np.where(rng.random(size) < shares, np.ceil(areas), 0)
    difficulty = rng.normal(0, 0.8, (POPULATION, 1)) + rng.normal(0, 0.7, len(shares))
    return Population(*(_predict(rng, true, difficulty - sign * 4 * gap / 2) for sign in (1, -1)))


def _predict(rng: np.random.Generator, true: np.ndarray, difficulty: np.ndarray) -> Counts:
    """Hits by a noisy share of each area; false positives wherever chance puts them, more of commoner classes."""
    shape = true.shape
    share = 1 / (1 + np.exp(difficulty - 0.8 + rng.normal(0, 1.0, shape)))
    often = 0.3 * (true > 0).mean(axis=0)
    wrong = np.where(rng.random(shape) < often, np.ceil(true[true > 0].mean() / 4 * rng.exponential(1, shape)), 0)
    image, label = np.nonzero(true + wrong)
    hit, union, areas = (each[image, label] for each in (np.floor(share * true), true + wrong, true))
    return Counts(*shape, image, label, hit, union, areas, "true")


@dataclass(frozen=True)
class Coverage:
    """How many of the data sets' intervals hold the truth, and what draws lack."""

    datasets: int
    percentile: int
    bca: int
    difference_percentile: int
    difference_bca: int
    dropped: float


def coverage(regime: Regime, *, datasets: int, resamples: int, seed: int, level: float = 0.95) -> Coverage:
    """Draw data sets from a population of the regime and see which intervals hold the population's mIoU."""
    population = make_population(regime.shares, seed=seed, long_tail=regime.long_tail)
    first, second = population.truths()
    rng = np.random.default_rng(seed + 1)
    held, dropped = np.zeros(4, int), 0.0
    for place in range(datasets):
        images = rng.integers(0, POPULATION, regime.images)
        sample = [each.take(images) for each in (population.first, population.second)]
        found = paired_bootstrap(*sample, resamples=resamples, seed=place, level=level)
        intervals = [found.first.percentile, found.first.bca, found.difference.percentile, found.difference.bca]
        truths = [first, first, first - second, first - second]
        held += [
            interval is not None and interval.holds(truth) for interval, truth in zip(intervals, truths, strict=True)
        ]
        dropped += found.first.dropped.mean / datasets
    return Coverage(datasets, *held.tolist(), dropped=dropped)


def rejections(*, images: int, datasets: int, permutations: int, seed: int, gap: float = 0.0) -> int:
    """How many data sets of two predictors the permutation test tells apart at 5%; without a gap, all are false."""
    population = make_population(evenly(0.1, 0.5, 10), seed=seed, gap=gap)
    rng = np.random.default_rng(seed + 1)
    rejected = 0
    for place in range(datasets):
        chosen = rng.integers(0, POPULATION, images)
        ids = tuple(str(image) for image in range(images))
        pair = [
            Summands("gt-void-fn", ids, counts, counts)
            for counts in (each.take(chosen) for each in (population.first, population.second))
        ]
        rejected += permutation_test(*pair, permutations=permutations, seed=place).p <= 0.05
    return rejected
