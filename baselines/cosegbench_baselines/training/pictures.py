"""Photographs with label maps, cut to the model's square as the paper cuts them, in batches that a seed decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from torch.nn import functional

if TYPE_CHECKING:
    from PIL import Image

    from cosegbench import Dataset

Geometry = Literal["square-crop", "squash"]
CACHE_BYTES = 2 * 1024**3
"""Data sets whose squares fit in this many bytes are decoded once and kept in memory."""


@dataclass(frozen=True, slots=True)
class Squares:
    """A batch of square pictures.

    Args:
        pixels: (B, 3, S, S) uint8.
        labels: (B, S, S) int64 class indices; 65535 is no class.
    """

    pixels: torch.Tensor
    labels: torch.Tensor


class LabelledPictures:
    """The pictures of one data set as squares of one side.

    Args:
        dataset: images and targets.
        size: side in pixels.
        geometry: ``square-crop`` (paper: centre crop to the short side, then resize) or ``squash`` (all of the image).
        ids: the image ids to use, default all of them.
    """

    def __init__(self, dataset: Dataset, size: int, geometry: Geometry, ids: Sequence[str] | None = None) -> None:
        self.dataset, self.size, self.geometry = dataset, size, geometry
        self.ids = tuple(dataset.image_ids if ids is None else ids)
        self._kept: Squares | None = None
        if len(self.ids) * size * size * 5 <= CACHE_BYTES:
            self._kept = self._read(range(len(self.ids)), np.uint16)

    def __len__(self) -> int:
        return len(self.ids)

    def batch(self, picks: Sequence[int]) -> Squares:
        """The pictures at these places of ``ids``."""
        if self._kept is None:
            return self._read(picks, np.uint16)
        chosen = torch.as_tensor(picks)
        return Squares(self._kept.pixels[chosen], self._kept.labels[chosen])

    def _read(self, picks: Sequence[int], kind: type[np.uint16]) -> Squares:
        pixels = torch.empty(len(picks), 3, self.size, self.size, dtype=torch.uint8)
        labels = torch.empty(len(picks), self.size, self.size, dtype=torch.int32)
        for place, pick in enumerate(picks):
            image, target = self.dataset.image(self.ids[pick]), self.dataset.target(self.ids[pick])
            pixels[place] = torch.from_numpy(_square_image(image, self.size, self.geometry)).permute(2, 0, 1)
            labels[place] = torch.from_numpy(
                _square_labels(target.astype(kind), self.size, self.geometry).astype(np.int32)
            )
        return Squares(pixels, labels)


def _crop_box(width: int, height: int, geometry: Geometry) -> tuple[int, int, int, int]:
    if geometry == "squash":
        return 0, 0, width, height
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    return left, top, left + side, top + side


def _square_image(image: Image.Image, size: int, geometry: Geometry) -> np.ndarray:
    from PIL import Image

    box = _crop_box(*image.size, geometry)
    return np.array(image.convert("RGB").crop(box).resize((size, size), Image.Resampling.BILINEAR), np.uint8)


def _square_labels(labels: np.ndarray, size: int, geometry: Geometry) -> np.ndarray:
    """Nearest neighbour by pixel centres, on the same box as the image."""
    left, top, right, bottom = _crop_box(labels.shape[1], labels.shape[0], geometry)
    rows = top + ((np.arange(size) + 0.5) * (bottom - top) / size).astype(np.int64)
    columns = left + ((np.arange(size) + 0.5) * (right - left) / size).astype(np.int64)
    return labels[np.ix_(rows, columns)]


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
    flips = torch.from_numpy(rng.random(len(squares.pixels)) < (0.5 if mirror else 0.0))
    labels = window.masks(squares.labels.unsqueeze(1), flips).squeeze(1).to(squares.labels.dtype)
    return Squares(window.pixels(squares.pixels, flips), labels)
