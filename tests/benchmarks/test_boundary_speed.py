"""Speed of counting one image's boundary bands, against eroding every class that occurs by itself, in one process.

The authors' code erodes with OpenCV, which is not installed here; SciPy's moving minimum stands in, on the same framed
masks, one class after the other. Run with ``pytest tests/benchmarks -s``; not part of the suite.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np
import pytest
from scipy.ndimage import minimum_filter

from cosegbench import IGNORE, Evidence
from cosegbench.evidence.boundary import band_width, count_boundary

HEIGHT, WIDTH = 375, 500
CLASSES = (20, 59, 459)
ROUNDS = 30


def scene(classes: int, regions: int = 14) -> tuple[np.ndarray, np.ndarray]:
    """A target of wavy regions, and a prediction with shifted borders and some wrong regions."""
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


def class_by_class(prediction: np.ndarray, target: np.ndarray) -> list[tuple[int, int, int, int]]:
    """Class, pixels of both bands, of the predicted and of the true one."""
    ignored, side = target == IGNORE, 2 * band_width(HEIGHT, WIDTH) + 1
    rows = []
    for label in np.union1d(prediction, target[~ignored]).tolist():
        bands = []
        for labels in (prediction, target):
            mask = labels == label
            inside = minimum_filter((mask | ignored).view(np.uint8), side, mode="constant", cval=0)
            bands.append(mask & ~ignored & (inside == 0))
        counts = (int((bands[0] & bands[1]).sum()), int(bands[0].sum()), int(bands[1].sum()))
        rows += [(label, *counts)] if any(counts[1:]) else []
    return rows


def milliseconds(work: Callable[[], object]) -> float:
    """The fastest of some rounds: what else the machine does only ever adds time."""
    fastest = float("inf")
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        fastest = min(fastest, time.perf_counter() - started)
    return 1000 * fastest


@pytest.mark.parametrize("classes", CLASSES)
def test_bands_of_all_classes_at_once_against_one_class_after_the_other(classes: int) -> None:
    prediction, target = scene(classes)
    rows = count_boundary(prediction, target, classes, "x")
    assert [tuple(map(int, row)) for row in rows] == class_by_class(prediction, target)

    ours = milliseconds(lambda: count_boundary(prediction, target, classes, "x"))
    pairs = milliseconds(lambda: Evidence(classes).add("x", prediction, target))
    one_by_one = milliseconds(lambda: class_by_class(prediction, target))
    occurring = np.union1d(prediction, target[target != IGNORE]).size
    sys.stdout.write(
        f"\nboundary bands, {HEIGHT} x {WIDTH}, K = {classes}, {occurring} classes occur: {ours:.2f} ms (pairs alone "
        f"{pairs:.2f} ms); class by class {one_by_one:.2f} ms, {one_by_one / ours:.1f} times as long\n"
    )
