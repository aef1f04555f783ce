"""Orders in which programs number the same classes, for telling a score of a wrong order from a poor one."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cosegbench.labels import VOID, LabelArray
from cosegbench.locate import data_file

if TYPE_CHECKING:
    from cosegbench.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """One way in which predicted values may have been meant.

    Args:
        words: what the user would have done, in words that continue "as if".
        mend: what puts it right.
        table: (65536,) uint16, value as it was read -> class that was meant; void stays void.
    """

    words: str
    mend: str
    table: LabelArray


def other_readings(vocabulary: Vocabulary) -> list[Reading]:
    """The usual mistakes with a vocabulary's numbers: shifted by one either way, and the orders that are known.

    Known are the alphabetical order of any vocabulary, and of Context's 59 classes that of its authors'
    ``59_labels.txt`` (Pascal VOC's 20 first), which several programs use and others sorted before use. Of Context's 459
    classes only one order is known, which is the alphabetical one.
    """
    classes = len(vocabulary)
    found = [_shifted(classes, -1), _shifted(classes, +1)]
    start = 1 if vocabulary.background == 0 else 0
    names = list(vocabulary.names[start:])
    orders = {"alphabetical order": sorted(names, key=str.casefold), **_published(names)}
    for what, order in orders.items():
        if order != names:
            meant = [*range(start), *(start + names.index(name) for name in order)]
            mend = (
                "Write each class's index in the order that `cosegbench vocabulary show` prints, or renumber the files."
            )
            found.append(Reading(f"the classes were numbered in {what}", mend, _table(meant)))
    return found


def _shifted(classes: int, by: int) -> Reading:
    meant = [value + by if 0 <= value + by < classes else VOID for value in range(classes)]
    if by < 0:
        words = "every value were its class plus one (classes counted from 1, or 0 kept for a background)"
        mend = (
            'Say so in a manifest.json beside the files: {"format": "cosegbench-predictions", "offset": 1, "void": 0}; '
            "a predictor subtracts 1, or scores a view with a background class."
        )
    else:
        words = "every value were its class minus one (a background or zero label taken away)"
        mend = "Add 1 to every value, or score a view without a background class."
    return Reading(words, mend, _table(meant))


def _published(names: list[str]) -> dict[str, list[str]]:
    """Orders that a list of names is also published in; empty for other names."""
    path = data_file("datasets", "orders", "context59.csv")
    with path.open(encoding="utf-8", newline="") as stream:
        order = [row["name"] for row in csv.DictReader(stream)]
    return (
        {"the order of Context's 59_labels.txt (Pascal VOC's classes first)": order} if set(order) == set(names) else {}
    )


def _table(meant: list[int]) -> LabelArray:
    table = np.full(VOID + 1, VOID, np.uint16)
    table[: len(meant)] = meant
    return table
