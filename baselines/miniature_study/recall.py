"""Label recall at k: of the classes that an image shows, the share among the first k labels proposed for it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cosegbench import Evidence
from cosegbench.errors import DataError
from cosegbench.labels import IGNORE

Ranking = Mapping[str, tuple[Sequence[int], Sequence[float]]]
"""Image id -> labels, best first, and their scores."""


@dataclass(frozen=True, slots=True)
class Recall:
    """Recall of one ranking.

    Args:
        at: k -> recall 0..1; None where equal scores leave open which labels are the first k.
        labels: labels proposed an image, on average.
    """

    at: Mapping[int, float | None]
    labels: float


def true_classes(evidence: Evidence) -> dict[str, frozenset[int]]:
    """Image id -> the classes that its ground truth shows, from the ``pairs`` channel."""
    table = evidence.table("pairs")
    target = table.column("target")
    found: dict[str, set[int]] = {image_id: set() for image_id in table.image_ids}
    for image, label in zip(table.image[target != IGNORE].tolist(), target[target != IGNORE].tolist(), strict=True):
        found[table.image_ids[image]].add(label)
    return {image_id: frozenset(labels) for image_id, labels in found.items()}


def ranking_of(evidence: Evidence) -> Ranking:
    """The ``ranked`` channel."""
    table = evidence.table("ranked")
    label, score = table.column("label"), table.rows["score"]
    bounds = np.searchsorted(table.image, np.arange(len(table.image_ids) + 1))
    spans = zip(table.image_ids, bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)
    return {image_id: (label[start:end].tolist(), score[start:end].tolist()) for image_id, start, end in spans}


def read_ranking(path: Path) -> Ranking:
    """A file that ``cosegbench labels`` wrote.

    Raises:
        DataError: a line is no such object.
    """
    try:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        return {str(row["image_id"]): (row["indices"], row["scores"]) for row in rows}
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: expected what `cosegbench labels` writes ({error}).") from error


def recall(ranking: Ranking, truth: Mapping[str, frozenset[int]], ks: Sequence[int]) -> Recall:
    """Recall over all (image, class) pairs of ``truth``.

    Raises:
        DataError: an image has no ranking.
    """
    missing = [image_id for image_id in truth if image_id not in ranking]
    if missing:
        raise DataError(f"image {missing[0]!r} and {len(missing) - 1} others have no ranked labels.")
    return Recall(
        {k: _recall_at(ranking, truth, k) for k in ks},
        sum(len(ranking[image_id][0]) for image_id in truth) / max(1, len(truth)),
    )


def _recall_at(ranking: Ranking, truth: Mapping[str, frozenset[int]], k: int) -> float | None:
    found = total = 0
    for image_id, classes in truth.items():
        labels, scores = ranking[image_id]
        if len(labels) > k and scores[k - 1] == scores[k]:
            return None
        found, total = found + len(classes.intersection(labels[:k])), total + len(classes)
    return found / total if total else None
