"""Seen, unseen and their harmonic mean, under a declared training vocabulary at three levels of strictness.

A class counts as seen at the level

* ``exact``: a training class has the same name, spelling aside;
* ``strict``: or another name for the same thing, or the training vocabulary splits it and has a class for the rest;
* ``loose``: or only some kinds of it were training classes, or it is a kind of one.

The relations are those of :mod:`cosegbench.concepts`; ``cosegbench vocabulary align`` prints them class by class. Every
class stays a candidate: only the mean is split, which is not the score over a smaller vocabulary.
Void is a miss, ignored pixels and classes without ground truth are left out.
Source: the harmonic mean of generalized zero-shot learning (Xian et al., "Zero-Shot Learning - A Comprehensive
Evaluation", TPAMI 2018; SPNet, CVPR 2019, for segmentation): H = 2 s u / (s + u), 0 where both are 0.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal

import numpy as np

from cosegbench.concepts import LOOSE, STRICT, align
from cosegbench.evidence import Evidence
from cosegbench.kernels.base import BoolArray
from cosegbench.measures.base import MISSED, Definition, Setting, measured, only
from cosegbench.statistics import Counts, summands

Level = Literal["exact", "strict", "loose"]

LEVELS: dict[Level, frozenset[str]] = {"exact": frozenset({"exact"}), "strict": STRICT, "loose": LOOSE}
"""Level -> the relations to the training vocabulary that count as seen."""

_WORDS: dict[Level, str] = {"exact": "same name", "strict": "same concept", "loose": "or a kind of it"}


def seen_classes(setting: Setting, level: Level) -> BoolArray | None:
    """(K,) bool; None where no training vocabulary was declared."""
    if setting.training is None:
        return None
    return np.array([row.relation in LEVELS[level] for row in align(setting.vocabulary, setting.training)])


def split(evidence: Evidence, setting: Setting, level: Level, seen: bool) -> Counts | None:
    """Summands of the seen, or of the unseen classes."""
    kept = seen_classes(setting, level)
    if kept is None:
        return None
    return only(summands(evidence, "gt-void-fn").by_class, kept if seen else ~kept)


def harmonic(evidence: Evidence, setting: Setting, level: Level) -> float | None:
    """H of both means, percent; None where one of them averages nothing."""
    one, other = (measured(DEFINITIONS[level][part], evidence, setting).value for part in (0, 1))
    if one is None or other is None:
        return None
    return 2 * one * other / (one + other) if one + other else 0.0


def _definition(
    key: str, name: str, formula: str, compute: Callable[[Evidence, Setting], Counts | float | None]
) -> Definition:
    return Definition(
        key=key,
        name=name,
        formula=formula,
        treatment=f"{MISSED}; absent classes are left out; every class stays a candidate",
        source="Xian et al., TPAMI 2018; SPNet, CVPR 2019; relations of cosegbench's concept table",
        compute=compute,
        needs="training",
    )


def _level(level: Level) -> tuple[Definition, Definition, Definition]:
    mean = "IoU of each class over all images; mean over the classes with ground truth that are"
    words = _WORDS[level]
    return (
        _definition(
            f"seen-{level}",
            f"mIoU of seen classes, {level} ({words})",
            f"{mean} seen",
            partial(split, level=level, seen=True),
        ),
        _definition(
            f"unseen-{level}",
            f"mIoU of unseen classes, {level}",
            f"{mean} unseen",
            partial(split, level=level, seen=False),
        ),
        _definition(
            f"harmonic-{level}",
            f"harmonic mean of both, {level}",
            "2 seen unseen / (seen + unseen)",
            partial(harmonic, level=level),
        ),
    )


DEFINITIONS: dict[Level, tuple[Definition, Definition, Definition]] = {level: _level(level) for level in LEVELS}
"""Level -> seen, unseen, harmonic mean."""
