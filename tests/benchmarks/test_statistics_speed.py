"""Time of 1,000 draws over 5,104 images and 459 classes, one core. Run with ``OMP_NUM_THREADS=1 pytest ... -s``."""

from __future__ import annotations

import sys
import time
import tracemalloc
from collections.abc import Callable

import numpy as np

from cosegbench.statistics import Summands, bootstrap, paired_bootstrap, permutation_test
from cosegbench.statistics.counts import Counts

IMAGES, CLASSES, DRAWS = 5104, 459, 1000
BAR_SECONDS, BAR_MEBIBYTES = 5.0, 400.0


def counts(seed: int) -> Counts:
    """About 8 true and 12 wrongly predicted classes an image, rarer ones less often, as Context-459 has them."""
    truth, guess = np.random.default_rng(0), np.random.default_rng(seed)
    share = 1 / np.arange(1, CLASSES + 1)
    share /= share.sum()
    keys, parts = [], []
    for generator, number, is_true in ((truth, 8, True), (guess, 12, False)):
        label = generator.choice(CLASSES, (IMAGES, number), p=share)
        keys.append((np.arange(IMAGES)[:, None] * CLASSES + label).ravel())
        pixels = generator.integers(1, 20_000, keys[-1].size)
        hit = (pixels * guess.random(pixels.size)).astype(np.int64) * is_true
        parts.append(np.stack([hit, pixels, pixels * is_true]))
    key = np.concatenate(keys)
    occurring, place = np.unique(key, return_inverse=True)
    sums = [np.bincount(place, weights=row) for row in np.concatenate(parts, axis=1)]
    return Counts(IMAGES, CLASSES, occurring // CLASSES, occurring % CLASSES, *sums, over="true")


def measure(what: str, work: Callable[[], object]) -> tuple[float, float]:
    """CPU seconds of all threads, and the most memory held in MiB (in a second call, which tracing slows)."""
    start, spent = time.perf_counter(), time.process_time()
    work()
    wall, seconds = time.perf_counter() - start, time.process_time() - spent
    tracemalloc.start()
    work()
    held = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    sys.stdout.write(f"\n{what}, {DRAWS} draws of {IMAGES} images x {CLASSES} classes: ")
    sys.stdout.write(f"{seconds:.2f} CPU seconds, {wall:.2f} s by the clock, {held:.0f} MiB")
    return seconds, held


def test_a_thousand_draws_of_context459_take_less_than_five_seconds_of_a_core():
    sample = counts(1)
    seconds, held = measure("bootstrap with both intervals", lambda: bootstrap(sample, resamples=DRAWS))
    assert seconds < BAR_SECONDS
    assert held < BAR_MEBIBYTES


def test_a_comparison_is_reported():
    one, other = (Summands("gt-void-fn", ("",) * IMAGES, each, each) for each in (counts(1), counts(2)))
    measure("paired bootstrap", lambda: paired_bootstrap(one.figure, other.figure, resamples=DRAWS))
    measure("permutation test with every class", lambda: permutation_test(one, other, permutations=DRAWS))
