"""What a kernel is, what it returns, and the sums over classes that most of them start from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from cosegbench.evidence import PAIRS, Evidence, Table
from cosegbench.evidence.channels import IntArray
from cosegbench.labels import IGNORE, VOID

IOU_OVER_DATA_SET = "hits / (true + predicted - hits) a class, summed over all images"
"""The quotient that most rules share; they differ in what is averaged and in what void does."""

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """One figure and what it was made of.

    Args:
        kernel: the averaging rule.
        miou: the rule's own mean, percent, unrounded; NaN where there is nothing to average.
        iou: (K,) float64, percent, as the named system prints it; NaN where it prints none.
        averaged: (K,) bool, the classes that the mean runs over.
        extra: further figures that the named system prints, percent; None where there is nothing to average.
    """

    kernel: str
    miou: float
    iou: FloatArray
    averaged: BoolArray
    extra: Mapping[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kernel:
    """One averaging rule.

    Args:
        name: its name, everywhere.
        compute: evidence and the rule's parameters -> :class:`Score`.
        formula: how the mean is made, in words.
        source: whose rule it is.
        accumulate: what counts are summed over before dividing.
        average_over: over what the mean runs.
        void: how a pixel without a predicted class counts.
        ignore: how a pixel without a true class counts.
        absent: how a class without ground truth counts.
        channel: the channel of evidence that it needs.
        parameters: names of what must be given beside the evidence.
    """

    name: str
    compute: Callable[..., Score]
    formula: str
    source: str
    accumulate: Literal["data-set", "image-class"]
    average_over: Literal["gt", "gt-or-prediction", "all", "gt-by-image", "image-class-pairs", "oracle-by-image"]
    void: Literal["false-negative", "vanishes", "undefined", "none"]
    ignore: Literal["left-out", "undefined", "not-in-true-areas"]
    absent: Literal["left-out", "zero-if-predicted", "zero", "not-asked-for"]
    channel: str = PAIRS
    parameters: tuple[str, ...] = ()

    @property
    def defined_with_void(self) -> bool:
        """False where a single void pixel makes the rule undefined."""
        return self.void != "undefined"

    @property
    def defined_with_ignore(self) -> bool:
        """False where a single ignored pixel makes the rule undefined."""
        return self.ignore != "undefined"


@dataclass(frozen=True, slots=True, eq=False)
class ClassSums:
    """Pixels of each class, (K,) int64 each, or (n,) for n (image, class) pairs.

    Args:
        hit: predicted and true.
        true: true, whatever was predicted; ignored pixels left out.
        predicted: predicted, on pixels that are not ignored.
        void: true pixels that were given no class.
    """

    hit: IntArray
    true: IntArray
    predicted: IntArray
    void: IntArray

    @property
    def union(self) -> IntArray:
        """Predicted or true; void pixels are misses."""
        return self.true + self.predicted - self.hit


def sum_by(keys: IntArray, pixels: IntArray, size: int) -> IntArray:
    """Exact sums of ``pixels`` for each key in 0..size-1, as (size,) int64."""
    total = np.zeros(size, np.int64)
    np.add.at(total, keys, pixels)
    return total


def class_sums(evidence: Evidence) -> ClassSums:
    """Sums over all images."""
    table = scored_pairs(evidence)
    return _sums(table, table.column("prediction"), table.column("target"), evidence.num_classes)


@dataclass(frozen=True, slots=True, eq=False)
class ImageClassSums:
    """Sums of each (image, class) pair that has predicted or true pixels, by image, then by class.

    Args:
        image: (n,) int64, index into the evidence's sorted ``image_ids``.
        label: (n,) int64, class.
        sums: the (n,) sums.
    """

    image: IntArray
    label: IntArray
    sums: ClassSums


def image_class_sums(evidence: Evidence) -> ImageClassSums:
    """Sums of each image and class, without ever holding an images x classes array."""
    table = scored_pairs(evidence)
    size = evidence.num_classes
    by_prediction, by_target = (table.image * size + table.column(name) for name in ("prediction", "target"))
    given = table.rows["prediction"] != VOID
    occurring = np.unique(np.concatenate([by_prediction[given], by_target]))
    places = [np.searchsorted(occurring, keys) for keys in (by_prediction, by_target)]
    sums = _sums(table, places[0], places[1], occurring.size)
    return ImageClassSums(occurring // size, occurring % size, sums)


def scored_pairs(evidence: Evidence) -> Table:
    """Channel ``pairs`` without the rows that count ignored pixels."""
    table = evidence.table(PAIRS)
    scored = table.rows["target"] != IGNORE
    return Table(table.image_ids, table.image[scored], table.rows[scored])


def ratio(numerator: npt.NDArray[Any], denominator: npt.NDArray[Any]) -> FloatArray:
    """``100 * numerator / denominator`` in float64; NaN where the denominator is 0."""
    out: FloatArray = np.full(np.shape(numerator), np.nan)
    np.divide(numerator, denominator, out=out, where=np.asarray(denominator) > 0)
    return out * 100


def total_ratio(numerator: IntArray, denominator: IntArray) -> float | None:
    """``100 * sum(numerator) / sum(denominator)``; None where that is 0/0."""
    below = int(denominator.sum())
    return 100 * int(numerator.sum()) / below if below else None


def mean(values: FloatArray, count: int | None = None) -> float:
    """Sum over ``count`` (default: how many there are); NaN where that is 0."""
    number = values.size if count is None else count
    return float(values.sum() / number) if number else float("nan")


def percent(values: FloatArray, count: int | None = None) -> float | None:
    """As :func:`mean`, with None for "nothing to average"."""
    value = mean(values, count)
    return None if np.isnan(value) else value


def _sums(table: Table, by_prediction: IntArray, by_target: IntArray, size: int) -> ClassSums:
    given = table.rows["prediction"] != VOID
    hit = table.rows["prediction"] == table.rows["target"]
    pixels = table.column("pixels")
    return ClassSums(
        hit=sum_by(by_target[hit], pixels[hit], size),
        true=sum_by(by_target, pixels, size),
        predicted=sum_by(by_prediction[given], pixels[given], size),
        void=sum_by(by_target[~given], pixels[~given], size),
    )
