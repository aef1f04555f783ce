"""How far apart two predictions for one image are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cosegbench.prediction import LabelMap, MaskSet, Prediction, ScoreMap


@dataclass(frozen=True, slots=True)
class Difference:
    """The difference of two predictions.

    Args:
        number: largest absolute difference of a mask, score or similarity; infinite where the shapes differ.
        labels: share of pixels of a label map whose class differs, 0..1.
    """

    number: float = 0.0
    labels: float = 0.0

    @property
    def same_bits(self) -> bool:
        """Whether nothing differs at all."""
        return self.number == 0 and self.labels == 0

    @property
    def rank(self) -> tuple[float, float]:
        """For finding the largest."""
        return max(self.number, self.labels), self.number

    @property
    def words(self) -> str:
        """For the report."""
        if self.same_bits:
            return "equal"
        if np.isinf(self.number):
            return "another type or shape"
        return f"{self.labels:.2%} of the pixels differ" if self.labels else f"largest difference {self.number:.2g}"


def compare_predictions(first: Prediction, second: Prediction) -> Difference:
    """Compare array by array; another type, shape or absent array counts as an infinite difference."""
    if type(first) is not type(second):
        return Difference(number=float("inf"))
    parts = [(to_numpy(a), to_numpy(b)) for a, b in zip(_arrays(first), _arrays(second), strict=True)]
    if any((a is None) != (b is None) or (a is not None and b is not None and a.shape != b.shape) for a, b in parts):
        return Difference(number=float("inf"))
    present = [(a, b) for a, b in parts if a is not None and b is not None and a.size]
    if isinstance(first, LabelMap):
        return Difference(labels=max((float(np.mean(a != b)) for a, b in present), default=0.0))
    return Difference(number=max((_largest(a, b) for a, b in present), default=0.0))


def to_numpy(array: Any) -> npt.NDArray[Any] | None:
    """A NumPy copy of a NumPy array or a torch tensor on any device; None stays None."""
    if array is None or isinstance(array, np.ndarray):
        return array
    tensor = array.detach().cpu()
    return np.asarray(tensor.float() if tensor.is_floating_point() else tensor)


def _largest(first: npt.NDArray[Any], second: npt.NDArray[Any]) -> float:
    return float(np.abs(first.astype(np.float64) - second.astype(np.float64)).max())


def _arrays(prediction: Prediction) -> tuple[Any, ...]:
    if isinstance(prediction, LabelMap):
        return (prediction.labels,)
    if isinstance(prediction, ScoreMap):
        return (prediction.scores,)
    if isinstance(prediction, MaskSet):
        return prediction.masks, prediction.similarity, prediction.nothing
    raise TypeError(f"not a prediction: {type(prediction).__name__}")
