"""The bootstrap over images, of one figure and of the difference of two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cosegbench.errors import RequestError
from cosegbench.kernels.base import FloatArray
from cosegbench.statistics.counts import Counts
from cosegbench.statistics.draws import chunk_size, weights
from cosegbench.statistics.figures import Sums
from cosegbench.statistics.intervals import LEVEL, Interval, bca, check_level, percentile

RESAMPLES = 1000
"""Draws, unless another number is asked for."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """Averaged classes that draws lack, because no drawn image shows them: the mean of such a draw runs over fewer.

    Args:
        classes: how many of the averaged classes are absent from at least one draw.
        mean: absent classes a draw, on average.
        most: absent classes of the draw that lacks most.
    """

    classes: int
    mean: float
    most: int


@dataclass(frozen=True, slots=True, eq=False)
class Bootstrap:
    """What the draws say about one figure.

    Args:
        estimate: the figure over all images, percent; NaN where nothing is averaged.
        values: (B,) the figure of each draw, percent; NaN where a draw averages nothing.
        percentile: percentile interval; None where there is none.
        bca: BCa interval; None where there is none.
        averaged: how many classes the figure averages; 1 for a rule that averages by image.
        dropped: which of them draws lack.
        undefined: draws that average nothing; they are left out of the intervals.
    """

    estimate: float
    values: FloatArray
    percentile: Interval | None
    bca: Interval | None
    averaged: int
    dropped: Dropped
    undefined: int


@dataclass(frozen=True, slots=True, eq=False)
class PairedBootstrap:
    """What the same draws say about two figures and their difference.

    Args:
        first: about the first.
        second: about the second.
        difference: about first minus second, percentage points; ``averaged`` and ``dropped`` as of the first.
    """

    first: Bootstrap
    second: Bootstrap
    difference: Bootstrap


def bootstrap(counts: Counts, *, resamples: int = RESAMPLES, seed: int = 0, level: float = LEVEL) -> Bootstrap:
    """Draw images with replacement and average anew, classes included.

    Args:
        counts: of n images.
        resamples: draws B.
        seed: equal seeds give equal draws, whatever the counts.
        level: in (0, 1).

    Raises:
        RequestError: fewer than one draw, no image, or a level that is no share.
    """
    (values,), (sample,) = _draw([counts], resamples, seed, level)
    return _summary(sample, float(sample.estimate), values, sample.jackknife(), level)


def paired_bootstrap(
    first: Counts, second: Counts, *, resamples: int = RESAMPLES, seed: int = 0, level: float = LEVEL
) -> PairedBootstrap:
    """Draw the same images for both, so that what the images have in common cancels in the difference.

    Raises:
        RequestError: the two have unequal numbers of images; else as :func:`bootstrap`.
    """
    values, samples = _draw([first, second], resamples, seed, level)
    estimates = [float(sample.estimate) for sample in samples]
    jackknives = [sample.jackknife() for sample in samples]
    one, other = (_summary(*each, level) for each in zip(samples, estimates, values, jackknives, strict=True))
    gaps = estimates[0] - estimates[1], values[0] - values[1], jackknives[0] - jackknives[1]
    return PairedBootstrap(one, other, _summary(samples[0], *gaps, level))


class _Sample:
    """One figure's counts as a matrix, and the classes that its draws lack."""

    def __init__(self, counts: Counts) -> None:
        self.counts = counts
        self.matrix = counts.matrix()
        self.total = np.asarray(self.matrix.sum(axis=1), np.float64)[:, None]
        self.present = Sums.of(self.total).averaged(counts.over)
        self.ever_absent = np.zeros((counts.classes, 1), np.bool_)
        self.absent: list[int] = []

    @property
    def estimate(self) -> Any:
        """The figure over all images."""
        return Sums.of(self.total).miou(self.counts.over)[0]

    def draw(self, drawn: FloatArray) -> FloatArray:
        """(b,) figures of (n, b) weights; keeps which classes they lack."""
        sums = Sums.of(self.matrix @ drawn)
        absent = self.present & ~sums.averaged(self.counts.over)
        self.ever_absent |= absent.any(axis=1, keepdims=True)
        self.absent += absent.sum(axis=0).tolist()
        return sums.miou(self.counts.over)

    def jackknife(self) -> FloatArray:
        """(n,) figures with one image left out, in chunks of images."""
        columns, step = self.matrix.tocsc(), chunk_size(0, 3 * self.counts.classes)
        parts = (columns[:, start : start + step].toarray() for start in range(0, self.counts.images, step))
        return np.concatenate([Sums.of(self.total - part).miou(self.counts.over) for part in parts])

    @property
    def dropped(self) -> Dropped:
        """What the draws so far lack."""
        return Dropped(int(self.ever_absent.sum()), sum(self.absent) / len(self.absent), max(self.absent))


def _draw(counts: Sequence[Counts], resamples: int, seed: int, level: float) -> tuple[list[FloatArray], list[_Sample]]:
    """(B,) figures of the same draws for each."""
    _check(counts, resamples)
    check_level(level)
    samples = [_Sample(each) for each in counts]
    images = counts[0].images
    chunk = chunk_size(images, 3 * counts[0].classes)
    parts = [[sample.draw(drawn) for sample in samples] for drawn in weights(images, resamples, seed, chunk)]
    return [np.concatenate(each) for each in zip(*parts, strict=True)], samples


def _summary(sample: _Sample, estimate: float, values: FloatArray, jackknife: FloatArray, level: float) -> Bootstrap:
    return Bootstrap(
        estimate=estimate,
        values=values,
        percentile=percentile(values, level),
        bca=bca(values, estimate, jackknife, level),
        averaged=int(sample.present.sum()),
        dropped=sample.dropped,
        undefined=int(np.isnan(values).sum()),
    )


def _check(counts: Sequence[Counts], resamples: int) -> None:
    sizes = {each.images for each in counts}
    if len(sizes) > 1:
        raise RequestError(f"the two have {counts[0].images} and {counts[1].images} images; pairs need the same ones.")
    if 0 in sizes:
        raise RequestError("there is no image to draw.")
    if resamples < 1:
        raise RequestError(f"the number of resamples is {resamples}; it must be 1 or more.")
