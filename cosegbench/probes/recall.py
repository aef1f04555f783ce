"""Whether segments got their right label, read from evidence: integers, condition by condition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cosegbench.evidence import PAIRS, RANKED, Evidence
from cosegbench.labels import VOID
from cosegbench.probes.segments import Segment

CONDITIONS = ("original", "grey", "swapped", "alike")
"""As it is; surroundings greyed out; those of any image without the class; those of the most similar such image."""

MEASURES = {
    "pixels": "share of the segment's pixels that get its label; a pixel without a label is a miss",
    "named": "whether of the segment's pixels that get a label most get the right one (ties: the lower class "
    "index); a segment without a label is a miss",
    "proposed": "whether the right label is among those that are proposed for the picture: the names of the masks that "
    "draw something, or, without masks, the classes of the label map",
}
"""Measure -> what it is; each is 0 to 1 a segment."""


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What one condition gave, a number a segment, all (S,) int64.

    Args:
        right: pixels of the segment with its label.
        named: 1 where the segment is named right.
        proposed: 1 where its label is among the proposed ones.
    """

    right: npt.NDArray[np.int64]
    named: npt.NDArray[np.int64]
    proposed: npt.NDArray[np.int64]

    def values(self, measure: str, areas: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """(S,) 0 to 1."""
        found: npt.NDArray[np.float64] = self.right / areas if measure == "pixels" else getattr(self, measure) * 1.0
        return found


def unit_name(segment: Segment, condition: str) -> str:
    """What the picture of a segment under a condition is called; all segments of an image share the original."""
    return segment.image_id if condition == "original" else f"{segment.image_id} {segment.label} {condition}"


def answers(evidence: Evidence, segments: Sequence[Segment]) -> dict[str, Answer]:
    """Condition -> what it gave.

    Args:
        evidence: of every picture, under its :func:`unit_name`.
        segments: S segments.
    """
    seen = _Seen(evidence)
    return {condition: _answer(seen, segments, condition) for condition in CONDITIONS}


class _Seen:
    """The two channels, to be asked picture by picture."""

    def __init__(self, evidence: Evidence) -> None:
        pairs, ranked = evidence.table(PAIRS), evidence.table(RANKED)
        self.place = {unit: place for place, unit in enumerate(pairs.image_ids)}
        ends = np.arange(len(self.place) + 1)
        self.pair_bounds, self.rank_bounds = (np.searchsorted(each.image, ends) for each in (pairs, ranked))
        self.prediction, self.target, self.pixels = map(pairs.column, ("prediction", "target", "pixels"))
        self.label = ranked.column("label")

    def given(self, unit: str, label: int) -> Mapping[int, int]:
        """Predicted class -> pixels, on the pixels of one true class, in ascending order of class."""
        rows = self._rows(self.pair_bounds, unit)
        here = self.target[rows] == label
        pairs = zip(self.prediction[rows][here].tolist(), self.pixels[rows][here].tolist(), strict=True)
        return dict(sorted(pairs))

    def proposes(self, unit: str, label: int) -> bool:
        return bool((self.label[self._rows(self.rank_bounds, unit)] == label).any())

    def _rows(self, bounds: npt.NDArray[np.int64], unit: str) -> slice:
        place = self.place[unit]
        return slice(int(bounds[place]), int(bounds[place + 1]))


def _answer(seen: _Seen, segments: Sequence[Segment], condition: str) -> Answer:
    right, named, proposed = [], [], []
    for segment in segments:
        unit = unit_name(segment, condition)
        given = seen.given(unit, segment.label)
        classes = {label: pixels for label, pixels in given.items() if label != VOID}
        right.append(given.get(segment.label, 0))
        named.append(bool(classes) and max(classes, key=classes.__getitem__) == segment.label)
        proposed.append(seen.proposes(unit, segment.label))
    return Answer(*(np.array(each, np.int64) for each in (right, named, proposed)))
