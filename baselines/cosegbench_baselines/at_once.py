"""How much of a batch to compute at once: all of it on an accelerator, what stays in the cache on a CPU."""

from __future__ import annotations

import torch

_ALL = 1 << 30

_TOKENS = 1024
"""Tokens that a CPU takes through a block together: two images or masks of CLIPSeg's 485 tokens, five of CLIP's 197.

The widest layer of B/16 is then 12 MB: it stays in a last-level cache, and below the size from which glibc gives memory
back to the kernel after every layer.
"""


def at_once(device: torch.device, tokens: int) -> int:
    """How many items of so many tokens each to compute together; 1 or more.

    Args:
        device: where.
        tokens: of one item.
    """
    return max(1, _TOKENS // max(1, tokens)) if device.type == "cpu" else _ALL
