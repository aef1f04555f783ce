"""From photographs to normalised tensors: the whole image squashed to the model's square."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True, slots=True)
class PixelRule:
    """How a model wants its pixels.

    Args:
        mean: of the channels, in 0..1.
        std: of the channels, in 0..1.
        resample: PIL's number for the filter (2 bilinear, 3 bicubic).
    """

    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    resample: int


CLIP_PIXELS = PixelRule((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711), 3)
"""OpenAI's CLIP: its own channel statistics, bicubic."""

CLIPSEG_PIXELS = PixelRule((0.485, 0.456, 0.406), (0.229, 0.224, 0.225), 2)
"""CLIPSeg's published checkpoint: ImageNet's channel statistics, bilinear."""


def squash(images: Sequence[Image.Image], size: int, resample: int) -> torch.Tensor:
    """The whole of each image resized to ``size`` x ``size``, aspect ratio given up: (B, 3, size, size) uint8."""
    from PIL import Image

    filter_ = Image.Resampling(resample)
    arrays = [
        np.asarray(image if image.size == (size, size) else image.resize((size, size), filter_), np.uint8)
        for image in (image.convert("RGB") for image in images)
    ]
    return torch.from_numpy(np.stack(arrays)).permute(0, 3, 1, 2).contiguous()


def normalise(raw: torch.Tensor, rule: PixelRule) -> torch.Tensor:
    """Normalised float32 (B, 3, S, S) of uint8 pixels."""
    mean = torch.tensor(rule.mean, device=raw.device).view(1, 3, 1, 1)
    std = torch.tensor(rule.std, device=raw.device).view(1, 3, 1, 1)
    return (raw.float() / 255 - mean) / std
