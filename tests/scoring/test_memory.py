"""What reducing predictions adds to the memory of a process: it is done under a limit of the address space."""

from __future__ import annotations

import subprocess
import sys

import pytest

BAR = 200_000_000
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


def reduce(prediction, classes, what):
    if what == "tensor":  # what the bar forbids
        return Resizer(prediction.scores, SIZE)(prediction.scores)
    return assign(prediction, SIZE, AssignmentRule(), classes, None, "x")


def allowed(more):
    # The address space of this process may grow by so much from now on; None: without limit.
    held = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (hard if more is None else held + more, hard))


bar = int(sys.argv[1])
for case in sys.argv[2:]:
    classes, kind, what = case.split(":")
    prediction = predicted(int(classes), kind, what)
    reduce(predicted(3, kind, "whole"), 3, "whole")  # whatever is set up at first use
    allowed(bar)
    try:
        kept = reduce(prediction, int(classes), what)
        print(case, "fits")
    except (MemoryError, RuntimeError) as error:
        print(case, "does not fit:", error)
    finally:
        allowed(None)
"""

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc/self/statm")

SHAPES = ("whole", "slide", "masks")


def verdicts(*cases: str) -> list[str]:
    """Whether each case, ``classes:array:what``, fits into what a process holds before it and :data:`BAR`."""
    words = [sys.executable, "-c", PROGRAM, str(BAR), *cases]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@linux
@pytest.mark.parametrize("kind", ["numpy", "float32"])
def test_many_classes_at_full_size_add_less_than_the_memory_bar(kind: str) -> None:
    cases = [f"{classes}:{kind}:{what}" for classes in (459, 847) for what in SHAPES]
    assert verdicts(*cases) == [f"{case} fits" for case in cases]


@linux
def test_half_precision_and_full_size_scores_stay_below_the_memory_bar() -> None:
    """The check for NaN must not copy them either."""
    cases = ["847:bfloat16:whole", "459:float32:full-size"]
    assert verdicts(*cases) == [f"{case} fits" for case in cases]


@linux
@pytest.mark.parametrize("kind", ["numpy", "float32"])
def test_one_tensor_of_all_classes_would_be_noticed(kind: str) -> None:
    [verdict] = verdicts(f"459:{kind}:tensor")
    assert "does not fit" in verdict
