"""How much context helps: recall under each condition, and differences of conditions, with intervals over images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cosegbench.errors import RequestError
from cosegbench.probes.recall import CONDITIONS, MEASURES, Answer
from cosegbench.statistics import Bootstrap, Counts, bootstrap

CONTRASTS = {
    "original - grey": ("original", "grey"),
    "original - swapped": ("original", "swapped"),
    "alike - swapped": ("alike", "swapped"),
}
"""The context gains. The last compares two pictures that are both pasted, so that only what surrounds differs."""

AVERAGES = ("by_segment", "by_class")
"""Mean over segments; mean over classes of the mean over the class's segments."""

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """The segments of one predictor and what each condition gave.

    Args:
        image: (S,) place of the segment's image among those with a segment, ascending.
        label: (S,) class.
        area: (S,) pixels.
        answers: condition -> (S,) integers.
        classes: K.
    """

    image: npt.NDArray[np.int64]
    label: npt.NDArray[np.int64]
    area: npt.NDArray[np.int64]
    answers: Mapping[str, Answer]
    classes: int

    def values(self, measure: str, condition: str) -> FloatArray:
        """(S,) 0 to 1."""
        return self.answers[condition].values(measure, self.area)

    def gain(self, measure: str, contrast: str) -> FloatArray:
        """(S,) -1 to 1: one condition minus the other, segment by segment."""
        first, second = CONTRASTS[contrast]
        return self.values(measure, first) - self.values(measure, second)


def recall_figures(measured: Measured, seed: int) -> dict[str, Any]:
    """Measure -> condition -> average -> percent, with interval."""
    return {
        measure: {name: averages(measured, measured.values(measure, name), seed) for name in CONDITIONS}
        for measure in MEASURES
    }


def gain_figures(measured: Measured, seed: int) -> dict[str, Any]:
    """Measure -> contrast -> average -> percentage points, with interval."""
    return {
        measure: {name: averages(measured, measured.gain(measure, name), seed) for name in CONTRASTS}
        for measure in MEASURES
    }


def gain_differences(first: Measured, second: Measured, seed: int) -> dict[str, Any]:
    """As :func:`gain_figures`, the first predictor's gain minus the second's, segment by segment.

    Raises:
        RequestError: they were asked about different segments.
    """
    names = ("image", "label", "area")
    if not all(np.array_equal(getattr(first, name), getattr(second, name)) for name in names):
        raise RequestError("gains can be compared only where both predictors were asked about the same segments.")
    return {
        measure: {
            name: averages(first, first.gain(measure, name) - second.gain(measure, name), seed) for name in CONTRASTS
        }
        for measure in MEASURES
    }


def class_figures(measured: Measured, names: Sequence[str], seed: int) -> list[dict[str, Any]]:
    """One entry a class with a segment: recall (``pixels``) under each condition and the gains, in percent."""
    found = []
    for label in np.unique(measured.label).tolist():
        here = measured.label == label
        entry: dict[str, Any] = {"class": label, "name": names[label], "segments": int(here.sum())}
        entry |= {name: float(100 * measured.values("pixels", name)[here].mean()) for name in CONDITIONS}
        for name in CONTRASTS:
            entry[name] = summary(bootstrap(_counts(measured, measured.gain("pixels", name), here), seed=seed))
        found.append(entry)
    return found


def averages(measured: Measured, values: FloatArray, seed: int) -> dict[str, Any]:
    """Both averages of one value a segment, times 100, with intervals.

    Args:
        measured: whose segments.
        values: (S,).
        seed: of the draws; equal seeds draw equal images.
    """
    everywhere = np.ones(values.size, np.bool_)
    counts = (_counts(measured, values, everywhere), _counts(measured, values, everywhere, by_class=True))
    return {name: summary(bootstrap(each, seed=seed)) for name, each in zip(AVERAGES, counts, strict=True)}


def summary(found: Bootstrap) -> dict[str, Any]:
    """Estimate and percentile interval; null where there is none."""
    low, high = (found.percentile.low, found.percentile.high) if found.percentile else (None, None)
    return {"estimate": found.estimate, "low": low, "high": high}


def _counts(measured: Measured, values: FloatArray, kept: npt.NDArray[np.bool_], *, by_class: bool = False) -> Counts:
    """Summands whose ratio of sums is the mean over segments, in one column or one a class.

    Images without a kept segment stay in the draw, so that equal seeds draw the same images for every figure.
    """
    ones: FloatArray = np.ones(int(kept.sum()))
    return Counts(
        images=int(measured.image.max()) + 1 if measured.image.size else 0,
        classes=measured.classes if by_class else 1,
        image=measured.image[kept],
        label=measured.label[kept] if by_class else np.zeros(ones.size, np.int64),
        hit=values[kept],
        union=ones,
        true=ones,
        over="true",
    )
