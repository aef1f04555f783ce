"""Bootstrap intervals from the figures of the draws: percentile, and bias-corrected and accelerated (BCa)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cosegbench.errors import RequestError
from cosegbench.kernels.base import FloatArray

LEVEL = 0.95
"""Coverage that an interval aims at, unless another is asked for."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Both ends, in percent (or percentage points)."""

    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Whether ``value`` lies in it, ends included."""
        return self.low <= value <= self.high


def check_level(level: float) -> None:
    """Refuse a level that is no share.

    Raises:
        RequestError: not between 0 and 1.
    """
    if not 0 < level < 1:
        raise RequestError(f"the level of an interval is {level}; it must lie between 0 and 1, for instance 0.95.")


def percentile(values: FloatArray, level: float = LEVEL) -> Interval | None:
    """The quantiles (1 - level) / 2 and (1 + level) / 2 of the draws, linearly interpolated.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.

    Args:
        values: (B,) figures of the draws; NaN ones are left out.
        level: in (0, 1).

    Returns:
        The interval; None where no draw has a figure.
    """
    known = values[~np.isnan(values)]
    return _quantiles(known, (1 - level) / 2, (1 + level) / 2) if known.size else None


def bca(values: FloatArray, estimate: float, jackknife: FloatArray, level: float = LEVEL) -> Interval | None:
    """The percentile interval with its two quantiles moved for bias and for a spread that changes with the figure.

    z0 = Phi^-1(share of draws below the estimate, ties by half); a = sum(d^3) / (6 sum(d^2)^1.5) with d the mean of the
    jackknife figures minus each; the quantile for z becomes Phi(z0 + (z0 + z) / (1 - a (z0 + z))).
    Source: Efron, "Better Bootstrap Confidence Intervals", JASA 82 (1987), formulas 2.2 to 2.5 and 6.6 (jackknife).

    Args:
        values: (B,) figures of the draws; NaN ones are left out.
        estimate: the figure itself.
        jackknife: (n,) figures with one image left out.
        level: in (0, 1).

    Returns:
        The interval; None where it does not exist: every draw on one side of the estimate, no draw with a figure, or an
        image without which there is no figure.
    """
    from scipy.special import ndtr, ndtri

    known = values[~np.isnan(values)]
    if not known.size or np.isnan(jackknife).any() or np.isnan(estimate):
        return None
    share = (np.count_nonzero(known < estimate) + np.count_nonzero(known <= estimate)) / (2 * known.size)
    if not 0 < share < 1:
        return None
    gaps = jackknife.mean() - jackknife
    spread = float((gaps**2).sum()) ** 1.5
    acceleration = float((gaps**3).sum()) / (6 * spread) if spread > 0 else 0.0
    bias = float(ndtri(share))
    moved = [bias + float(ndtri((1 + sign * level) / 2)) for sign in (-1, 1)]
    low, high = (float(ndtr(bias + each / (1 - acceleration * each))) for each in moved)
    return _quantiles(known, low, high)


def _quantiles(values: FloatArray, low: float, high: float) -> Interval:
    ends = np.quantile(values, [low, high])
    return Interval(float(ends[0]), float(ends[1]))
