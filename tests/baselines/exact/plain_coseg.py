"""CoSeg's equations in plain float64, one image at a time. Source: the paper, and its authors' code where it is silent.

Names follow the paper: x are label tokens, H_i CLIP hidden states, A_i the states of the mask decoder.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from baselines.exact.plain import (
    Array,
    Weights,
    convolution,
    decoder_block,
    encoder_block,
    gelu,
    layer_norm,
    linear,
    part,
    spread,
)


def patch_tokens(states: Array, norm: Weights | None, projection: Weights) -> Array:
    """What the label model sees: CLIP's last hidden states (1 + L, hidden), CLS left out, in the joint space."""
    tokens = states[1:] if norm is None else np.stack([layer_norm(norm, token) for token in states[1:]])
    return np.stack([linear(projection, token) for token in tokens])


def prefix(weights: Weights, patches: Array, heads: int, blocks: int) -> Array:
    """Blocks over [queries; patches], every token sees every other; the first N outputs are the label tokens."""
    queries = weights["queries"] + weights["positions"]
    sequence = np.concatenate([queries, patches])
    for index in range(blocks):
        sequence = encoder_block(part(weights, f"blocks.{index}"), sequence, heads)
    return sequence[: len(queries)]


def xatten(weights: Weights, patches: Array, heads: int, blocks: int, final_norm: bool = False) -> Array:
    """Half of the blocks encode the patches; in the other half the queries attend to themselves and to the result."""
    memory = patches
    for index in range(blocks // 2):
        memory = encoder_block(part(weights, f"encoder.{index}"), memory, heads)
    if final_norm:
        memory = np.stack([layer_norm(part(weights, "encoder_norm"), token) for token in memory])
    tokens = weights["queries"] + weights["positions"]
    for index in range(blocks - blocks // 2):
        tokens = decoder_block(part(weights, f"decoder.{index}"), tokens, memory, heads)
    if final_norm:
        tokens = np.stack([layer_norm(part(weights, "decoder_norm"), token) for token in tokens])
    return tokens


def film(weights: Weights, state: Array, condition: Array) -> Array:
    """Each channel of each token multiplied and shifted by what a linear layer makes of the condition."""
    factor, shift = linear(part(weights, "multiply"), condition), linear(part(weights, "add"), condition)
    return np.stack([factor * token + shift for token in state])


def mask_logits(
    weights: Weights,
    hidden: Sequence[Array],
    condition: Array,
    *,
    heads: int,
    block_first: bool,
    shared_film: bool = False,
    keep_cls: bool = False,
    unit: bool = False,
) -> Array:
    """The (S, S) logits of one label.

    A_{i+1} = FiLM(Block(A_i + reduce_i(H_i))) as the paper, or Block(FiLM(A_i + reduce_i(H_i))) as the code; A_0 = 0.
    """
    if unit:
        condition = condition / math.sqrt(float(np.dot(condition, condition))) * math.sqrt(len(condition))
    state: Array | float = 0.0
    for index, states in enumerate(hidden):
        kept = states if keep_cls else states[1:]
        summed = state + np.stack([linear(part(weights, f"reduces.{index}"), token) for token in kept])
        modulation = part(weights, f"films.{0 if shared_film else index}")
        block = part(weights, f"blocks.{index}")
        if block_first:
            state = film(modulation, encoder_block(block, summed, heads), condition)
        else:
            state = encoder_block(block, film(modulation, summed, condition), heads)
    assert isinstance(state, np.ndarray)
    return mask_head(part(weights, "head"), state[1:] if keep_cls else state)


def mask_head(weights: Weights, state: Array) -> Array:
    """From L tokens in rows to pixels."""
    side = math.isqrt(len(state))
    grid = np.stack([[state[row * side + column] for column in range(side)] for row in range(side)])
    image = gelu(convolution(part(weights, "0"), grid.transpose(2, 0, 1)))
    return spread(part(weights, "4"), gelu(spread(part(weights, "2"), image)))[0]
