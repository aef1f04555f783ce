"""Speed of counting one image, against stand-ins of other evaluators' per-image work, in one process.

detectron2 and mmsegmentation do not install here, so their per-image work is written out below from its description:
what they do to the same two uint16 maps before the next image. Run with ``pytest tests/benchmarks -s``; not part of the
suite.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np
import pytest

from cosegbench import IGNORE, Evidence

HEIGHT, WIDTH = 375, 500
CLASSES = (20, 59, 171, 459)
ROUNDS = 60
BAR_MMSEG, BAR_DETECTRON2, BAR_TORCHMETRICS = 10.0, 1.0, 10.0

torch = pytest.importorskip("torch")


def scene(classes: int, regions: int = 14) -> tuple[np.ndarray, np.ndarray]:
    """A target of wavy regions, as photographs have, and a prediction with shifted borders and some wrong regions."""
    rng = np.random.default_rng(classes)
    points = rng.random((regions, 2)) * (HEIGHT, WIDTH)
    names = rng.integers(0, classes, regions)
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(float)
    y, x = y + 6 * np.sin(x / 9), x + 5 * np.sin(y / 7)
    nearest = np.argmin((y[..., None] - points[:, 0]) ** 2 + (x[..., None] - points[:, 1]) ** 2, axis=-1)
    target = names[nearest].astype(np.uint16)
    wrong = np.where(rng.random(regions) < 0.3, rng.integers(0, classes, regions), names)
    prediction = np.roll(wrong[nearest], (3, -4), (0, 1)).astype(np.uint16)
    target[:6] = IGNORE
    return prediction, target


def noise(classes: int) -> tuple[np.ndarray, np.ndarray]:
    """The worst case for run lengths: no two neighbours agree."""
    maps = np.random.default_rng(0).integers(0, classes, (2, HEIGHT, WIDTH)).astype(np.uint16)
    return maps[0], maps[1]


def count(prediction: np.ndarray, target: np.ndarray, classes: int) -> Evidence:
    evidence = Evidence(classes)
    evidence.add("x", prediction, target)
    return evidence


def as_detectron2(prediction: np.ndarray, target: np.ndarray, classes: int) -> np.ndarray:
    """Copies to int64, ignore moved to class K, one bincount into a (K+1)^2 matrix."""
    predicted, true = prediction.astype(np.int64), target.astype(np.int64)
    true[true == IGNORE] = classes
    side = classes + 1
    return np.bincount(side * predicted.ravel() + true.ravel(), minlength=side * side).reshape(side, side)


def as_mmsegmentation(prediction: np.ndarray, target: np.ndarray, classes: int) -> tuple[object, ...]:
    """Ignored pixels filtered out, then three float histograms: hits, predicted, true."""
    predicted, true = torch.from_numpy(prediction.astype(np.int64)), torch.from_numpy(target.astype(np.int64))
    kept = true != IGNORE
    predicted, true = predicted[kept], true[kept]
    hits = predicted[predicted == true]
    areas = [torch.histc(part.float(), bins=classes, min=0, max=classes - 1) for part in (hits, predicted, true)]
    return (*areas, areas[1] + areas[2] - areas[0])


def as_torchmetrics() -> Callable[..., object]:
    """The update of its multi-class Jaccard index."""
    classification = pytest.importorskip("torchmetrics.classification")
    metrics = {}

    def update(prediction: np.ndarray, target: np.ndarray, classes: int) -> None:
        if classes not in metrics:
            metrics[classes] = classification.MulticlassJaccardIndex(classes, ignore_index=IGNORE)
        pair = (torch.from_numpy(labels.astype(np.int64))[None] for labels in (prediction, target))
        metrics[classes].update(*pair)

    return update


def seconds(work: list[Callable[[], object]]) -> list[float]:
    """Median time of each, measured in turns, so that a busy machine slows them alike."""
    times: list[list[float]] = [[] for _ in work]
    for _ in range(ROUNDS):
        for each, taken in zip(work, times, strict=True):
            start = time.perf_counter()
            each()
            taken.append(time.perf_counter() - start)
    return [float(np.median(taken)) for taken in times]


def compare(
    peer: Callable[..., object], name: str, make: Callable[[int], tuple[np.ndarray, np.ndarray]]
) -> list[float]:
    torch.set_num_threads(1)
    ratios = []
    for classes in CLASSES:
        maps = make(classes)
        ours, theirs = seconds([lambda m=maps, k=classes: count(*m, k), lambda m=maps, k=classes: peer(*m, k)])
        ratios.append(theirs / ours)
        line = f"{make.__name__} K={classes}: {1e6 * ours:.0f} us, {name} {1e6 * theirs:.0f} us, {ratios[-1]:.1f} x"
        sys.stdout.write(line + "\n")
    return ratios


def test_counting_is_no_slower_than_detectron2s_work() -> None:
    assert min(compare(as_detectron2, "detectron2 stand-in", scene)) >= BAR_DETECTRON2


def test_counting_is_ten_times_faster_than_mmsegmentations_work() -> None:
    assert min(compare(as_mmsegmentation, "mmsegmentation stand-in", scene)) >= BAR_MMSEG


def test_counting_is_ten_times_faster_than_torchmetrics_jaccard() -> None:
    assert min(compare(as_torchmetrics(), "torchmetrics Jaccard", scene)) >= BAR_TORCHMETRICS


def test_noise_is_reported() -> None:
    compare(as_detectron2, "detectron2 stand-in", noise)
    compare(as_mmsegmentation, "mmsegmentation stand-in", noise)
