"""What a predictor sees under each --input, and the labels that follow, in plain float64 loops.

An oracle that shares no code with the package: its own windows, its own bilinear resizing, sums and counts instead of
running means.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

VOID = 65535

Window = tuple[int, int, int, int]
"""Top, left, bottom, right."""

Look = Callable[[np.ndarray], np.ndarray]
"""Pixels (H, W, 3) of a window -> (n, h, w) scores or masks."""


def windows_of(height: int, width: int, kind: str, size: int, stride: int) -> list[Window]:
    if kind == "squash":
        return [(0, 0, height, width)]
    if kind == "crop":
        side = min(height, width)
        top, left = int(np.rint((height - side) / 2)), int(np.rint((width - side) / 2))
        return [(top, left, top + side, left + side)]
    return [
        (top, left, min(top + size, height), min(left + size, width))
        for top in starts(height, size, stride)
        for left in starts(width, size, stride)
    ]


def starts(extent: int, size: int, stride: int) -> list[int]:
    found, at = [], 0
    while at + size < extent:
        found.append(at)
        at += stride
    return [*found, max(extent - size, 0)]


def resized(map_: np.ndarray, height: int, width: int) -> np.ndarray:
    """Bilinear, half-pixel centres, one pixel after the other."""
    out = np.zeros((height, width))
    for y in range(height):
        for x in range(width):
            row, below, down = neighbours(y, height, map_.shape[0])
            column, right, across = neighbours(x, width, map_.shape[1])
            upper = (1 - across) * float(map_[row, column]) + across * float(map_[row, right])
            lower = (1 - across) * float(map_[below, column]) + across * float(map_[below, right])
            out[y, x] = (1 - down) * upper + down * lower
    return out


def neighbours(place: int, extent: int, source: int) -> tuple[int, int, float]:
    at = max((place + 0.5) * source / extent - 0.5, 0.0)
    low = min(int(at), source - 1)
    return low, min(low + 1, source - 1), at - low


@dataclass(frozen=True)
class Labels:
    """Labels, and at each pixel how far they are from another decision."""

    labels: np.ndarray
    margin: np.ndarray


def averaged(layers: Sequence[tuple[Window, np.ndarray]], height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """(K, H, W) means of the (K, h, w) layers over the windows, and how many windows lie on each pixel."""
    classes = layers[0][1].shape[0]
    total, visits = np.zeros((classes, height, width)), np.zeros((height, width), int)
    for (top, left, bottom, right), maps in layers:
        for k in range(classes):
            total[k, top:bottom, left:right] += resized(maps[k], bottom - top, right - left)
        visits[top:bottom, left:right] += 1
    return total / np.maximum(visits, 1), visits


def labels_of_scores(layers: Sequence[tuple[Window, np.ndarray]], height: int, width: int) -> Labels:
    mean, visits = averaged(layers, height, width)
    return decide(mean, visits, None)


def labels_of_masks(
    layers: Sequence[tuple[Window, np.ndarray]], names: Sequence[Sequence[int]], classes: int, threshold: float,
    height: int, width: int,
) -> Labels:  # fmt: skip
    """Masks of a window become class scores: the greatest mask of each name, after resizing."""
    total, visits = np.zeros((classes, height, width)), np.zeros((height, width), int)
    for ((top, left, bottom, right), masks), name in zip(layers, names, strict=True):
        scores = np.zeros((classes, bottom - top, right - left))
        for mask, label in zip(masks, name, strict=True):
            if label >= 0:
                scores[label] = np.maximum(scores[label], resized(mask, bottom - top, right - left))
        total[:, top:bottom, left:right] += scores
        visits[top:bottom, left:right] += 1
    return decide(total / np.maximum(visits, 1), visits, threshold)


def decide(mean: np.ndarray, visits: np.ndarray, threshold: float | None) -> Labels:
    ordered = np.sort(mean, axis=0)
    margin = ordered[-1] - ordered[-2] if mean.shape[0] > 1 else np.full(visits.shape, np.inf)
    labels = mean.argmax(axis=0)
    if threshold is not None:
        # below the threshold it does not matter which class is the greatest
        over = ordered[-1] > threshold
        margin = np.where(over, np.minimum(margin, ordered[-1] - threshold), threshold - ordered[-1])
        labels = np.where(over, labels, VOID)
    outside = visits == 0
    return Labels(np.where(outside, VOID, labels), np.where(outside, np.inf, margin))
