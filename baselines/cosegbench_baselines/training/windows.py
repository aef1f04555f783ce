"""Random crops and mirror images of squares, pixels and label maps alike, on the device on which they lie."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from cosegbench_baselines.training.pictures import Squares


@dataclass(frozen=True, slots=True)
class Window:
    """One crop for a whole batch, resized back to the side that it was cut from.

    Args:
        size: side of the squares.
        side: side of the crop.
        top: its first row.
        left: its first column.
    """

    size: int
    side: int
    top: int
    left: int

    def pixels(self, pixels: torch.Tensor, mirror: torch.Tensor) -> torch.Tensor:
        """(B, 3, S, S) uint8, bilinear; mirrored where ``mirror`` (B,) says so."""
        cut = self._cut(pixels)
        if self.side != self.size:
            resized = functional.interpolate(cut.float(), (self.size, self.size), mode="bilinear")
            cut = resized.round().clamp(0, 255).to(torch.uint8)
        return torch.where(mirror[:, None, None, None], cut.flip(-1), cut)

    def masks(self, masks: torch.Tensor, mirror: torch.Tensor) -> torch.Tensor:
        """(B, N, S, S) masks or label maps as float32, nearest neighbour."""
        cut = self._cut(masks).float()
        if self.side != self.size:
            cut = functional.interpolate(cut, (self.size, self.size), mode="nearest-exact")
        return torch.where(mirror[:, None, None, None], cut.flip(-1), cut)

    def _cut(self, squares: torch.Tensor) -> torch.Tensor:
        return squares[..., self.top : self.top + self.side, self.left : self.left + self.side]


def random_window(size: int, smallest: float, rng: np.random.Generator) -> Window:
    """A random crop of at least ``smallest`` of the side; 1 gives all of it."""
    side = int(rng.integers(round(smallest * size), size + 1))
    return Window(size, side, int(rng.integers(0, size - side + 1)), int(rng.integers(0, size - side + 1)))


def augmented(squares: Squares, rng: np.random.Generator, smallest: float, mirror: bool) -> Squares:
    """One random window for the whole batch, mirrored for a random half of it where ``mirror``."""
    window = random_window(squares.pixels.shape[-1], smallest, rng)
    flips = torch.from_numpy(rng.random(len(squares.pixels)) < (0.5 if mirror else 0.0)).to(squares.pixels.device)
    labels = window.masks(squares.labels.unsqueeze(1), flips).squeeze(1).to(squares.labels.dtype)
    return Squares(window.pixels(squares.pixels, flips), labels)
