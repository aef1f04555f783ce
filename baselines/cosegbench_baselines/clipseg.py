"""CLIPSeg (Lüddecke and Ecker 2022) with the image encoded once and the decoder run for all labels of a batch.

``transformers``' own modules do the arithmetic, so that published checkpoints load as they are; only the repetition is
gone. CLIPSeg reads its hidden states in reverse order and conditions by FiLM once, at the first block.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

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
        features = vision_pass(clip.vision_model, clip.visual_projection if pooled else None, pixels, self.taps)
        return features.taps, features.pooled

    @torch.no_grad()
    def decode(self, taps: Sequence[torch.Tensor], condition: torch.Tensor) -> torch.Tensor:
        """Mask logits (B, k, S, S) for k labels an image.

        Args:
            taps: hidden states (B, 1 + L, hidden).
            condition: (B, k, width) text embeddings, not normalised.
        """
        return decode_labels(self.model.decoder, taps, condition)


def decode_labels(decoder: Any, taps: Sequence[torch.Tensor], condition: torch.Tensor) -> torch.Tensor:
    """Run CLIPSeg's decoder for k labels of each image: (B, k, S, S) logits, with gradients.

    With FiLM at the first block everything before it is the reduction of one hidden state, which is cheap; the hidden
    states are therefore expanded, not copied, and the k labels form one batch.
    """
    batch, labels = condition.shape[:2]
    spread = tuple(tap.unsqueeze(1).expand(-1, labels, -1, -1).flatten(0, 1) for tap in taps)
    logits: torch.Tensor = decoder(spread, condition.flatten(0, 1)).logits
    return logits.view(batch, labels, *logits.shape[-2:])
