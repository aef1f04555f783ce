"""What every step of a CoSeg training needs: the frozen CLIP, the anchors, the pictures and the recipe."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from cosegbench.errors import MissingDataError
from cosegbench.text import UNLABELED, TextRule
from cosegbench_baselines.backbone import ImageFeatures
from cosegbench_baselines.pixels import normalise
from cosegbench_baselines.sources import CLIP_HUB_ID, LoadedClip, load_clip
from cosegbench_baselines.training.pictures import LabelledPictures, augmented
from cosegbench_baselines.training.provenance import clip_beside
from cosegbench_baselines.training.recipes import Recipe, override, recipe_for

if TYPE_CHECKING:
    from cosegbench import Dataset


@dataclass(frozen=True, slots=True)
class Setting:
    """What every step of one training needs.

    Args:
        loaded: the frozen CLIP.
        anchors: (K+1, width) text embeddings of the labels, "unlabeled" last.
        train: pictures to learn from.
        held_out: pictures to measure on; may be empty.
        recipe: all numbers; ``schedule.steps`` is settled.
        device: torch device.
    """

    loaded: LoadedClip
    anchors: torch.Tensor
    train: LabelledPictures
    held_out: LabelledPictures
    recipe: Recipe
    device: str


def stem(path: Path) -> Path:
    """``path`` without ``.safetensors``: where the state and the curve of a training go."""
    return path.with_name(path.name.removesuffix(".safetensors"))


def prepare(
    dataset: Dataset | None,
    folder: Path,
    recipe: str,
    device: str,
    options: Mapping[str, str],
    log: Callable[[str], None],
) -> Setting:
    """CLIP, anchors, pictures and the settled recipe.

    Args:
        dataset: images and label maps.
        folder: where the checkpoint will lie; the miniature's CLIP is looked for there first.
        recipe: by name.
        device: torch device.
        options: ``clip`` and fields of the recipe.
        log: receives a line.

    Raises:
        MissingDataError: no data set was given.
    """
    if dataset is None:
        raise MissingDataError("training CoSeg needs --dataset, for instance coco-stuff or miniature-coco-stuff.")
    options = dict(options)
    source = options.pop("clip", clip_beside(folder) if dataset.world == "miniature" else CLIP_HUB_ID)
    how = override(recipe_for(recipe, dataset.world), options)
    loaded = load_clip(source, near=folder)
    loaded.clip.to(device)
    names = [*dataset.vocabulary.names, UNLABELED]
    anchors = loaded.clip.encode_text(TextRule().sentences(names))
    size, geometry, ids = loaded.clip.image_size, how.pictures.geometry, dataset.image_ids
    held = round(how.pictures.holdout * len(ids))
    train = LabelledPictures(dataset, size, geometry, ids[: len(ids) - held])
    # what is measured is what inference does: the whole picture squashed
    held_out = LabelledPictures(dataset, size, "squash", ids[len(ids) - held :])
    if how.schedule.steps == 0:
        steps = how.epochs * math.ceil(len(train) / how.schedule.batch)
        how = replace(how, schedule=replace(how.schedule, steps=steps))
    log(f"{len(train)} pictures, {held} held out, {how.schedule.steps} steps of {how.schedule.batch}.")
    return Setting(loaded, anchors, train, held_out, how, device)


def data_identity(setting: Setting) -> str:
    """What the pictures are, for resuming."""
    dataset = setting.train.dataset
    return f"{dataset.id} {dataset.split} {len(setting.train)} {dataset.image_list_digest}"


def facts(setting: Setting, recipe: str, seed: int) -> dict[str, Any]:
    """What a checkpoint's JSON says about its training."""
    dataset = setting.train.dataset
    return {
        "recipe": recipe,
        "seed": seed,
        "settings": asdict(setting.recipe),
        "clip": {"source": setting.loaded.source, "sha256": setting.loaded.digest},
        "data": {
            "dataset": dataset.id,
            "split": dataset.split,
            "options": dict(dataset.options),
            "content_sha256": dataset.content_digest(),
            "vocabulary_sha256": dataset.vocabulary.digest,
            "trained_on": len(setting.train),
            "held_out": len(setting.held_out),
        },
    }


def encode(setting: Setting, pixels: torch.Tensor, taps: tuple[int, ...]) -> ImageFeatures:
    """Features of (B, 3, S, S) uint8 pixels from the frozen CLIP."""
    normal = normalise(pixels.to(setting.device), setting.loaded.pixels)
    return setting.loaded.clip.encode_image(normal, taps, norm_patches=setting.recipe.sizes.norm_patches)


def draw_batch(setting: Setting, rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Pixels (B, 3, S, S) uint8 and labels (B, S, S) of one step."""
    how = setting.recipe
    picks = rng.choice(len(setting.train), min(how.schedule.batch, len(setting.train)), replace=False).tolist()
    squares = augmented(setting.train.batch(picks), rng, how.pictures.smallest, how.pictures.mirror)
    return squares.pixels, squares.labels.to(setting.device)
