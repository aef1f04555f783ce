"""Pointwise mutual information of pairs of classes over images: how that of predictions differs from the truth's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from cosegbench.errors import RequestError
from cosegbench.probes.presence import Flags, Presence
from cosegbench.statistics.draws import chunk_size, weights
from cosegbench.statistics.intervals import LEVEL

SHRINK = 0.5
"""Added to observed and expected numbers of images."""

_AT_ONCE = 512
"""Pairs whose images are held at once."""

FIGURES = {
    "correlation": "Pearson's, of the pairs' PMI in predictions with that in the ground truth, -1 to 1",
    "slope": "of the least-squares line of PMI in predictions over PMI in the ground truth; above 1: exaggerated",
    "mean_difference": "mean of predictions minus ground truth, bits",
    "mean_absolute_difference": "mean of its size, bits",
}
"""Summary figure -> what it is; all over the supported pairs, each pair with equal weight."""

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """P pairs of classes, the first index below the second.

    Args:
        first: (P,) class.
        second: (P,) class.
    """

    first: npt.NDArray[np.int64]
    second: npt.NDArray[np.int64]

    def both(self, other: Pairs) -> Pairs:
        """The pairs that both hold."""
        mine, theirs = (set(zip(each.first.tolist(), each.second.tolist(), strict=True)) for each in (self, other))
        shared = np.array(sorted(mine & theirs), np.int64).reshape(-1, 2)
        return Pairs(shared[:, 0], shared[:, 1])


def supported_pairs(found: Presence, support: int) -> Pairs:
    """Pairs of two classes that are each present in at least so many images, in the ground truth and in predictions.

    Raises:
        RequestError: a support below 1.
    """
    if support < 1:
        raise RequestError(f"--support is {support}; it must be 1 image or more.")
    (classes,) = np.nonzero((found.true.sum(axis=0) >= support) & (found.predicted.sum(axis=0) >= support))
    first, second = np.triu_indices(classes.size, 1)
    return Pairs(classes[first].astype(np.int64), classes[second].astype(np.int64))


def pmi(both: FloatArray, first: FloatArray, second: FloatArray, images: FloatArray, shrink: float) -> FloatArray:
    """log2((both + s) / (first * second / images + s)), bits.

    With s = 0 it is the PMI of Church and Hanks, "Word association norms, mutual information, and lexicography",
    Computational Linguistics 16 (1990), and minus infinity for a pair that never occurs together. With s = 1/2 it is
    always finite and near 0 for rare pairs: Noren, Hopstadius and Bate, "Shrinkage observed-to-expected ratios for
    robust and transparent large-scale pattern discovery", Statistical Methods in Medical Research 22 (2013).

    Args:
        both: numbers of images with both classes, of any shape.
        first: with the one.
        second: with the other.
        images: of all.
        shrink: s, 0 or more; with 0, ``first`` and ``second`` must be above 0.
    """
    with np.errstate(divide="ignore"):
        found: FloatArray = np.log2((both + shrink) / (first * second / images + shrink))
    return found


def pair_pmi(flags: Flags, pairs: Pairs, drawn: FloatArray | None = None) -> FloatArray:
    """(P, B) shrunk PMI of each pair in each of B draws of images.

    Args:
        flags: (n, K) presence.
        pairs: P pairs.
        drawn: (n, B) how often a draw takes each image; None: each image once.
    """
    weight = np.ones((len(flags), 1)) if drawn is None else drawn
    present = flags.astype(np.float64)
    alone = present.T @ weight
    starts = range(0, pairs.first.size, _AT_ONCE)
    sides = ((pairs.first[start : start + _AT_ONCE], pairs.second[start : start + _AT_ONCE]) for start in starts)
    parts = [(present[:, first] * present[:, second]).T @ weight for first, second in sides]
    together = np.concatenate([np.empty((0, weight.shape[1])), *parts])
    return pmi(together, alone[pairs.first], alone[pairs.second], weight.sum(axis=0), SHRINK)


def summarise(true: FloatArray, predicted: FloatArray) -> dict[str, FloatArray]:
    """The figures of :data:`FIGURES`, (B,) each, of (P, B) PMI; NaN where they do not exist."""
    nothing: FloatArray = np.full(true.shape[1], np.nan)
    if not len(true):
        return dict.fromkeys(FIGURES, nothing)
    gap = predicted - true
    dx, dy = true - true.mean(axis=0), predicted - predicted.mean(axis=0)
    covariance, spread, other = (dx * dy).sum(axis=0), (dx**2).sum(axis=0), (dy**2).sum(axis=0)
    root = np.sqrt(spread * other)
    return {
        "correlation": np.divide(covariance, root, out=nothing.copy(), where=root > 0),
        "slope": np.divide(covariance, spread, out=nothing.copy(), where=spread > 0),
        "mean_difference": gap.mean(axis=0),
        "mean_absolute_difference": np.abs(gap).mean(axis=0),
    }


def draw_figures(found: Sequence[Presence], pairs: Pairs, resamples: int, seed: int) -> list[dict[str, FloatArray]]:
    """The figures of each presence in each draw of images, (B,); the draws and the pairs are the same for all."""
    images = len(found[0].true)
    step = chunk_size(images, 3 * pairs.first.size)
    parts: list[list[dict[str, FloatArray]]] = [[] for _ in found]
    for drawn in weights(images, resamples, seed, step):
        for each, kept in zip(found, parts, strict=True):
            kept.append(summarise(*(pair_pmi(flags, pairs, drawn) for flags in (each.true, each.predicted))))
    return [{name: np.concatenate([part[name] for part in kept]) for name in FIGURES} for kept in parts]


def figures(found: Presence, pairs: Pairs, resamples: int, seed: int) -> dict[str, Any]:
    """The figures with intervals over images."""
    whole = summarise(*(pair_pmi(flags, pairs) for flags in (found.true, found.predicted)))
    (draws,) = draw_figures([found], pairs, resamples, seed)
    return {name: interval(float(whole[name][0]), draws[name]) for name in FIGURES}


def figure_differences(first: Presence, second: Presence, pairs: Pairs, resamples: int, seed: int) -> dict[str, Any]:
    """The first's figures minus the second's, over the same pairs and in the same draws."""
    wholes = [summarise(*(pair_pmi(flags, pairs) for flags in (each.true, each.predicted))) for each in (first, second)]
    draws = draw_figures([first, second], pairs, resamples, seed)
    return {
        name: interval(float(wholes[0][name][0] - wholes[1][name][0]), draws[0][name] - draws[1][name])
        for name in FIGURES
    }


def interval(estimate: float, values: FloatArray) -> dict[str, float | None]:
    """Estimate, and 1.96 standard deviations of the draws to both sides of it; null where there is none.

    Not the draws' quantiles: a draw holds fewer different images, so its PMI is noisier, its correlation lower and its
    absolute difference higher than the sample's own, and the quantiles often leave the estimate out.
    """
    known = values[~np.isnan(values)]
    if np.isnan(estimate) or known.size < 2:
        return {"estimate": None if np.isnan(estimate) else estimate, "low": None, "high": None}
    reach = NormalDist().inv_cdf((1 + LEVEL) / 2) * float(known.std(ddof=1))
    return {"estimate": estimate, "low": estimate - reach, "high": estimate + reach}
