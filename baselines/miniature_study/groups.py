"""Means of the IoU over groups of classes: things and stuff, seen and unseen."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cosegbench import Vocabulary
from cosegbench.cards import load_card
from cosegbench.concepts import seen
from cosegbench.errors import RecordError
from cosegbench.records import DatasetInfo, ScoreInfo

TRAINING = "miniature-coco-stuff"
"""The vocabulary that mask training saw."""

Grouping = Callable[[Vocabulary], Sequence[str]]
"""Vocabulary -> the name of the group of each class."""


def vocabulary_of(dataset: DatasetInfo) -> Vocabulary:
    """The vocabulary of a record's view.

    Raises:
        RecordError: the card has another one now.
    """
    vocabulary = load_card(dataset.id).vocabulary()
    if vocabulary.digest != dataset.vocabulary_digest:
        raise RecordError(f"the record of {dataset.id} has another vocabulary than its card. Run again with --fresh.")
    return vocabulary


def by_kind(vocabulary: Vocabulary) -> tuple[str, ...]:
    """``thing`` or ``stuff``."""
    return tuple(entry.kind for entry in vocabulary.classes)


def by_training(vocabulary: Vocabulary) -> tuple[str, ...]:
    """``seen`` or ``unseen`` under :data:`TRAINING`, computed from the table of concepts at the strict level."""
    return tuple("seen" if known else "unseen" for known in seen(vocabulary, load_card(TRAINING).vocabulary()))


def group_means(score: ScoreInfo, groups: Sequence[str]) -> dict[str, tuple[float, int]]:
    """Group -> mean IoU in percent over its averaged classes, and how many these are; empty groups are left out."""
    values: dict[str, list[float]] = {}
    for value, averaged, group in zip(score.iou, score.averaged, groups, strict=True):
        if averaged and value is not None:
            values.setdefault(group, []).append(value)
    return {group: (sum(found) / len(found), len(found)) for group, found in sorted(values.items())}
