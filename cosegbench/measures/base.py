"""What a measure is: a figure beside mIoU, computed from kept evidence, with its definition in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cosegbench.evidence import PAIRS, Evidence
from cosegbench.kernels.base import BoolArray, FloatArray
from cosegbench.statistics import Counts
from cosegbench.statistics.figures import Sums

if TYPE_CHECKING:
    from cosegbench.evidence.channels import IntArray
    from cosegbench.measures.likeness import Likeness
    from cosegbench.vocabulary import Vocabulary

MISSED = "a void pixel is a miss of its true class; ignored pixels are left out"
"""How most measures treat the two, which is how the kernel ``gt-void-fn`` does."""


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """What a measure may know beside the counts.

    Args:
        vocabulary: of the data set; K classes, as many as the evidence has.
        training: what the model was trained on, as somebody declared it; None where nobody has.
        likeness: how much one class name counts as another; None for none.
    """

    vocabulary: Vocabulary
    training: Vocabulary | None = None
    likeness: Likeness | None = None


@dataclass(frozen=True, slots=True)
class Definition:
    """One measure, in words and as a function.

    Args:
        key: the name by which a program finds it, for instance ``"accuracy-pixel"``.
        name: what a reader sees.
        formula: how it is computed, in words.
        treatment: what void, ignored pixels and absent classes do.
        source: whose measure it is.
        compute: evidence and setting -> summands of each image (which give an interval too), the figure itself in
            percent where it is no mean of quotients, or None where the setting or the evidence has nothing to answer.
        channel: the channel of evidence that it needs.
        needs: what of the setting it needs, ``"training"`` or ``"likeness"``; empty for nothing.
        remainder: it averages what other measures leave over, which may be nothing; a table then leaves it out.
    """

    key: str
    name: str
    formula: str
    treatment: str
    source: str
    compute: Callable[[Evidence, Setting], Counts | float | None]
    channel: str = PAIRS
    needs: str = ""
    remainder: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """What one measure says about one run.

    Args:
        definition: of the measure.
        value: percent, or percentage points for a difference; None where there is nothing to average.
        classes: how many classes the mean runs over; None where it is no mean over classes.
        counts: summands of each image, for an interval; None where the measure is no mean of quotients.
    """

    definition: Definition
    value: float | None
    classes: int | None = None
    counts: Counts | None = None


def measured(definition: Definition, evidence: Evidence, setting: Setting) -> Measured:
    """Compute one measure.

    Raises:
        ProtocolError: the evidence lacks the measure's channel, or the similarity is about other classes.
    """
    found = definition.compute(evidence, setting)
    if not isinstance(found, Counts):
        return Measured(definition, None if found is None or np.isnan(found) else float(found))
    total = Sums.of(np.asarray(found.matrix().sum(axis=1), np.float64)[:, None])
    value = float(total.miou(found.over)[0])
    averaged = int(total.averaged(found.over).sum())
    return Measured(definition, None if np.isnan(value) else value, averaged if found.classes > 1 else None, found)


def only(counts: Counts, kept: BoolArray) -> Counts:
    """The same summands without the classes that are not kept, (K,) bool; they are averaged no more."""
    rows = kept[counts.label]
    hit, union, true = (each[rows] for each in (counts.hit, counts.union, counts.true))
    return Counts(counts.images, counts.classes, counts.image[rows], counts.label[rows], hit, union, true, counts.over)


def pooled(images: int, image: IntArray, part: FloatArray, whole: FloatArray) -> Counts:
    """One quotient over all images: the sum of ``part`` over the sum of ``whole``.

    Args:
        images: n.
        image: (m,) int64, 0..n-1, the image of each summand, ascending.
        part: (m,) float64.
        whole: (m,) float64.
    """
    rows, places = np.unique(image, return_inverse=True)
    above: FloatArray = np.bincount(places, weights=part, minlength=rows.size).astype(np.float64)
    below: FloatArray = np.bincount(places, weights=whole, minlength=rows.size).astype(np.float64)
    return Counts(images, 1, rows, np.zeros_like(rows), above, below, below, "true")


def mean_over_images(images: int, image: IntArray, values: FloatArray) -> Counts:
    """The mean of one value an image.

    Args:
        images: n.
        image: (m,) int64, the images that have a value, ascending, none twice.
        values: (m,) float64, shares in [0, 1].
    """
    ones: FloatArray = np.ones(image.size)
    return Counts(images, 1, image, np.zeros_like(image), values, ones, ones, "true")
