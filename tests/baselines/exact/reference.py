"""What `transformers` itself gives for a folder, an image and sentences: no code of ours takes part."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from PIL import Image

CLIPSEG = "CLIPSegForImageSegmentation"


def pixels_of(folder: Path, image: Image.Image, side: int | None = None) -> torch.Tensor:
    """(1, 3, S, S) by the folder's own image processor; ``side`` squashes where it would crop."""
    from transformers import AutoImageProcessor

    processor = AutoImageProcessor.from_pretrained(folder)
    whole = {} if side is None else {"size": {"height": side, "width": side}, "do_center_crop": False}
    pixels: torch.Tensor = processor(images=image, return_tensors="pt", **whole)["pixel_values"]
    return pixels


def tokens_of(folder: Path, sentences: Sequence[str]) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder)(list(sentences), padding=True, return_tensors="pt")


def clip_scores(folder: Path, pixels: torch.Tensor, sentences: Sequence[str]) -> torch.Tensor:
    """(K,) what ``CLIPModel`` says of an image and each sentence, its logit scale taken out."""
    return _scores(_load("CLIPModel", folder), folder, pixels, sentences)


def clipseg_scores(folder: Path, pixels: torch.Tensor, sentences: Sequence[str]) -> torch.Tensor:
    """(K,) the same from the towers of a CLIPSeg."""
    return _scores(_load(CLIPSEG, folder).clip, folder, pixels, sentences)


@torch.no_grad()
def clipseg_masks(folder: Path, pixels: torch.Tensor, sentences: Sequence[str]) -> torch.Tensor:
    """(k, S, S) probabilities: ``CLIPSegForImageSegmentation`` called with the image repeated for each sentence."""
    repeated = pixels.repeat(len(sentences), 1, 1, 1)
    logits = _load(CLIPSEG, folder)(pixel_values=repeated, **tokens_of(folder, sentences)).logits
    found: torch.Tensor = logits.sigmoid().reshape(len(sentences), *logits.shape[-2:])
    return found


@lru_cache(maxsize=1)
def _load(kind: str, folder: Path) -> Any:
    """The last model that was asked for is kept: at B/16 sizes it takes a second to read."""
    import transformers

    return getattr(transformers, kind).from_pretrained(folder, dtype=torch.float32).eval()


@torch.no_grad()
def _scores(model: Any, folder: Path, pixels: torch.Tensor, sentences: Sequence[str]) -> torch.Tensor:
    output = model(pixel_values=pixels, **tokens_of(folder, sentences))
    scores: torch.Tensor = output.logits_per_image[0] / model.logit_scale.exp()
    return scores
