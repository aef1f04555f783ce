"""CoSeg's label models: from the patch tokens of one image to N label tokens in CLIP's joint space.

Blocks are post-norm transformer blocks with GELU. Attention is over the tokens of one image, as the paper says; the
authors' code attends across the images of a batch, which is not reproduced (a batch gives what its images give alone).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import nn

from cosegbench_baselines.config import LabelModelConfig

_Block = TypeVar("_Block", bound=nn.Module)


class LabelModel(nn.Module):
    """What both variants share: the learnable queries and their fixed positions.

    Args:
        config: sizes.
        positions: (N, width), added to the queries: the first rows of CLIP's text position embedding.
    """

    positions: torch.Tensor

    def __init__(self, config: LabelModelConfig, positions: torch.Tensor) -> None:
        super().__init__()
        self.config = config
        self.queries = nn.Parameter(torch.randn(config.queries, config.width) * config.query_std)
        self.register_buffer("positions", positions.clone())

    def starts(self, batch: int) -> torch.Tensor:
        """(B, N, width): the queries with their positions, for each image."""
        return (self.queries + self.positions).expand(batch, -1, -1)

    def _blocks(self, kind: Callable[..., _Block], count: int) -> nn.ModuleList:
        c = self.config
        sizes = {"d_model": c.width, "nhead": c.heads, "dim_feedforward": c.feedforward, "dropout": c.dropout}
        return nn.ModuleList(kind(**sizes, activation="gelu", batch_first=True, norm_first=False) for _ in range(count))


class PrefixLabelModel(LabelModel):
    """Decoder-only blocks over [queries; patch tokens] without an attention mask; the first N outputs are kept."""

    def __init__(self, config: LabelModelConfig, positions: torch.Tensor) -> None:
        super().__init__(config, positions)
        self.blocks = self._blocks(nn.TransformerEncoderLayer, config.blocks)

    def forward(self, patches: torch.Tensor) -> torch.Tensor:
        """Label tokens (B, N, width) of patch tokens (B, L, width)."""
        sequence = torch.cat([self.starts(len(patches)), patches], dim=1)
        for block in self.blocks:
            sequence = block(sequence)
        return sequence[:, : self.config.queries]


class XattenLabelModel(LabelModel):
    """An encoder over the patch tokens and a decoder whose queries attend to each other and to its output."""

    def __init__(self, config: LabelModelConfig, positions: torch.Tensor) -> None:
        super().__init__(config, positions)
        self.encoder = self._blocks(nn.TransformerEncoderLayer, config.blocks // 2)
        self.decoder = self._blocks(nn.TransformerDecoderLayer, config.blocks - config.blocks // 2)
        self.encoder_norm = nn.LayerNorm(config.width) if config.final_norm else nn.Identity()
        self.decoder_norm = nn.LayerNorm(config.width) if config.final_norm else nn.Identity()

    def forward(self, patches: torch.Tensor) -> torch.Tensor:
        """Label tokens (B, N, width) of patch tokens (B, L, width)."""
        memory = patches
        for block in self.encoder:
            memory = block(memory)
        memory = self.encoder_norm(memory)
        tokens = self.starts(len(patches))
        for block in self.decoder:
            tokens = block(tokens, memory)
        normed: torch.Tensor = self.decoder_norm(tokens)
        return normed


def build_label_model(config: LabelModelConfig, positions: torch.Tensor) -> LabelModel:
    """The label model of ``config.variant``."""
    kind = {"prefix": PrefixLabelModel, "xatten": XattenLabelModel}[config.variant]
    return kind(config, positions)
