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
        averaged: how many classes the figure averages.
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
    return _Draws.of([counts], resamples, seed).summary(0, level)


def paired_bootstrap(
    first: Counts, second: Counts, *, resamples: int = RESAMPLES, seed: int = 0, level: float = LEVEL
) -> PairedBootstrap:
    """Draw the same images for both, so that what the images have in common cancels in the difference.

    Raises:
        RequestError: the two have unequal numbers of images; else as :func:`bootstrap`.
    """
    draws = _Draws.of([first, second], resamples, seed)
    return PairedBootstrap(draws.summary(0, level), draws.summary(1, level), draws.difference(level))


@dataclass(frozen=True, slots=True, eq=False)
class _Draws:
    """Figures of each counts' estimate, draws and jackknife: (S,), (S, B) and (S, n); classes absent from each draw."""

    estimates: FloatArray
    values: FloatArray
    jackknife: FloatArray
    averaged: tuple[int, ...]
    dropped: tuple[Dropped, ...]

    @classmethod
    def of(cls, counts: Sequence[Counts], resamples: int, seed: int) -> _Draws:
        images = counts[0].images
        _check(counts, resamples)
        matrices = [each.matrix() for each in counts]
        totals = [np.asarray(matrix.sum(axis=1), np.float64)[:, None] for matrix in matrices]
        full = [Sums.of(total) for total in totals]
        present = [sums.averaged(each.over) for sums, each in zip(full, counts, strict=True)]
        values: list[list[FloatArray]] = [[] for _ in counts]
        lacking: list[list[Any]] = [[] for _ in counts]
        ever = [np.zeros(each.classes, np.bool_) for each in counts]
        for drawn in weights(images, resamples, seed, chunk_size(images, 3 * counts[0].classes)):
            for place, (each, matrix) in enumerate(zip(counts, matrices, strict=True)):
                sums = Sums.of(matrix @ drawn)
                values[place].append(sums.miou(each.over))
                absent = present[place] & ~sums.averaged(each.over)
                lacking[place].append(absent.sum(axis=0))
                ever[place] |= absent.any(axis=1)
        return cls(
            estimates=np.array([sums.miou(each.over)[0] for sums, each in zip(full, counts, strict=True)]),
            values=np.array([np.concatenate(parts) for parts in values]),
            jackknife=np.array([_jackknife(*each) for each in zip(counts, matrices, totals, strict=True)]),
            averaged=tuple(int(each.sum()) for each in present),
            dropped=tuple(_dropped(each, np.concatenate(parts)) for each, parts in zip(ever, lacking, strict=True)),
        )

    def summary(self, place: int, level: float) -> Bootstrap:
        return self._summary(self.estimates[place], self.values[place], self.jackknife[place], place, level)

    def difference(self, level: float) -> Bootstrap:
        estimate, values, jackknife = (each[0] - each[1] for each in (self.estimates, self.values, self.jackknife))
        return self._summary(estimate, values, jackknife, 0, level)

    def _summary(self, estimate: Any, values: FloatArray, jackknife: FloatArray, place: int, level: float) -> Bootstrap:
        check_level(level)
        return Bootstrap(
            estimate=float(estimate),
            values=values,
            percentile=percentile(values, level),
            bca=bca(values, float(estimate), jackknife, level),
            averaged=self.averaged[place],
            dropped=self.dropped[place],
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


def _jackknife(counts: Counts, matrix: Any, total: FloatArray) -> FloatArray:
    """(n,) figures with one image left out, in chunks of images."""
    columns = matrix.tocsc()
    step = chunk_size(0, 3 * counts.classes)
    starts = range(0, counts.images, step)
    parts = [Sums.of(total - columns[:, start : start + step].toarray()).miou(counts.over) for start in starts]
    return np.concatenate(parts)


def _dropped(ever: Any, lacking: Any) -> Dropped:
    return Dropped(int(ever.sum()), float(lacking.mean()), int(lacking.max()))
