"""A frozen CLIP: patch tokens, hidden states, image and text embeddings, from only the layers that are needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from cosegbench_baselines.at_once import at_once
from cosegbench_baselines.tokens import token_ids


@dataclass(frozen=True, slots=True)
class ImageFeatures:
    """What one pass through a vision tower gave.

    Args:
        taps: the hidden states asked for, each (B, 1 + L, hidden), CLS first.
        patches: (B, L, width) patch tokens through the visual projection, or None where the pass stopped earlier.
        pooled: (B, width) image embedding, not normalised, or None where the pass stopped earlier.
    """

    taps: tuple[torch.Tensor, ...]
    patches: torch.Tensor | None = None
    pooled: torch.Tensor | None = None


def vision_pass(
    tower: Any,
    projection: nn.Module | None,
    pixels: torch.Tensor,
    taps: Sequence[int] = (),
    *,
    norm_patches: bool = True,
    patches: bool = True,
) -> ImageFeatures:
    """Run a CLIP or CLIPSeg vision tower of ``transformers`` up to the last layer that is needed.

    A CPU takes a few images at a time, as :func:`~cosegbench_baselines.at_once.at_once` says.

    Args:
        tower: ``CLIPVisionModel`` or ``CLIPSegVisionModel``.
        projection: the visual projection; None stops after the last tapped layer.
        pixels: (B, 3, S, S), normalised; for S other than the tower's own the positions are interpolated.
        taps: hidden states to return, 0 being the input of the first layer.
        norm_patches: patch tokens pass CLIP's last layer norm before the projection, as its CLS token does.
        patches: whether patch tokens are wanted of the projection; without them the last layer gives its CLS token
            only, which costs a fifth of it, unless it is tapped.
    """
    step = at_once(pixels.device, (pixels.shape[-1] // tower.config.patch_size) ** 2 + 1)
    starts = range(0, len(pixels), step)
    found = [
        _vision_pass(tower, projection, pixels[start : start + step], taps, norm_patches, patches) for start in starts
    ]
    return found[0] if len(found) == 1 else _joined(found)


def _joined(parts: Sequence[ImageFeatures]) -> ImageFeatures:
    """The features of all images of several passes."""

    def join(tensors: Sequence[torch.Tensor | None]) -> torch.Tensor | None:
        given = [tensor for tensor in tensors if tensor is not None]
        return torch.cat(given) if given else None

    taps = tuple(torch.cat(tap) for tap in zip(*(part.taps for part in parts), strict=True))
    return ImageFeatures(taps, join([part.patches for part in parts]), join([part.pooled for part in parts]))


def _vision_pass(
    tower: Any,
    projection: nn.Module | None,
    pixels: torch.Tensor,
    taps: Sequence[int],
    norm_patches: bool,
    patches: bool,
) -> ImageFeatures:
    hidden = tower.embeddings(pixels, interpolate_pos_encoding=pixels.shape[-1] != tower.config.image_size)
    hidden = tower.pre_layrnorm(hidden)
    states = {0: hidden}
    layers = tower.encoder.layers
    last = len(layers) if projection is not None else max(taps, default=0)
    only_cls = projection is not None and not patches and last > 0 and last not in taps
    for index in range(1, last + 1 - only_cls):
        output = layers[index - 1](hidden, None)
        hidden = output[0] if isinstance(output, tuple) else output
        states[index] = hidden
    kept = tuple(states[tap] for tap in taps)
    if projection is None:
        return ImageFeatures(kept)
    cls = _cls_of_layer(layers[-1], hidden) if only_cls else hidden[:, 0]
    pooled = projection(tower.post_layernorm(cls))
    if not patches:
        return ImageFeatures(kept, None, pooled)
    others = hidden[:, 1:]
    return ImageFeatures(kept, projection(tower.post_layernorm(others) if norm_patches else others), pooled)


def _cls_of_layer(layer: Any, hidden: torch.Tensor) -> torch.Tensor:
    """The CLS token (B, hidden) that a layer makes of (B, 1 + L, hidden): one query against the keys of all tokens."""
    attention, normed = layer.self_attn, layer.layer_norm1(hidden)

    def heads(tokens: torch.Tensor) -> torch.Tensor:
        return tokens.view(*tokens.shape[:2], attention.num_heads, -1).transpose(1, 2)

    query, key, value = attention.q_proj(normed[:, :1]), attention.k_proj(normed), attention.v_proj(normed)
    mixed = nn.functional.scaled_dot_product_attention(heads(query), heads(key), heads(value), scale=attention.scale)
    cls: torch.Tensor = hidden[:, :1] + attention.out_proj(mixed.transpose(1, 2).flatten(2))
    cls = cls + layer.mlp(layer.layer_norm2(cls))
    return cls[:, 0]


class FrozenClip(nn.Module):
    """A CLIP whose parameters never receive gradients and whose dropout is always off.

    Args:
        model: ``transformers.CLIPModel``.
        tokenizer: anything with the call interface of ``transformers`` tokenizers.
    """

    def __init__(self, model: Any, tokenizer: Any) -> None:
        super().__init__()
        self.model = model.requires_grad_(False).eval()
        self.tokenizer = tokenizer

    def train(self, mode: bool = True) -> FrozenClip:
        """Stay in evaluation mode whatever the surrounding module does."""
        del mode  # the name is nn.Module's
        return super().train(False)

    @property
    def width(self) -> int:
        """Width of the joint space."""
        return int(self.model.config.projection_dim)

    @property
    def hidden(self) -> int:
        """Width of the vision tower."""
        return int(self.model.config.vision_config.hidden_size)

    @property
    def layers(self) -> int:
        """Layers of the vision tower."""
        return int(self.model.config.vision_config.num_hidden_layers)

    @property
    def patch(self) -> int:
        """Patch size in pixels."""
        return int(self.model.config.vision_config.patch_size)

    @property
    def image_size(self) -> int:
        """Side in pixels of the input that the tower was trained at."""
        return int(self.model.config.vision_config.image_size)

    @torch.no_grad()
    def encode_image(
        self, pixels: torch.Tensor, taps: Sequence[int] = (), *, norm_patches: bool = True, patches: bool = True
    ) -> ImageFeatures:
        """Hidden states, projected patch tokens and image embedding; arguments as :func:`vision_pass`."""
        tower, projection = self.model.vision_model, self.model.visual_projection
        return vision_pass(tower, projection, pixels, taps, norm_patches=norm_patches, patches=patches)

    @torch.no_grad()
    def encode_text(self, sentences: Sequence[str], chunk: int = 256) -> torch.Tensor:
        """Text embeddings (n, width), not normalised."""
        device = next(self.model.parameters()).device
        limit = int(self.model.config.text_config.max_position_embeddings)
        parts = []
        for start in range(0, len(sentences), chunk):
            ids = token_ids(self.tokenizer, sentences[start : start + chunk], limit).to(device)
            parts.append(self.model.text_projection(self.model.text_model(input_ids=ids).pooler_output))
        return torch.cat(parts) if parts else torch.empty(0, self.width, device=device)

    def position_rows(self, count: int) -> torch.Tensor:
        """The first ``count`` rows of the text position embedding, with which CoSeg's queries are position encoded."""
        rows: torch.Tensor = self.model.text_model.embeddings.position_embedding.weight[:count]
        return rows.detach().clone()
