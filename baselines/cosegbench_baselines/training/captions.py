"""Captioned pictures in memory, and the batches that a contrastive loss draws from them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cosegbench.errors import MissingDataError, RequestError
from cosegbench.training import silent
from cosegbench_baselines.pixels import squash
from cosegbench_baselines.training.progress import told


@dataclass(frozen=True, slots=True)
class Captioned:
    """Pictures with their captions.

    Args:
        pixels: (n, 3, side, side) uint8, the whole picture squashed to a square.
        captions: for each picture, at least one text.
        concepts: for each picture what it is a close-up of, or "" for a scene.
        digest: sha256 of the caption file.
    """

    pixels: torch.Tensor
    captions: tuple[tuple[str, ...], ...]
    concepts: tuple[str, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class CaptionFile:
    """A caption file that was read, its pictures not.

    Args:
        root: the data root.
        rows: of the file: ``image``, ``captions``, and for close-ups ``concept``.
        digest: sha256 of the file.
    """

    root: Path
    rows: tuple[Mapping[str, Any], ...]
    digest: str

    def load(self, side: int, log: Callable[[str], None] = silent) -> Captioned:
        """Read every picture, squashed to ``side``."""
        from PIL import Image

        pixels = torch.empty(len(self.rows), 3, side, side, dtype=torch.uint8)
        for index, row in enumerate(told(self.rows, len(self.rows), "captioned pictures read", log)):
            with Image.open(self.root / row["image"]) as image:
                pixels[index] = squash([image], side, Image.Resampling.BICUBIC)[0]
        return Captioned(
            pixels,
            tuple(tuple(row["captions"]) for row in self.rows),
            tuple(row.get("concept", "") for row in self.rows),
            self.digest,
        )


def open_captions(data_root: Path, split: str) -> CaptionFile:
    """Read ``miniature/captions_<split>.jsonl`` under ``data_root``.

    Raises:
        MissingDataError: the caption file is not there.
    """
    path = data_root / "miniature" / f"captions_{split}.jsonl"
    if not path.is_file():
        raise MissingDataError(
            f"captions: {path} is not there. `cosegbench datasets miniature --out {data_root}` draws it."
        )
    blob = path.read_bytes()
    rows = tuple(json.loads(line) for line in blob.decode("utf-8").splitlines() if line.strip())
    return CaptionFile(data_root, rows, hashlib.sha256(blob).hexdigest())


def held_apart(data: Captioned, share: float) -> tuple[Captioned, Captioned]:
    """Pictures to learn from and pictures to measure on: every (1/share)-th, so that both hold all kinds and concepts.

    Args:
        data: all of them.
        share: of those to measure on, 0..0.5; 0 keeps all to learn from.

    Raises:
        RequestError: a share outside 0..0.5.
    """
    if not 0 <= share <= 0.5:
        raise RequestError(f"training option holdout is {share}; give a share from 0 to 0.5.")
    every = round(1 / share) if share else len(data.captions) + 1
    kept = [index for index in range(len(data.captions)) if index % every == every - 1]
    others = [index for index in range(len(data.captions)) if index % every != every - 1]
    return _some(data, others), _some(data, kept)


def _some(data: Captioned, places: list[int]) -> Captioned:
    return Captioned(
        data.pixels[places],
        tuple(data.captions[place] for place in places),
        tuple(data.concepts[place] for place in places),
        data.digest,
    )


def centred(data: Captioned, size: int) -> Captioned:
    """The middle ``size`` square of every (side >= size) picture."""
    first = (data.pixels.shape[-1] - size) // 2
    return replace(data, pixels=data.pixels[..., first : first + size, first : first + size])


def shifted(pixels: torch.Tensor, size: int, rng: np.random.Generator) -> torch.Tensor:
    """A random ``size`` square out of each (side >= size) picture, mirrored half of the time."""
    room = pixels.shape[-1] - size
    tops, lefts = rng.integers(0, room + 1, len(pixels)), rng.integers(0, room + 1, len(pixels))
    mirrored = rng.random(len(pixels)) < 0.5
    cuts = []
    for picture, top, left, mirror in zip(pixels, tops, lefts, mirrored, strict=True):
        cut = picture[:, top : top + size, left : left + size]
        cuts.append(cut.flip(-1) if mirror else cut)
    return torch.stack(cuts)


FUNCTION_WORDS = frozenset({"a", "an", "and", "is", "of", "photo", "picture", "there", "with"})
"""Words of captions that name nothing."""


@lru_cache(maxsize=1 << 16)
def content(text: str) -> frozenset[str]:
    """The words of a caption that name something."""
    return frozenset(re.findall(r"[a-z]+", text.lower())) - FUNCTION_WORDS


def unique_texts(
    chosen: Sequence[str], known: Sequence[Sequence[str]], *, entailed: bool = False
) -> tuple[list[str], torch.Tensor]:
    """The distinct texts of a batch and which pictures they are true of.

    Args:
        chosen: one caption a picture.
        known: all captions of each picture; a text among them is a positive of the picture too.
        entailed: so is a text whose words all occur in the picture's captions. Without this "a photo of a dog" counts
            against every scene with a dog in it, and scenes are then not found by the names of what they show.

    Returns:
        M texts, and (B, M) bool positives; each row and each column holds at least one.
    """
    texts = sorted(set(chosen))
    positive = torch.zeros(len(chosen), len(texts), dtype=torch.bool)
    for row, (own, all_of_it) in enumerate(zip(chosen, known, strict=True)):
        every = {own, *all_of_it}
        words = frozenset().union(*map(content, every)) if entailed else frozenset()
        for column, text in enumerate(texts):
            positive[row, column] = text in every or (entailed and content(text) <= words)
    return texts, positive
