"""From photographs to normalised tensors: the whole image squashed to the model's square."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from cosegbench.errors import DataError

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True, slots=True)
class PixelRule:
    """How a model wants its pixels.

    Args:
        mean: of the channels, in 0..1.
        std: of the channels, in 0..1.
        resample: PIL's number for the filter (2 bilinear, 3 bicubic).
        size: side in pixels of the square that the checkpoint's own file asks for; None where it names none, or a rule
            that is no square.
    """

    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    resample: int
    size: int | None = None


CLIP_PIXELS = PixelRule((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711), 3)
"""OpenAI's CLIP: its own channel statistics, bicubic."""

CLIPSEG_PIXELS = PixelRule((0.485, 0.456, 0.406), (0.229, 0.224, 0.225), 2, 352)
"""CLIPSeg's published checkpoint: ImageNet's channel statistics, bilinear, 352 pixels."""


def read_pixel_rule(folder: Path, default: PixelRule) -> PixelRule:
    """What ``preprocessor_config.json`` in ``folder`` says; ``default`` where there is none or it is silent.

    Raises:
        DataError: the file is not JSON, or a value is not what its name asks for.
    """
    path = folder / "preprocessor_config.json"
    if not path.is_file():
        return default
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        mean, std = facts.get("image_mean", default.mean), facts.get("image_std", default.std)
        (red, green, blue), (r, g, b) = map(float, mean), map(float, std)
        size = _square(facts["size"]) if "size" in facts else default.size
        rule = PixelRule((red, green, blue), (r, g, b), int(facts.get("resample", default.resample)), size)
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise DataError(
            f"{path}: expected a JSON object with image_mean and image_std (3 numbers each), resample and size "
            f"({error}). Fetch it again."
        ) from error
    if min(rule.std) <= 0 or not 0 <= rule.resample <= 5 or (rule.size is not None and rule.size < 1):
        raise DataError(f"{path}: image_std and size must be above 0, resample 0 to 5; got {rule}.")
    return rule


def _square(size: Any) -> int | None:
    """The side that ``size`` states as a number or as equal height and width; None for a rule by the shortest edge."""
    if isinstance(size, dict):
        height, width = size.get("height"), size.get("width")
        if height is None and width is None:
            return None
        if height != width:
            raise ValueError(f"size {width} x {height} is no square")
        size = height
    return int(size)


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
