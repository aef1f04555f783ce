"""What the speed benchmarks share: random weights at full size in the published layout, photographs, a clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from baselines.exact.folders import B16, SMALL, Tower, write_clip, write_clipseg
from fakes import loose_card, make_voc
from PIL import Image

from cosegbench_baselines.checkpoint import save_checkpoint
from cosegbench_baselines.coseg import CoSeg, coseg_config
from cosegbench_baselines.sources import load_clip

SIZES = {"b16": B16, "small": {**SMALL, "text": Tower(16, 2, 2, 40)}}
FEW = {
    "label_model": {"blocks": 2, "heads": 2, "feedforward": 32},
    "mask_decoder": {"reduce": 16, "heads": 2, "feedforward": 32},
}
"""CoSeg's halves where only the script is looked at."""

WIDTH, HEIGHT = 500, 375
REPOSITORY = Path(__file__).resolve().parents[2]


def write_models(folder: Path, size: str) -> None:
    """``clip``, ``clipseg``, ``prefix.safetensors`` and ``xatten.safetensors`` of random weights."""
    tokenizer = REPOSITORY.parent / "shared/real/clip_tokenizer"
    published = tokenizer if tokenizer.is_dir() else None
    write_clip(folder / "clip", SIZES[size], published=published)
    write_clipseg(folder / "clipseg", SIZES[size], published=published)
    loaded = load_clip(str(folder / "clip"))
    for variant in ("prefix", "xatten"):
        write_coseg(folder / variant, variant, loaded, {} if size == "b16" else FEW)


def write_coseg(path: Path, variant: str, loaded: Any, changes: dict[str, dict[str, int]]) -> None:
    """A CoSeg checkpoint on that CLIP, in the paper's sizes but for ``changes``."""
    torch.manual_seed(0)
    label = {"variant": variant, **changes.get("label_model", {})}
    config = coseg_config(loaded.clip, label_model=label, mask_decoder=changes.get("mask_decoder", {}))
    model = CoSeg(config, loaded.clip.position_rows(config.label_model.queries))
    info = {
        "kind": "coseg",
        "config": config.to_json(),
        "clip": {"source": loaded.source, "sha256": loaded.digest},
        "recipe": "paper",
        "data": {"dataset": "none"},
        "seed": 0,
        "snap": False,
        "settings": {"loss": {"tau": 0.07}},
    }
    save_checkpoint(path, model.state_dict(), info)


def regions(seed: int, classes: int) -> np.ndarray:
    """(375, 500) native ids 1..classes in about a dozen wavy regions, as photographs have."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(float)
    y, x = y + 6 * np.sin(x / 9 + seed), x + 5 * np.sin(y / 7)
    points = rng.random((12, 2)) * (HEIGHT, WIDTH)
    nearest = np.argmin((y[..., None] - points[:, 0]) ** 2 + (x[..., None] - points[:, 1]) ** 2, axis=-1)
    names: np.ndarray = rng.integers(1, classes + 1, 12)[nearest]
    return names


def photograph(seed: int) -> Image.Image:
    """500x375, its regions in colours, with waves and grain: about the bytes of a real JPEG."""
    rng = np.random.default_rng(seed)
    colours = rng.integers(0, 256, (21, 3))[regions(seed, 20)]
    waves = 25 * np.sin(np.arange(WIDTH) / 5)[None, :, None]
    grain = rng.normal(0, 12, (HEIGHT, WIDTH, 1))
    return Image.fromarray(np.clip(colours + waves + grain, 0, 255).astype(np.uint8))


def write_voc(root: Path, images: int) -> Path:
    """PASCAL VOC's layout with photographs of :func:`photograph`; returns its card."""
    names = {f"2007_{place:06d}": regions(place, 20) for place in range(images)}
    make_voc(root, names, photographs=False)
    folder = root / "VOCdevkit/VOC2012/JPEGImages"
    folder.mkdir(parents=True, exist_ok=True)
    for place, name in enumerate(names):
        photograph(place).save(folder / f"{name}.jpg", quality=95)
    return loose_card(root, "voc20")


def in_turns(
    work: Sequence[Callable[[], object]], rounds: int, finish: Callable[[], object] = lambda: None
) -> list[float]:
    """Least seconds of each, measured in turns, so that a busy machine slows them alike.

    Args:
        work: what is measured.
        rounds: turns.
        finish: called after each, inside its time: waits for an accelerator.
    """
    best = [float("inf")] * len(work)
    for _ in range(rounds):
        for place, each in enumerate(work):
            start = time.perf_counter()
            each()
            finish()
            best[place] = min(best[place], time.perf_counter() - start)
    return best
