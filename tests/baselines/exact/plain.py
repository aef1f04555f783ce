"""The building blocks of a transformer in plain float64: one number after the other, as the textbooks write them.

Nothing here knows how the fast code does it. Only the names of the weights are shared, and what torch's documentation
says of their layout: a linear layer's weight is (out, in); attention's ``in_proj`` holds queries, keys and values in
this order; a convolution's weight is (out, in, row, column) and a transposed one's (in, out, row, column).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Weights = Mapping[str, Array]

EPSILON = 1e-5
"""Layer norm's, torch's default."""


def part(weights: Weights, prefix: str) -> Weights:
    """The weights below a name."""
    return {name.removeprefix(f"{prefix}."): each for name, each in weights.items() if name.startswith(f"{prefix}.")}


def linear(weights: Weights, vector: Array) -> Array:
    """W x + b."""
    out = np.zeros(len(weights["weight"]))
    for row, line in enumerate(weights["weight"]):
        out[row] = sum(w * x for w, x in zip(line.tolist(), vector.tolist(), strict=True))
        if "bias" in weights:
            out[row] += weights["bias"][row]
    return out


def layer_norm(weights: Weights, vector: Array) -> Array:
    """(x - mean) / sqrt(variance + epsilon), scaled and shifted."""
    mean = sum(vector.tolist()) / len(vector)
    variance = sum((x - mean) ** 2 for x in vector.tolist()) / len(vector)
    return np.array(
        [
            (x - mean) / math.sqrt(variance + EPSILON) * scale + shift
            for x, scale, shift in zip(vector, weights["weight"], weights["bias"], strict=True)
        ]
    )


def gelu(vector: Array) -> Array:
    """x Phi(x), with the normal distribution's Phi and no approximation."""
    return np.array([x * 0.5 * (1 + math.erf(x / math.sqrt(2))) for x in vector.ravel()]).reshape(vector.shape)


def softmax(values: list[float]) -> list[float]:
    powers = [math.exp(value - max(values)) for value in values]
    return [power / sum(powers) for power in powers]


def attention(weights: Weights, asking: Array, answering: Array, heads: int) -> Array:
    """Multi-head attention of (n, d) tokens over (m, d) tokens, without a mask."""
    width = asking.shape[1]
    size = width // heads
    names = ("query", "key", "value")
    projected = {
        name: {
            "weight": weights["in_proj_weight"][place * width : (place + 1) * width],
            "bias": weights["in_proj_bias"][place * width : (place + 1) * width],
        }
        for place, name in enumerate(names)
    }
    queries = [linear(projected["query"], token) for token in asking]
    keys = [linear(projected["key"], token) for token in answering]
    values = [linear(projected["value"], token) for token in answering]
    out = np.zeros((len(asking), width))
    for head in range(heads):
        mine = slice(head * size, (head + 1) * size)
        for place, query in enumerate(queries):
            scores = [float(np.dot(query[mine], key[mine])) / math.sqrt(size) for key in keys]
            for share, value in zip(softmax(scores), values, strict=True):
                out[place, mine] += share * value[mine]
    return np.stack([linear(part(weights, "out_proj"), token) for token in out])


def feed_forward(weights: Weights, token: Array) -> Array:
    return linear(part(weights, "linear2"), gelu(linear(part(weights, "linear1"), token)))


def encoder_block(weights: Weights, tokens: Array, heads: int) -> Array:
    """A post-norm block: x = norm(x + attention(x, x)), x = norm(x + feed_forward(x))."""
    attended = attention(part(weights, "self_attn"), tokens, tokens, heads)
    tokens = np.stack([layer_norm(part(weights, "norm1"), token) for token in tokens + attended])
    fed = np.stack([feed_forward(weights, token) for token in tokens])
    return np.stack([layer_norm(part(weights, "norm2"), token) for token in tokens + fed])


def decoder_block(weights: Weights, tokens: Array, memory: Array, heads: int) -> Array:
    """The same with attention to ``memory`` between the two steps."""
    attended = attention(part(weights, "self_attn"), tokens, tokens, heads)
    tokens = np.stack([layer_norm(part(weights, "norm1"), token) for token in tokens + attended])
    crossed = attention(part(weights, "multihead_attn"), tokens, memory, heads)
    tokens = np.stack([layer_norm(part(weights, "norm2"), token) for token in tokens + crossed])
    fed = np.stack([feed_forward(weights, token) for token in tokens])
    return np.stack([layer_norm(part(weights, "norm3"), token) for token in tokens + fed])


def convolution(weights: Weights, image: Array) -> Array:
    """3x3, stride 1, of a (channels, rows, columns) image whose border repeats outwards."""
    kernel = weights["weight"]
    _, rows, columns = image.shape
    out = np.zeros((len(kernel), rows, columns))
    for channel in range(len(kernel)):
        for row in range(rows):
            for column in range(columns):
                total = float(weights["bias"][channel])
                for down in range(3):
                    for right in range(3):
                        y = min(max(row + down - 1, 0), rows - 1)
                        x = min(max(column + right - 1, 0), columns - 1)
                        total += float(np.dot(kernel[channel, :, down, right], image[:, y, x]))
                out[channel, row, column] = total
    return out


def spread(weights: Weights, image: Array) -> Array:
    """A transposed convolution whose stride is its kernel's side: every cell becomes a square of its own."""
    kernel = weights["weight"]
    _, channels, side, _ = kernel.shape
    _, rows, columns = image.shape
    out = np.zeros((channels, rows * side, columns * side))
    for channel in range(channels):
        for row in range(rows * side):
            for column in range(columns * side):
                weight = kernel[:, channel, row % side, column % side]
                cell = image[:, row // side, column // side]
                out[channel, row, column] = weights["bias"][channel] + float(np.dot(weight, cell))
    return out
