"""Photographs with label maps as squares of one side: kept in memory where they fit, else read as they are asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from cosegbench.training import silent
from cosegbench_baselines.training.progress import told
from cosegbench_baselines.training.squares import Geometry, read_square

if TYPE_CHECKING:
    from cosegbench import Dataset

CACHE_BYTES = 2 * 1024**3
"""Data sets whose squares fit in this many bytes are decoded once and kept in memory."""
BYTES_A_PIXEL = 7
"""Of a kept square: three channels of one byte, a class index of four."""
_WINDOW = 64
"""Pictures that are decoded at a time while all of them are read."""


@dataclass(frozen=True, slots=True)
class Squares:
    """A batch of square pictures.

    Args:
        pixels: (B, 3, S, S) uint8.
        labels: (B, S, S) int32 class indices; 65535 is no class.
    """

    pixels: torch.Tensor
    labels: torch.Tensor

    def to(self, device: str) -> Squares:
        """On that device; pixels and label maps travel as they are, a byte a channel and one index a pixel."""
        return Squares(self.pixels.to(device), self.labels.to(device))


class One(NamedTuple):
    """One square picture: (S, S, 3) uint8 pixels and (S, S) uint16 labels."""

    pixels: np.ndarray
    labels: np.ndarray


class LabelledPictures:
    """The pictures of one data set as squares of one side.

    Args:
        dataset: images and targets.
        size: side in pixels.
        geometry: ``square-crop`` (paper: centre crop to the short side, then resize) or ``squash`` (all of the image).
        ids: the image ids to use, default all of them.
        draft: decode JPEGs at a half, a quarter or an eighth of their size where that is still large enough.
        workers: threads that decode; decoders release the interpreter while they work.
    """

    def __init__(
        self,
        dataset: Dataset,
        size: int,
        geometry: Geometry,
        ids: Sequence[str] | None = None,
        *,
        draft: bool = False,
        workers: int = 1,
    ) -> None:
        self.dataset, self.size, self.geometry, self.draft, self.workers = dataset, size, geometry, draft, workers
        self.ids = tuple(dataset.image_ids if ids is None else ids)
        self._kept: Squares | None = None

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def kept(self) -> bool:
        """Whether all squares are in memory."""
        return self._kept is not None

    def keep(self, log: Callable[[str], None] = silent) -> None:
        """Decode everything, if it fits into :data:`CACHE_BYTES`; else leave each picture for when it is asked."""
        count = len(self.ids)
        if self.kept or not count or count * self.size**2 * BYTES_A_PIXEL > CACHE_BYTES:
            return
        pixels = torch.empty(count, 3, self.size, self.size, dtype=torch.uint8)
        labels = torch.empty(count, self.size, self.size, dtype=torch.int32)
        for place, one in enumerate(told(self._all(), count, "pictures read", log)):
            pixels[place] = torch.from_numpy(one.pixels).permute(2, 0, 1)
            labels[place] = torch.from_numpy(one.labels.astype(np.int32))
        self._kept = Squares(pixels, labels)

    def batch(self, picks: Sequence[int]) -> Squares:
        """The pictures at these places of ``ids``."""
        if self._kept is None:
            return stacked([future.result() for future in self.asked(picks)])
        chosen = torch.as_tensor(picks)
        return Squares(self._kept.pixels[chosen], self._kept.labels[chosen])

    def asked(self, picks: Iterable[int]) -> list[Future[One]]:
        """Begin to decode the pictures at these places."""
        return [self._pool.submit(self._one, pick) for pick in picks]

    def _one(self, pick: int) -> One:
        return One(*read_square(self.dataset, self.ids[pick], self.size, self.geometry, draft=self.draft))

    def _all(self) -> Iterable[One]:
        places = iter(range(len(self.ids)))
        # In windows, because a pool is handed all of its work at once and would keep every result.
        while window := list(islice(places, _WINDOW)):
            yield from (future.result() for future in self.asked(window))

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(max(1, self.workers), thread_name_prefix="pictures")


def stacked(every: Sequence[One]) -> Squares:
    """A batch of single squares."""
    pixels = torch.from_numpy(np.stack([one.pixels for one in every])).permute(0, 3, 1, 2).contiguous()
    labels = torch.from_numpy(np.stack([one.labels for one in every]).astype(np.int32))
    return Squares(pixels, labels)
