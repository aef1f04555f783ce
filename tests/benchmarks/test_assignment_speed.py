"""Time to make a label map of 375x500, beside torch's own resizing and arg max on one thread. Run with ``-s``."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np
import pytest

from cosegbench import MaskSet, ScoreMap
from cosegbench.assignment import AssignmentRule, assign

SIZE = (375, 500)
RULE = AssignmentRule()

torch = pytest.importorskip("torch")


def milliseconds(work: Callable[[], object], rounds: int) -> float:
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return 1e3 * float(np.median(times))


def report(what: str, ours: float, theirs: float) -> None:
    sys.stdout.write(f"{what}: {ours:.1f} ms, torch interpolate and arg max {theirs:.1f} ms\n")


def test_twenty_masks_become_labels_within_fifty_milliseconds() -> None:
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    masks = MaskSet(rng.random((20, 352, 352)).astype(np.float32), rng.random((20, 459)).astype(np.float32))
    stack = torch.from_numpy(masks.masks)[None]
    ours = milliseconds(lambda: assign(masks, SIZE, RULE, 459, None, "x"), 15)
    theirs = milliseconds(lambda: torch.nn.functional.interpolate(stack, SIZE, mode="bilinear")[0].max(0), 15)
    report("20 masks", ours, theirs)
    assert ours < 50


@pytest.mark.parametrize("classes", [59, 459, 847])
def test_score_maps_are_no_slower_than_one_tensor_of_all_classes(classes: int) -> None:
    torch.set_num_threads(1)
    scores = np.random.default_rng(0).standard_normal((classes, 22, 22)).astype(np.float32)
    stack = torch.from_numpy(scores)[None]
    ours = milliseconds(lambda: assign(ScoreMap(scores, "logit"), SIZE, RULE, classes, None, "x"), 3)
    theirs = milliseconds(lambda: torch.nn.functional.interpolate(stack, SIZE, mode="bilinear")[0].argmax(0), 3)
    report(f"{classes} classes", ours, theirs)
    assert ours < theirs
