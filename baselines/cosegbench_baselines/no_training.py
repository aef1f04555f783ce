"""The no-training pipeline: CLIP ranks the labels of an image, CLIPSeg draws them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from torch.nn import functional

from cosegbench import MaskSet, RankedLabels
from cosegbench.errors import DataError, RequestError
from cosegbench.files import file_digest
from cosegbench.text import TextRule
from cosegbench_baselines.class_text import class_embeddings
from cosegbench_baselines.clipseg_source import LoadedClipSeg, load_clipseg
from cosegbench_baselines.devices import check_device
from cosegbench_baselines.pixels import normalise, squash
from cosegbench_baselines.precision import Precision, check_precision, computing, store
from cosegbench_baselines.sources import CLIP_HUB_ID, MINIATURE, LoadedClip, load_clip

if TYPE_CHECKING:
    from PIL import Image

    from cosegbench import Dataset

Variant = Literal["paper", "authors"]
TRUE = "true"


@dataclass(slots=True)
class NoTraining:
    """Both stages, loaded.

    Args:
        clipseg: draws.
        clip: picks the labels; None leaves it to CLIPSeg's own towers (authors' code).
        k: labels an image; None until :meth:`tune` settles it.
        labels: given labels by image id, as class names; None for the first stage; empty until :meth:`tune` reads them.
        about: for the record.
        device: torch device.
        precision: of the image towers and the decoder.
    """

    clipseg: LoadedClipSeg
    clip: LoadedClip | None
    k: int | None
    labels: Mapping[str, Sequence[str]] | None
    about: dict[str, Any]
    device: str
    precision: Precision = "float32"
    _names: dict[str, int] = field(default_factory=dict)
    _rank_text: torch.Tensor = field(default_factory=lambda: torch.empty(0, 0))
    _draw_text: torch.Tensor = field(default_factory=lambda: torch.empty(0, 0))

    @property
    def input_size(self) -> int:
        """Side in pixels of CLIPSeg's square input."""
        return self.clipseg.once.image_size

    def tune(self, dataset: Dataset) -> None:
        """Read the ground truth of every image: its classes by area (``labels=true``), or how many (``k=auto``)."""
        classes = {image_id: _classes(dataset.target(image_id)) for image_id in dataset.image_ids}
        if self.k is None:
            self.k = auto_k([len(found) for found in classes.values()])
            self.about["k"] = self.k
        if self.about["labels"] == TRUE:
            names = dataset.vocabulary.names
            self.labels = {image_id: [names[index] for index in found] for image_id, found in classes.items()}

    def prepare(self, names: Sequence[str], text: TextRule) -> None:
        """Encode the names for both stages."""
        self._names = {name: index for index, name in enumerate(names)}
        self._draw_text = class_embeddings(self.clipseg.text, self.clipseg.text_digest, names, text)
        ranks = self._draw_text
        if self.clip is not None:
            ranks = class_embeddings(self.clip.clip, self.clip.digest, names, text)
        self._rank_text = functional.normalize(ranks, dim=-1)

    def rank(self, images: Sequence[Image.Image]) -> list[RankedLabels]:
        """The k labels of highest cosine of each image; equal cosines in the order of the vocabulary."""
        return self._rank(self._embed(images))

    @torch.no_grad()
    def predict(self, images: Sequence[Image.Image]) -> list[MaskSet]:
        """Masks of the labels of each image; the similarity of a mask to a class is that of its label's text."""
        once, one_tower = self.clipseg.once, self.labels is None and self.clip is None
        with computing(self.precision, self.device):
            taps, pooled = once.encode(self._pixels(images), pooled=one_tower)
        if self.labels is not None:
            chosen = [self._given(image) for image in images]
        else:
            chosen = [ranked.labels for ranked in self._rank(self._embed(images) if pooled is None else pooled)]
        unit = functional.normalize(self._draw_text, dim=-1)
        found = []
        for place, labels in enumerate(chosen):
            index = torch.tensor(labels, dtype=torch.long, device=self.device)
            if len(labels):
                one = tuple(tap[place : place + 1] for tap in taps)
                with computing(self.precision, self.device):
                    logits = once.decode(one, self._draw_text[index].unsqueeze(0))[0]
                masks = logits.float().sigmoid_()
            else:
                masks = torch.empty(0, self.input_size, self.input_size, device=self.device)
            found.append(MaskSet(masks, unit[index] @ unit.T, None, "cosine", 100.0))
        return found

    def facts(self) -> dict[str, Any]:
        """For the record."""
        return dict(self.about)

    def _pixels(self, images: Sequence[Image.Image]) -> torch.Tensor:
        """What CLIPSeg sees."""
        rule = self.clipseg.pixels
        return normalise(squash(images, self.input_size, rule.resample).to(self.device), rule)

    @torch.no_grad()
    def _embed(self, images: Sequence[Image.Image]) -> torch.Tensor:
        """Image embeddings (B, width) of the tower that picks the labels, not normalised."""
        if self.clip is None:
            with computing(self.precision, self.device):
                _, pooled = self.clipseg.once.encode(self._pixels(images), pooled=True)
        else:
            size, rule = self.clip.clip.image_size, self.clip.pixels
            pixels = normalise(squash(images, size, rule.resample).to(self.device), rule)
            with computing(self.precision, self.device):
                pooled = self.clip.clip.encode_image(pixels, patches=False).pooled
        assert pooled is not None
        return pooled

    def _rank(self, pooled: torch.Tensor) -> list[RankedLabels]:
        """The labels of image embeddings (B, width)."""
        cosines = functional.normalize(pooled.float(), dim=-1) @ self._rank_text.T
        scores, order = cosines.sort(dim=1, descending=True, stable=True)
        k = min(self.k or len(self._names), len(self._names))
        return [
            RankedLabels(tuple(labels), tuple(values))
            for labels, values in zip(order[:, :k].tolist(), scores[:, :k].tolist(), strict=True)
        ]

    def _given(self, image: Image.Image) -> tuple[int, ...]:
        image_id = str(image.info.get("image_id"))
        assert self.labels is not None
        if image_id not in self.labels:
            raise DataError(f"labels {self.about['labels']}: image {image_id!r} has no line.")
        names = self.labels[image_id]
        unknown = [name for name in names if name not in self._names]
        if unknown:
            raise DataError(
                f"labels {self.about['labels']}: image {image_id!r} names {unknown[0]!r}, "
                "which is no class of this data set."
            )
        return tuple(self._names[name] for name in names)


def auto_k(counts: Sequence[int]) -> int:
    """Mean plus two (population) standard deviations of the classes an image has, rounded up (paper, figure 6)."""
    return max(1, math.ceil(float(np.mean(counts) + 2 * np.std(counts))))


def _classes(target: np.ndarray) -> list[int]:
    """Classes of a target, largest area first, equal areas in ascending order."""
    values, areas = np.unique(target[target != np.uint16(65535)], return_counts=True)
    return [int(value) for value in values[np.argsort(-areas, kind="stable")]]


def load_no_training(
    weights: str,
    clip: str,
    variant: Variant,
    k: int | Literal["auto"],
    labels: str,
    device: str,
    precision: Precision = "float32",
) -> NoTraining:
    """Load both stages; arguments as :class:`cosegbench_baselines.predictors.CoSegNoTraining`."""
    if k != "auto" and k < 1:
        raise RequestError(f"k is {k}; give 1 or more, or auto.")
    check_device(device)
    check_precision(precision, device)
    clipseg = load_clipseg(weights)
    own = weights == MINIATURE or (Path(weights).expanduser() / "clip.json").is_file()
    picks = load_clip(clip or (weights if own else CLIP_HUB_ID)) if variant == "paper" else None
    for part in (clipseg.once, clipseg.text, picks.clip if picks else None):
        if part is not None:
            part.to(device)
    _store(clipseg.once.model.clip, precision)
    store(clipseg.once.model.decoder, precision)
    if picks is not None:
        _store(picks.clip.model, precision)
    about: dict[str, Any] = {
        "weights": clipseg.source,
        "weights_digest": clipseg.digest,
        "revision": clipseg.revision,
        "variant": variant,
        "k": k,
        "labels": labels or "first stage",
        "clip": _clip_facts(picks),
        "precision": precision,
    }
    given: Mapping[str, Sequence[str]] | None = None
    if labels == TRUE:
        given, about["reference"] = {}, "ceiling: true labels given"
    elif labels:
        given, about["labels_digest"] = read_labels(Path(labels)), file_digest(Path(labels))
    return NoTraining(clipseg, picks, None if k == "auto" else k, given, about, device, precision)


def _store(clip: Any, precision: Precision) -> None:
    """The image half of a CLIP in ``precision``; its text half stays as it is."""
    store(clip.vision_model, precision)
    store(clip.visual_projection, precision)


def _clip_facts(picks: LoadedClip | None) -> dict[str, Any] | str:
    if picks is None:
        return "CLIPSeg's own"
    return {"source": picks.source, "sha256": picks.digest, "revision": picks.revision}


def read_labels(path: Path) -> dict[str, list[str]]:
    """A file that ``cosegbench labels`` wrote: one JSON object a line with ``image_id`` and ``names``.

    Raises:
        RequestError: there is no such file.
        DataError: a line is no such object.
    """
    if not path.is_file():
        raise RequestError(f"labels {path}: there is no such file; `cosegbench labels --out FILE` writes one.")
    try:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        return {str(row["image_id"]): [str(name) for name in row["names"]] for row in rows}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"labels {path}: expected one object a line with image_id and names ({error}).") from error
