"""Pictures with the masks of phrases: what CLIPSeg learns from (PhraseCut for the published one)."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from cosegbench.errors import MissingDataError
from cosegbench.training import silent
from cosegbench_baselines.pixels import squash
from cosegbench_baselines.training.progress import told


@dataclass(frozen=True, slots=True)
class PhraseMasks:
    """Pictures, each with the phrases that are true of it and their masks.

    Args:
        pixels: (n, 3, S, S) uint8, the whole picture squashed.
        phrases: for each picture.
        masks: for each picture (its phrases, S, S) uint8 of 0 and 1.
        digest: sha256 of the phrase file.
    """

    pixels: torch.Tensor
    phrases: tuple[tuple[str, ...], ...]
    masks: tuple[torch.Tensor, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class PhraseFile:
    """A phrase file that was read, its pictures not.

    Args:
        root: the data root.
        rows: of the file (``image``, ``phrase``, compressed RLE ``mask``), by image.
        digest: sha256 of the file.
    """

    root: Path
    rows: Mapping[str, Sequence[Mapping[str, Any]]]
    digest: str

    def load(self, side: int, log: Callable[[str], None] = silent) -> PhraseMasks:
        """Read every picture and decode every mask, squashed to ``side``."""
        from PIL import Image

        pixels = torch.empty(len(self.rows), 3, side, side, dtype=torch.uint8)
        masks = []
        for index, name in enumerate(told(self.rows, len(self.rows), "pictures with phrases read", log)):
            with Image.open(self.root / name) as image:
                pixels[index] = squash([image], side, Image.Resampling.BILINEAR)[0]
            masks.append(torch.stack([_mask(row["mask"], side) for row in self.rows[name]]))
        phrases = tuple(tuple(row["phrase"] for row in group) for group in self.rows.values())
        return PhraseMasks(pixels, phrases, tuple(masks), self.digest)


def open_phrases(data_root: Path) -> PhraseFile:
    """Read ``miniature/phrases_train.jsonl`` under ``data_root``.

    Raises:
        MissingDataError: the file is not there.
    """
    path = data_root / "miniature" / "phrases_train.jsonl"
    if not path.is_file():
        raise MissingDataError(
            f"phrases: {path} is not there. `cosegbench datasets miniature --out {data_root}` draws it."
        )
    blob = path.read_bytes()
    rows: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for line in blob.decode("utf-8").splitlines():
        row = json.loads(line)
        rows[row["image"]].append(row)
    return PhraseFile(data_root, dict(rows), hashlib.sha256(blob).hexdigest())


def _mask(rle: Mapping[str, Any], side: int) -> torch.Tensor:
    from pycocotools import mask as codec

    full = torch.from_numpy(codec.decode({"size": list(rle["size"]), "counts": rle["counts"].encode()}))
    return functional.interpolate(full[None, None].float(), (side, side), mode="nearest-exact")[0, 0].to(torch.uint8)


def choose_phrases(
    own: Sequence[str],
    near: Mapping[str, frozenset[str]],
    every: Sequence[str],
    count: int,
    positives: int,
    rng: np.random.Generator,
) -> tuple[list[int], list[str]]:
    """Which phrases to ask about one picture.

    Args:
        own: phrases that are true of it.
        near: for each phrase, the phrases that mean nearly the same; never asked as absent.
        every: all phrases of the corpus.
        count: phrases to return.
        positives: at most this many of them are true.
        rng: decides.

    Returns:
        Places in ``own`` of the true ones, and the absent ones.
    """
    true = [int(place) for place in rng.permutation(len(own))[:positives]]
    banned = set().union(*(near[phrase] for phrase in own))
    absent: list[str] = []
    for place in rng.permutation(len(every)):
        if len(true) + len(absent) == count:
            break
        if every[place] not in banned:
            absent.append(every[place])
    return true, absent


def near_phrases(phrases: Sequence[str], embeddings: torch.Tensor, threshold: float) -> dict[str, frozenset[str]]:
    """For each phrase those whose text embedding has at least this cosine with its own, itself among them."""
    unit = functional.normalize(embeddings, dim=-1)
    close = (unit @ unit.T >= threshold).tolist()
    return {
        phrase: frozenset({phrase, *(other for other, is_close in zip(phrases, row, strict=True) if is_close)})
        for phrase, row in zip(phrases, close, strict=True)
    }
