"""CoSeg's own mask decoder: CLIP hidden states in order, a block then FiLM, at every block.

Not CLIPSeg's: that one reads the hidden states in reverse and conditions once (:mod:`cosegbench_baselines.clipseg`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import nn

from cosegbench.errors import RequestError
from cosegbench_baselines.config import MaskDecoderConfig


class Film(nn.Module):
    """Feature-wise linear modulation: multiply and add, both linear in the condition."""

    def __init__(self, width: int, reduce: int) -> None:
        super().__init__()
        self.multiply = nn.Linear(width, reduce)
        self.add = nn.Linear(width, reduce)

    def forward(self, tokens: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        """(B, 1 or N, L, reduce) tokens and (B, N, width) conditions -> (B, N, L, reduce)."""
        factor: torch.Tensor = self.multiply(condition)
        shift: torch.Tensor = self.add(condition)
        return factor.unsqueeze(2) * tokens + shift.unsqueeze(2)


class MaskHead(nn.Sequential):
    """From the patch grid to pixels: a 3x3 convolution and two transposed ones that upsample by the patch size."""

    def __init__(self, reduce: int, patch: int) -> None:
        first = next((stride for stride in (4, 2) if patch % stride == 0), None)
        if first is None:
            raise RequestError(f"the mask head upsamples in two steps and needs an even patch size; got {patch}.")
        last = patch // first
        super().__init__(
            nn.Conv2d(reduce, reduce, 3, padding=1, padding_mode="replicate"),
            nn.GELU(),
            nn.ConvTranspose2d(reduce, reduce // 2, first, stride=first),
            nn.GELU(),
            nn.ConvTranspose2d(reduce // 2, 1, last, stride=last),
        )


class MaskDecoder(nn.Module):
    """N masks an image, each conditioned on one label token.

    ``block-film``: A_{i+1} = FiLM(Block(A_i + reduce_i(H_i))), A_0 = 0; ``film-block``: A_{i+1} = Block(FiLM(A_i +
    reduce_i(H_i))). What does not depend on the label (with ``block-film`` the whole first block) is computed once an
    image, not once a label.
    """

    def __init__(self, config: MaskDecoderConfig) -> None:
        super().__init__()
        self.config = c = config
        depth = len(c.taps)
        self.reduces = nn.ModuleList(nn.Linear(c.hidden, c.reduce) for _ in range(depth))
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(c.reduce, c.heads, c.feedforward, c.dropout, "gelu", batch_first=True)
            for _ in range(depth)
        )
        self.films = nn.ModuleList(Film(c.width, c.reduce) for _ in range(1 if c.shared_film else depth))
        self.head = MaskHead(c.reduce, c.patch)

    def forward(self, taps: Sequence[torch.Tensor], condition: torch.Tensor) -> torch.Tensor:
        """Mask logits (B, N, S, S).

        Args:
            taps: hidden states (B, 1 + L, hidden) of ``config.taps``, CLS first; it never reaches the mask head.
            condition: (B, N, width) label tokens.
        """
        if self.config.condition == "unit":
            condition = nn.functional.normalize(condition, dim=-1) * math.sqrt(condition.shape[-1])
        skip = 0 if self.config.keep_cls else 1
        state: torch.Tensor | None = None
        for index, (hidden, reduce) in enumerate(zip(taps, self.reduces, strict=True)):
            fresh = reduce(hidden[:, skip:]).unsqueeze(1)
            summed = fresh if state is None else state + fresh
            film = self.films[0 if self.config.shared_film else index]
            if self.config.order == "block-film":
                state = film(self._block(index, summed), condition)
            else:
                state = self._block(index, film(summed, condition))
        assert state is not None  # a configuration without taps has no blocks and no use
        return self._pixels(state[:, :, 1 - skip :])

    def _block(self, index: int, tokens: torch.Tensor) -> torch.Tensor:
        """Attention over the L tokens of each (image, label)."""
        flat: torch.Tensor = self.blocks[index](tokens.flatten(0, 1))
        return flat.view(tokens.shape)

    def _pixels(self, tokens: torch.Tensor) -> torch.Tensor:
        batch, count, length, reduce = tokens.shape
        side = math.isqrt(length)
        grid = tokens.reshape(batch * count, side, side, reduce).permute(0, 3, 1, 2)
        masks: torch.Tensor = self.head(grid)
        return masks.view(batch, count, *masks.shape[-2:])
