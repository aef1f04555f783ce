"""CoSeg's losses in plain float64. Source: the paper, and its authors' code for the terms that only it has."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from baselines.exact.plain import Array


def cosine(a: Array, b: Array) -> float:
    return float(np.dot(a, b)) / math.sqrt(float(np.dot(a, a)) * float(np.dot(b, b)))


def info_nce(predicted: Array, anchors: Array, ids: Sequence[int], tau: float, *, literal: bool) -> float:
    """-1/L sum_i log softmax_j(cos(x̂_i, x_j) / tau), within one image.

    Args:
        predicted: (L, d) x̂.
        anchors: (L, d) x, text embeddings of the targets.
        ids: classes of the targets; padding repeats one of them.
        tau: temperature.
        literal: the sum over j as printed, where padding counts "unlabeled" once for every place. Otherwise x_i and
            each *other* label once.
    """
    total = 0.0
    for i, class_i in enumerate(ids):
        if literal:
            terms = list(range(len(ids)))
        else:
            terms = [i, *(ids.index(other) for other in sorted(set(ids)) if other != class_i)]
        denominator = sum(math.exp(cosine(predicted[i], anchors[j]) / tau) for j in terms)
        total -= math.log(math.exp(cosine(predicted[i], anchors[i]) / tau) / denominator)
    return total / len(ids)


def vocabulary_cross_entropy(predicted: Array, vocabulary: Array, ids: Sequence[int], tau: float) -> float:
    """-1/L sum_i log softmax over *all* labels, "unlabeled" among them."""
    total = 0.0
    for token, label in zip(predicted, ids, strict=True):
        powers = [math.exp(cosine(token, anchor) / tau) for anchor in vocabulary]
        total -= math.log(powers[label] / sum(powers))
    return total / len(ids)


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def binary_cross_entropy(logits: Array, targets: Array) -> float:
    """-(t log p + (1 - t) log(1 - p)), the mean over every pixel of every mask."""
    terms = [
        -(t * math.log(sigmoid(x)) + (1 - t) * math.log(1 - sigmoid(x)))
        for x, t in zip(logits.ravel().tolist(), targets.ravel().tolist(), strict=True)
    ]
    return sum(terms) / len(terms)


def dice(logits: Array, targets: Array) -> float:
    """1 - (2 sum(p t) + 1) / (sum(p) + sum(t) + 1), the mean over the masks that are not empty; 0 without any."""
    losses = []
    for mask, target in zip(logits, targets, strict=True):
        if target.any():
            probability = [sigmoid(x) for x in mask.ravel().tolist()]
            overlap = sum(p * t for p, t in zip(probability, target.ravel().tolist(), strict=True))
            losses.append(1 - (2 * overlap + 1) / (sum(probability) + float(target.sum()) + 1))
    return sum(losses) / len(losses) if losses else 0.0


def targets_by_area(labels: Array, count: int, classes: int) -> tuple[list[int], Array]:
    """Classes of a label map, largest first, equal areas in ascending order, padded by ``classes``; and their masks."""
    flat = labels.ravel().tolist()
    found = sorted(
        (label for label in set(flat) if 0 <= label < classes), key=lambda label: (-flat.count(label), label)
    )
    ids = [*map(int, found[:count]), *[classes] * (count - len(found[:count]))]
    masks = np.stack([(labels == label) & (label < classes) for label in ids]).astype(np.float64)
    return ids, masks
