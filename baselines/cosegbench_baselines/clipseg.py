"""CLIPSeg (Lüddecke and Ecker 2022) with the image encoded once, and what all labels share of the decoder run once.

``transformers``' own modules do the arithmetic, so that published checkpoints load as they are; only the repetition is
gone. CLIPSeg reads its hidden states in reverse order and conditions by FiLM once, at the first block.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from cosegbench_baselines.at_once import at_once
from cosegbench_baselines.backbone import vision_pass


@dataclass(frozen=True, slots=True)
class ClipSegShape:
    """Size of a CLIPSeg decoder; the defaults are the miniature's, on its CLIP.

    Args:
        image_size: side in pixels of the input; CLIP's positions are interpolated to it.
        reduce: the decoder's width.
        layers: vision layers whose output is read (0 is the first layer's output).
        heads: attention heads of a block.
        feedforward: width of a block's feed-forward layer.
        complex_head: three convolutions instead of one in the head; the published refined checkpoint has them.
    """

    image_size: int = 96
    reduce: int = 64
    layers: tuple[int, ...] = (1, 3, 5)
    heads: int = 4
    feedforward: int = 256
    complex_head: bool = True


def build_clipseg(clip: Any, shape: ClipSegShape) -> Any:
    """A ``CLIPSegForImageSegmentation`` with a random decoder on the towers (copied) of a ``CLIPModel``."""
    from transformers import CLIPSegConfig, CLIPSegForImageSegmentation

    config = CLIPSegConfig(
        text_config=clip.config.text_config.to_dict(),
        vision_config=clip.config.vision_config.to_dict(),
        projection_dim=clip.config.projection_dim,
        extract_layers=list(shape.layers),
        reduce_dim=shape.reduce,
        decoder_num_attention_heads=shape.heads,
        decoder_intermediate_size=shape.feedforward,
        decoder_attention_dropout=0.0,
        use_complex_transposed_convolution=shape.complex_head,
    )
    model = CLIPSegForImageSegmentation(config)
    model.clip.load_state_dict(clip.state_dict())
    return model


class ClipSegOnce(nn.Module):
    """A CLIPSeg that encodes each image once, to the last layer that is needed.

    Args:
        model: ``CLIPSegForImageSegmentation``.
        image_size: side in pixels of the input.
    """

    def __init__(self, model: Any, image_size: int) -> None:
        super().__init__()
        self.model = model.requires_grad_(False).eval()
        self.image_size = image_size

    @property
    def taps(self) -> tuple[int, ...]:
        """Hidden states that the decoder reads, 0 being the embedding."""
        return tuple(layer + 1 for layer in self.model.extract_layers)

    @torch.no_grad()
    def encode(
        self, pixels: torch.Tensor, *, pooled: bool = False
    ) -> tuple[tuple[torch.Tensor, ...], torch.Tensor | None]:
        """Hidden states of (B, 3, S, S) normalised pixels, and the image embedding (B, width) where ``pooled``."""
        clip = self.model.clip
        projection = clip.visual_projection if pooled else None
        features = vision_pass(clip.vision_model, projection, pixels, self.taps, patches=False)
        return features.taps, features.pooled

    @torch.no_grad()
    def decode(self, taps: Sequence[torch.Tensor], condition: torch.Tensor) -> torch.Tensor:
        """Mask logits (B, k, S, S) for k labels an image.

        Args:
            taps: hidden states (B, 1 + L, hidden).
            condition: (B, k, width) text embeddings, not normalised.
        """
        decoder = self.model.decoder
        reduced = [reduce(tap).unsqueeze(1) for reduce, tap in zip(decoder.reduces, reversed(taps), strict=True)]
        step = at_once(condition.device, len(condition) * reduced[0].shape[2])
        starts = range(0, condition.shape[1], step)
        chunks = [_draw(decoder, reduced, condition[:, start : start + step]) for start in starts]
        return chunks[0] if len(chunks) == 1 else torch.cat(chunks, 1)


def _draw(decoder: Any, reduced: Sequence[torch.Tensor], condition: torch.Tensor) -> torch.Tensor:
    """The decoder from its reduced hidden states (B, 1, 1 + L, reduce) on: logits (B, n, S, S) of n labels an image.

    Whatever comes before the FiLM is the same for all labels of an image, and computed for one.
    """
    state: torch.Tensor | None = None
    for index, (fresh, layer) in enumerate(zip(reduced, decoder.layers, strict=True)):
        state = fresh if state is None else fresh + state
        if index == decoder.conditional_layer:
            factor, shift = decoder.film_mul(condition), decoder.film_add(condition)
            state = factor.unsqueeze(2) * state + shift.unsqueeze(2)
        state = layer(state.flatten(0, 1), None).view(state.shape)
    assert state is not None  # a decoder without layers has no use
    flat = state[:, :, 1:].flatten(0, 1).transpose(1, 2)
    side = math.isqrt(flat.shape[-1])
    logits: torch.Tensor = decoder.transposed_convolution(flat.reshape(*flat.shape[:2], side, side))
    return logits.view(*condition.shape[:2], *logits.shape[-2:])


def decode_labels(decoder: Any, taps: Sequence[torch.Tensor], condition: torch.Tensor) -> torch.Tensor:
    """Run CLIPSeg's decoder for k labels of each image, with gradients, for training: (B, k, S, S) logits.

    The k labels form one batch, and ``transformers``' own forward does all of it, with its order of sums: the weights
    that ship were trained so.
    """
    batch, labels = condition.shape[:2]
    spread = tuple(tap.unsqueeze(1).expand(-1, labels, -1, -1).flatten(0, 1) for tap in taps)
    logits: torch.Tensor = decoder(spread, condition.flatten(0, 1)).logits
    return logits.view(batch, labels, *logits.shape[-2:])
