"""Bytes and time of one image's masks in 8 bit, at the size of CoSeg's no-training pipeline: 20 masks of 352 x 352.

Wavy soft shapes, and the same with the grain of a 22 x 22 grid of patches on top, which compress worse. Noise is what
no file can be larger than. Run with ``pytest tests/benchmarks -s``; not part of the suite.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import pytest

from cosegbench import MaskSet
from cosegbench.running.soft_masks import quantise, read_masks, restore, write_masks

NUMBER, SIDE, CLASSES = 20, 352, 459


def shapes(grain: float) -> np.ndarray:
    """Sigmoids of a few waves: (20, 352, 352) float32; ``grain`` is the height of the patches' own values."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    masks = []
    for _ in range(NUMBER):
        waves = sum(np.sin(rng.uniform(2, 9) * x + rng.uniform(2, 9) * y + rng.uniform(0, 6)) for _ in range(4))
        patches = np.kron(rng.normal(size=(22, 22)), np.ones((16, 16)))
        masks.append(1 / (1 + np.exp(-4 * (waves - 1.5) - grain * patches)))
    return np.stack(masks).astype(np.float32)


@pytest.mark.parametrize("case", ["shapes", "shapes with grain", "noise"])
def test_bytes_and_time_of_an_image(tmp_path: Path, case: str) -> None:
    rng = np.random.default_rng(1)
    masks = rng.random((NUMBER, SIDE, SIDE), np.float32) if case == "noise" else shapes(0.5 if "grain" in case else 0.0)
    given = MaskSet(masks, rng.random((NUMBER, CLASSES), np.float32))
    path = tmp_path / "x.npz"
    started = time.perf_counter()
    write_masks(path, given, "x", "r" * 64)
    written = time.perf_counter()
    found = read_masks(path)
    read = time.perf_counter()
    np.testing.assert_array_equal(found.masks.masks, restore(quantise(masks), "float32"))
    sys.stdout.write(
        f"\n{case}: {path.stat().st_size / 1e6:.2f} MB of {masks.nbytes / 1e6:.2f} MB in float32; written in "
        f"{1000 * (written - started):.0f} ms, read in {1000 * (read - written):.0f} ms\n"
    )
