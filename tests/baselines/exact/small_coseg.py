"""A small CoSeg with random weights that hide nothing, its inputs, and both as float64 NumPy arrays."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import nn

from baselines.exact.plain import Array, Weights
from baselines.exact.plain_coseg import mask_logits, prefix, xatten
from cosegbench_baselines.backbone import ImageFeatures
from cosegbench_baselines.config import CoSegConfig, LabelModelConfig, MaskDecoderConfig
from cosegbench_baselines.coseg import CoSeg

QUERIES, WIDTH, HIDDEN, SIDE, HEADS = 3, 8, 6, 3, 2
LABEL = LabelModelConfig(queries=QUERIES, width=WIDTH, blocks=2, heads=HEADS, feedforward=10, dropout=0.4)
DECODER = MaskDecoderConfig(
    hidden=HIDDEN, width=WIDTH, reduce=4, taps=(1, 2, 3), heads=HEADS, feedforward=6, dropout=0.4, patch=8
)


def build(label: dict[str, Any], decoder: dict[str, Any], seed: int = 0, dtype: torch.dtype = torch.float64) -> CoSeg:
    """A model of the small sizes with some fields changed; dropout is off, as at inference."""
    torch.manual_seed(seed)
    config = CoSegConfig(replace(LABEL, **label), replace(DECODER, **decoder), SIDE * DECODER.patch)
    model = CoSeg(config, torch.randn(config.label_model.queries, WIDTH))
    scramble(model, seed)
    return model.to(dtype).eval()


def scramble(model: nn.Module, seed: int) -> None:
    """Norms and biases that are not 1 and 0, queries that are not nearly 0."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        if "norm" in name and name.endswith("weight"):
            parameter.data.copy_(1 + 0.3 * noise)
        else:
            parameter.data.copy_(noise * (parameter[0].numel() ** -0.5 if parameter.dim() > 1 else 0.3))


def inputs(
    images: int = 2, seed: int = 0, dtype: torch.dtype = torch.float64, side: int = SIDE, taps: int = len(DECODER.taps)
) -> ImageFeatures:
    """What a frozen CLIP could have given."""
    generator = torch.Generator().manual_seed(seed)
    hidden = tuple(torch.randn(images, 1 + side**2, HIDDEN, generator=generator).to(dtype) for _ in range(taps))
    return ImageFeatures(hidden, torch.randn(images, side**2, WIDTH, generator=generator).to(dtype))


def numbers(module: nn.Module) -> Weights:
    return {name: tensor.detach().double().numpy() for name, tensor in module.state_dict().items()}


def plain_tokens(model: CoSeg, weights: Weights, patches: Array) -> Array:
    """Label tokens of one image by the equations."""
    config = model.config.label_model
    if config.variant == "prefix":
        return prefix(weights, patches, config.heads, config.blocks)
    return xatten(weights, patches, config.heads, config.blocks, config.final_norm)


def plain_masks(model: CoSeg, weights: Weights, hidden: list[Array], conditions: Array) -> Array:
    """(N, S, S) logits of one image by the equations."""
    config = model.config.mask_decoder
    settings = {
        "heads": config.heads,
        "block_first": config.order == "block-film",
        "shared_film": config.shared_film,
        "keep_cls": config.keep_cls,
        "unit": config.condition == "unit",
    }
    return np.stack([mask_logits(weights, hidden, condition, **settings) for condition in conditions])
