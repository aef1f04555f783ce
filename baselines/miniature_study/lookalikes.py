"""Pairs of classes that look alike: of the pixels of one, what was given to it, to its twin, and to anything else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cosegbench import Evidence, Vocabulary
from cosegbench.labels import IGNORE
from cosegbench.miniature.world import LOOK_ALIKES, concept


@dataclass(frozen=True, slots=True)
class Twin:
    """A class and the one that looks like it, as names and indices of one vocabulary."""

    name: str
    twin: str
    index: int
    other: int


@dataclass(frozen=True, slots=True)
class Share:
    """Shares of the pixels of one class, 0..1, over a data set.

    Args:
        own: given to the class.
        twin: given to its twin.
        elsewhere: given to another class or to none.
        right: of the pixels given to one of the two, those given to the class; None where no pixel was.
    """

    own: float
    twin: float
    elsewhere: float
    right: float | None


def twins(vocabulary: Vocabulary) -> tuple[Twin, ...]:
    """Both directions of each pair whose two classes the vocabulary tells apart, in the order of the world's pairs."""
    places = {name: entry.index for entry in vocabulary.classes for name in (entry.name, *entry.synonyms)}
    found: list[Twin] = []
    for pair in LOOK_ALIKES:
        first, second = (_place(places, name) for name in pair)
        if first is None or second is None or first == second:
            continue
        names = vocabulary.names
        found.append(Twin(names[first], names[second], first, second))
        found.append(Twin(names[second], names[first], second, first))
    return tuple(found)


def share(evidence: Evidence, twin: Twin) -> Share | None:
    """The shares of one class; None where it has no pixel."""
    column = evidence.confusion()[:, twin.index]
    total, own, other = int(column.sum()), int(column[twin.index]), int(column[twin.other])
    if not total:
        return None
    right = own / (own + other) if own + other else None
    return Share(own / total, other / total, (total - own - other) / total, right)


def right_by_image(evidence: Evidence, pairs: Sequence[Twin]) -> dict[str, float]:
    """Image -> of its pixels of the twins' classes that were given to one of the two, the share given the right one.

    Images without such a pixel are left out.
    """
    table = evidence.table("pairs")
    prediction, target = table.column("prediction"), table.column("target")
    pixels = np.where(target == IGNORE, 0, table.column("pixels"))
    right, wrong = (np.zeros(len(table.image_ids), np.int64) for _ in range(2))
    for pair in pairs:
        here = target == pair.index
        np.add.at(right, table.image[here & (prediction == pair.index)], pixels[here & (prediction == pair.index)])
        np.add.at(wrong, table.image[here & (prediction == pair.other)], pixels[here & (prediction == pair.other)])
    total = right + wrong
    return {table.image_ids[place]: int(right[place]) / int(total[place]) for place in np.flatnonzero(total).tolist()}


def _place(places: dict[str, int], name: str) -> int | None:
    known = concept(name)
    return next((places[each] for each in (known.name, *known.aliases) if each in places), None)
