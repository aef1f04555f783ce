"""A frozen CLIP: patch tokens, hidden states, image and text embeddings, from only the layers that are needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

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
) -> ImageFeatures:
    """Run a CLIP or CLIPSeg vision tower of ``transformers`` up to the last layer that is needed.

    Args:
        tower: ``CLIPVisionModel`` or ``CLIPSegVisionModel``.
        projection: the visual projection; None stops after the last tapped layer.
        pixels: (B, 3, S, S), normalised; for S other than the tower's own the positions are interpolated.
        taps: hidden states to return, 0 being the input of the first layer.
        norm_patches: patch tokens pass CLIP's last layer norm before the projection, as its CLS token does.
    """
    hidden = tower.embeddings(pixels, interpolate_pos_encoding=pixels.shape[-1] != tower.config.image_size)
    hidden = tower.pre_layrnorm(hidden)
    states = {0: hidden}
    layers = tower.encoder.layers
    for index in range(1, (len(layers) if projection is not None else max(taps, default=0)) + 1):
        output = layers[index - 1](hidden, None)
        hidden = output[0] if isinstance(output, tuple) else output
        states[index] = hidden
    kept = tuple(states[tap] for tap in taps)
    if projection is None:
        return ImageFeatures(kept)
    cls, patches = hidden[:, 0], hidden[:, 1:]
    return ImageFeatures(
        kept,
        projection(tower.post_layernorm(patches) if norm_patches else patches),
        projection(tower.post_layernorm(cls)),
    )


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
        self, pixels: torch.Tensor, taps: Sequence[int] = (), *, norm_patches: bool = True
    ) -> ImageFeatures:
        """Hidden states, projected patch tokens and image embedding; arguments as :func:`vision_pass`."""
        tower, projection = self.model.vision_model, self.model.visual_projection
        return vision_pass(tower, projection, pixels, taps, norm_patches=norm_patches)

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
