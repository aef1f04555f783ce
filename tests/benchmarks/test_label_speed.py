"""What reading and checking a label costs above decoding its file. Run with ``pytest tests/benchmarks -s``."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fakes import loose_card, make_context, make_voc
from PIL import Image

from cosegbench.dataset import load_dataset
from cosegbench.verify import verify

HEIGHT, WIDTH, IMAGES, ROUNDS = 375, 500, 20, 5
BAR_PNG, BAR_MAT = 2.5, 2.5


def labels(values: int) -> dict[str, np.ndarray]:
    """Maps of large patches with ragged borders, which compress about as well as drawn labels do."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    found = {}
    for i in range(IMAGES):
        patches = rng.integers(1, values + 1, (HEIGHT // 40 + 2, WIDTH // 40 + 2))
        wave = (6 * np.sin(x / 9 + i)).astype(int)
        found[f"2008_{i:06d}"] = patches[np.clip(y + wave, 0, None) // 40, x // 40].astype(np.uint16)
    return found


def fastest(work: Callable[[], object]) -> float:
    """Seconds of the best of a few rounds."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def decode_png(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def test_a_checked_palette_label_costs_little_more_than_decoding_it(tmp_path):
    make_voc(tmp_path, labels(20), photographs=False)
    dataset = load_dataset(loose_card(tmp_path, "voc20"), tmp_path)
    paths = [dataset.labels.path(image_id) for image_id in dataset.image_ids]
    ours = fastest(lambda: [dataset.target(image_id) for image_id in dataset.image_ids])
    theirs = fastest(lambda: [decode_png(path) for path in paths])
    sys.stdout.write(
        f"\npalette PNG: target {1000 * ours / IMAGES:.2f} ms, Pillow alone {1000 * theirs / IMAGES:.2f} ms"
    )
    assert ours <= BAR_PNG * theirs


def test_a_checked_mat_label_costs_little_more_than_loading_it(tmp_path):
    from scipy.io import loadmat

    make_context(tmp_path, labels(459), photographs=False)
    dataset = load_dataset(loose_card(tmp_path, "context459"), tmp_path)
    paths = [dataset.labels.path(image_id) for image_id in dataset.image_ids]
    ours = fastest(lambda: [dataset.target(image_id) for image_id in dataset.image_ids])
    theirs = fastest(lambda: [loadmat(path)["LabelMap"] for path in paths])
    sys.stdout.write(f"\n.mat: target {1000 * ours / IMAGES:.2f} ms, scipy alone {1000 * theirs / IMAGES:.2f} ms")
    assert ours <= BAR_MAT * theirs


@pytest.mark.parametrize("photographs", [False, True], ids=["labels", "labels and photographs"])
def test_verify_tells_its_rate(tmp_path, photographs):
    make_voc(tmp_path, labels(20))
    dataset = load_dataset(loose_card(tmp_path, "voc20"), tmp_path)
    seconds = fastest(lambda: verify(dataset, photographs=photographs))
    sys.stdout.write(f"\nverify: {IMAGES / seconds:.0f} images/s")
