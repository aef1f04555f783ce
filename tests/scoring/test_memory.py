"""What reducing predictions adds to the memory of a process, seen from outside of it."""

from __future__ import annotations

import subprocess
import sys

import pytest

BAR = 200e6
"""Bytes; the design's bar for 459 and 847 classes at 375 x 500. One float32 tensor of them is 344 and 635 MB."""

PROGRAM = """
import resource, sys
import numpy as np
from cosegbench import MaskSet, ScoreMap
from cosegbench.assignment import AssignmentRule, Mosaic, Part, Resizer, assign
from cosegbench.geometry import Window

SIZE = (375, 500)


def array(values, kind):
    if kind == "numpy":
        return values
    import torch
    torch.set_num_threads(1)
    return torch.from_numpy(values).to(getattr(torch, kind))


def predicted(classes, kind, what):
    rng = np.random.default_rng(0)
    if what in ("whole", "tensor", "full-size"):
        shape = SIZE if what == "full-size" else (22, 22)
        return ScoreMap(array(rng.random((classes, *shape), np.float32), kind), "logit")
    places = Window(352, 176).places(*SIZE)
    if what == "slide":
        return Mosaic(tuple(Part(place, predicted(classes, kind, "whole")) for place in places))
    masks = array(rng.random((60, 88, 88), np.float32), kind)
    return Mosaic(tuple(Part(place, MaskSet(masks, rng.random((60, classes), np.float32))) for place in places))


for case in sys.argv[1:]:
    classes, kind, what = case.split(":")
    prediction = predicted(int(classes), kind, what)
    before = int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize()
    if what == "tensor":  # what the bar forbids
        kept = Resizer(prediction.scores, SIZE)(prediction.scores)
    else:
        kept = assign(prediction, SIZE, AssignmentRule(), int(classes), None, "x")
    # The peak is that of the whole life of the process: what importing and drawing took counts against us.
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before)
"""

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc/self/statm")

SHAPES = ("whole", "slide", "masks")


def added(*cases: str) -> dict[str, int]:
    """Bytes that each case, ``classes:array:what``, adds to a process that does them one after the other."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, *cases], capture_output=True, text=True, check=True)
    return dict(zip(cases, map(int, done.stdout.split()), strict=True))


@linux
@pytest.mark.parametrize("kind", ["numpy", "float32"])
def test_many_classes_at_full_size_add_less_than_the_memory_bar(kind: str) -> None:
    found = added(*(f"{classes}:{kind}:{what}" for classes in (459, 847) for what in SHAPES))
    assert {case: size for case, size in found.items() if size >= BAR} == {}


@linux
def test_half_precision_and_full_size_scores_stay_below_the_memory_bar() -> None:
    """The check for NaN must not copy them either."""
    found = added("847:bfloat16:whole", "847:bfloat16:slide", "459:float32:full-size")
    assert {case: size for case, size in found.items() if size >= BAR} == {}


@linux
def test_one_tensor_of_all_classes_would_be_noticed() -> None:
    assert added("459:numpy:tensor")["459:numpy:tensor"] > BAR
