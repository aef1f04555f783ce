"""Folders with the published layout and photographs, made once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cosegbench import Vocabulary

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def published_tokenizer() -> Path | None:
    """CLIP's own vocab.json and merges.txt, where they lie beside the checkout."""
    folder = REPOSITORY.parent / "shared/real/clip_tokenizer"
    return folder if folder.is_dir() else None


@pytest.fixture(scope="session")
def clip_at(tmp_path_factory: pytest.TempPathFactory, published_tokenizer: Path | None) -> Path:
    from baselines.exact.folders import write_clip

    return write_clip(tmp_path_factory.mktemp("exact") / "clip", published=published_tokenizer)


@pytest.fixture(scope="session")
def clipseg_at(tmp_path_factory: pytest.TempPathFactory, published_tokenizer: Path | None) -> Path:
    from baselines.exact.folders import write_clipseg

    return write_clipseg(tmp_path_factory.mktemp("exact") / "clipseg", published=published_tokenizer)


@pytest.fixture(scope="session")
def stuff() -> Vocabulary:
    """The 171 names of COCO-Stuff."""
    from cosegbench.cards import load_card

    return load_card("coco-stuff").vocabulary()


@pytest.fixture(scope="session")
def photographs() -> list[Image.Image]:
    """A wide, a tall and a square one, smooth as photographs are."""
    rng = np.random.default_rng(0)
    small = [Image.fromarray(rng.integers(0, 256, (9, 12, 3), dtype=np.uint8)) for _ in range(3)]
    sizes = [(500, 375), (333, 480), (300, 300)]
    return [image.resize(size, Image.Resampling.BICUBIC) for image, size in zip(small, sizes, strict=True)]
