"""Small random models: everything here runs in seconds on one core."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def own_text_files(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Text embeddings are kept in a folder of each test, not in the user's cache; returns the folder."""
    from cosegbench_baselines import class_text, text_files

    folder = tmp_path_factory.mktemp("text")
    monkeypatch.setattr(text_files, "embeddings_folder", lambda: folder)
    class_text.forget()
    return folder


@pytest.fixture(scope="session")
def clip_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny CLIP of random weights and its word tokenizer, as the trainer writes it."""
    from dataclasses import asdict

    import torch

    from cosegbench_baselines.checkpoint import save_checkpoint
    from cosegbench_baselines.small_clip import ClipShape, build_clip
    from cosegbench_baselines.tokens import build_word_tokenizer, load_word_tokenizer

    folder = tmp_path_factory.mktemp("clip")
    names = ["dog", "cat", "sea", "sky", "sand", "tree", "hot-air balloon", "unlabeled"]
    build_word_tokenizer([f"a photo of a {name}" for name in names]).save(str(folder / "tokenizer.json"))
    shape = ClipShape(image_size=16, patch=4, hidden=16, layers=3, heads=2, text_hidden=16, width=16, tokens=12)
    torch.manual_seed(0)
    model = build_clip(shape, len(load_word_tokenizer(folder / "tokenizer.json")))
    save_checkpoint(folder / "clip", model.state_dict(), {"kind": "clip", "shape": asdict(shape)}, half=True)
    return folder


@pytest.fixture(scope="session")
def loaded(clip_folder: Path) -> Any:
    """The tiny CLIP, loaded."""
    from cosegbench_baselines.sources import load_clip

    return load_clip(str(clip_folder))


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root of the miniature with a handful of images."""
    from cosegbench.miniature import SMALL_SIZES, draw_miniature

    folder = tmp_path_factory.mktemp("miniature")
    draw_miniature(folder, sizes=SMALL_SIZES)
    return folder


@pytest.fixture
def small() -> dict[str, dict[str, Any]]:
    """Sizes of a small CoSeg on the tiny CLIP."""
    return {
        "label_model": {"queries": 5, "blocks": 2, "heads": 2, "feedforward": 32},
        "mask_decoder": {"reduce": 8, "taps": (1, 2, 3), "heads": 2, "feedforward": 16},
    }
