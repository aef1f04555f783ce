"""Which images a draw takes: bootstrap weights and swaps, in chunks of bounded memory that never change a draw."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cosegbench.kernels.base import FloatArray

CHUNK_BYTES = 1 << 25
"""About so much is held at once for the draws of a chunk, whatever their number."""


def chunk_size(images: int, rows: int) -> int:
    """How many draws are done at once.

    Args:
        images: weights of a draw.
        rows: sums of a draw; a few arrays of that size exist at once.
    """
    return max(1, CHUNK_BYTES // (8 * (2 * images + 4 * rows)))


def weights(images: int, draws: int, seed: int, chunk: int) -> Iterator[FloatArray]:
    """How often each image is drawn, with replacement, as many as there are: (n, b) float64, b <= ``chunk``.

    The indices are those of ``numpy.random.default_rng(seed).integers(0, n, (draws, n))``, row by row.
    """
    generator = np.random.default_rng(seed)
    for start in range(0, draws, chunk):
        size = min(chunk, draws - start)
        # 64-bit indices are drawn one after the other, so chunks of rows are the rows of one large call.
        indices = generator.integers(0, images, (size, images))
        cells = indices * size + np.arange(size)[:, None]
        yield np.bincount(cells.ravel(), minlength=images * size).reshape(images, size).astype(np.float64)


def is_exact(images: int, draws: int) -> bool:
    """Whether every way to swap can be looked at with no more than ``draws`` of them."""
    return images < 63 and 2**images <= draws


def swaps(images: int, draws: int, seed: int, chunk: int) -> Iterator[FloatArray]:
    """Which images are swapped: (n, b) float64 of 0 and 1, b <= ``chunk``.

    Every way exactly once where there are no more than ``draws`` of them, else ``draws`` fair coins for each image.
    """
    generator = np.random.default_rng(seed)
    exact = is_exact(images, draws)
    total = 2**images if exact else draws
    for start in range(0, total, chunk):
        size = min(chunk, total - start)
        if exact:
            numbers = np.arange(start, start + size)
            yield ((numbers[None, :] >> np.arange(images)[:, None]) & 1).astype(np.float64)
        else:
            yield (generator.random((size, images)) < 0.5).T.astype(np.float64)
