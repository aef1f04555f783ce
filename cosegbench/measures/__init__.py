"""Measures beside mIoU, each from kept evidence: no model, no photograph and no label map is opened.

One small file a family of measures; ``docs/measures.md`` explains them all.
"""

from __future__ import annotations

from cosegbench.errors import ProtocolError
from cosegbench.evidence import Evidence
from cosegbench.measures import by_image, kinds, label_sets, pixels, proposals, seen, soft, void
from cosegbench.measures.base import Definition, Measured, Setting, measured
from cosegbench.measures.likeness import CONCEPTS, Likeness, by_concepts, read_likeness, write_likeness

__all__ = [
    "CONCEPTS",
    "MEASURES",
    "Definition",
    "Likeness",
    "Measured",
    "Setting",
    "by_concepts",
    "measure",
    "read_likeness",
    "write_likeness",
]

MEASURES: dict[str, Definition] = {
    each.key: each
    for each in (
        void.MISSED,
        void.VANISHING,
        void.FILLED,
        void.VOID_SHARE,
        pixels.FREQUENCY_WEIGHTED_IOU,
        pixels.PIXEL_ACCURACY,
        pixels.MEAN_ACCURACY,
        by_image.BY_IMAGE,
        by_image.WORST_IMAGES,
        by_image.BY_CLASS,
        by_image.WORST_BY_CLASS,
        *(part for level in seen.DEFINITIONS.values() for part in level),
        kinds.THINGS,
        kinds.STUFF,
        kinds.NEITHER,
        label_sets.PRECISION,
        label_sets.RECALL,
        label_sets.F1,
        *proposals.RECALLS,
        proposals.PRECISION,
        proposals.F1,
        soft.PLAIN,
        soft.SOFT,
        soft.GAIN,
    )
}
"""Every measure by key, in the order in which a reader meets them; the first is the default rule's own mIoU."""


def measure(evidence: Evidence, setting: Setting) -> tuple[Measured, ...]:
    """Every measure of one run, in the order of :data:`MEASURES`.

    Args:
        evidence: n images; what needs a channel that they lack has no value.
        setting: its vocabulary has as many classes as the evidence.

    Raises:
        ProtocolError: another number of classes, or a similarity about other ones.
    """
    if len(setting.vocabulary) != evidence.num_classes:
        raise ProtocolError(
            f"vocabulary {setting.vocabulary.id!r} has {len(setting.vocabulary)} classes, the evidence "
            f"{evidence.num_classes}."
        )
    return tuple(
        measured(each, evidence, setting) if each.channel in evidence.channels else Measured(each, None)
        for each in MEASURES.values()
    )
