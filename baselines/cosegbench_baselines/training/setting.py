"""What every step of a CoSeg training needs: the frozen CLIP, the anchors, the pictures and the recipe."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from cosegbench.errors import MissingDataError, RequestError
from cosegbench.text import UNLABELED, TextRule
from cosegbench.training import TrainRequest
from cosegbench_baselines.backbone import ImageFeatures
from cosegbench_baselines.config import Variant
from cosegbench_baselines.pixels import normalise
from cosegbench_baselines.sources import CLIP_HUB_ID, LoadedClip, load_clip
from cosegbench_baselines.training.feed import Feed
from cosegbench_baselines.training.order import batch_places
from cosegbench_baselines.training.overrides import override
from cosegbench_baselines.training.parts import Part, step_rng
from cosegbench_baselines.training.pictures import LabelledPictures, Squares
from cosegbench_baselines.training.provenance import clip_beside
from cosegbench_baselines.training.ranges import check_fit, check_ranges
from cosegbench_baselines.training.recipes import DROPPED_NAMES, Recipe, recipe_for
from cosegbench_baselines.training.windows import augmented

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
        seed: of the training.
        content: digest of the label files and of how they are read; computed once, because it reads all of them.
    """

    loaded: LoadedClip
    anchors: torch.Tensor
    train: LabelledPictures
    held_out: LabelledPictures
    recipe: Recipe
    device: str
    seed: int
    content: str

    @property
    def classes(self) -> int:
        """K, names without pixels included."""
        return len(self.anchors) - 1


def prepare(request: TrainRequest, folder: Path, variant: Variant = "prefix") -> Setting:
    """CLIP, anchors, the settled recipe, and the pictures, of which none is read yet.

    Args:
        request: ``options`` are ``clip`` and fields of the recipe.
        folder: where the checkpoint will lie; the miniature's CLIP is looked for there first.
        variant: of the label model.

    Raises:
        MissingDataError: no data set was given.
        RequestError: an option out of its range, validation without held-out pictures, or parts that do not divide a
            batch.
    """
    dataset = request.dataset
    if dataset is None:
        raise MissingDataError("training CoSeg needs --dataset, for instance coco-stuff or miniature-coco-stuff.")
    options = dict(request.options)
    source = options.pop("clip", clip_beside(folder) if dataset.world == "miniature" else CLIP_HUB_ID)
    how = override(recipe_for(request.recipe, dataset.world, variant), options)
    check_ranges(how)
    rule = TextRule(how.anchors.template)
    loaded = load_clip(source, near=folder)
    check_fit(how, loaded.clip.width, loaded.clip.image_size)
    loaded.clip.to(request.device)
    dropped = DROPPED_NAMES if how.anchors.dropped_names else ()
    anchors = loaded.clip.encode_text(rule.sentences([*dataset.vocabulary.names, *dropped, UNLABELED]))
    train, held_out = _pictures(dataset, loaded.clip.image_size, how, request.threads)
    how = settled(how, len(train))
    if how.schedule.validate_every and not len(held_out):
        raise RequestError("training option validate_every needs held-out pictures; give holdout as well.")
    request.log(f"{len(train)} pictures, {len(held_out)} held out, {how.schedule.steps} steps of {how.schedule.batch}.")
    return Setting(loaded, anchors, train, held_out, how, request.device, request.seed, dataset.content_digest())


def settled(how: Recipe, pictures: int) -> Recipe:
    """``how`` with epochs counted in steps, for that many pictures to learn from.

    Raises:
        RequestError: the parts do not divide a batch.
    """
    schedule = how.schedule
    schedule.check_parts(pictures)
    epoch = math.ceil(pictures / schedule.batch)
    if schedule.steps == 0:
        schedule = replace(schedule, steps=how.epochs * epoch)
    if schedule.decay == "step" and schedule.decay_every == 0:
        schedule = replace(schedule, decay_every=how.decay_epochs * epoch)
    return replace(how, schedule=schedule)


def _pictures(dataset: Dataset, size: int, how: Recipe, threads: int) -> tuple[LabelledPictures, LabelledPictures]:
    """To learn from, and to measure on."""
    ids, draft = dataset.image_ids, how.pictures.draft
    held = round(how.pictures.holdout * len(ids))
    train = LabelledPictures(dataset, size, how.pictures.geometry, ids[: len(ids) - held], draft=draft, workers=threads)
    # what is measured is what inference does: the whole picture squashed
    return train, LabelledPictures(dataset, size, "squash", ids[len(ids) - held :], workers=threads)


def data_identity(setting: Setting) -> str:
    """What the pictures, their labels and the names of their classes are, for resuming."""
    dataset = setting.train.dataset
    options = json.dumps(dict(dataset.options), sort_keys=True)
    which = f"{dataset.id} {dataset.split} {options} {len(setting.train)} {dataset.image_list_digest}"
    return f"{which} {dataset.vocabulary.digest} {setting.content}"


def facts(setting: Setting) -> dict[str, Any]:
    """What a checkpoint's JSON says about its training, beside what every training says."""
    dataset = setting.train.dataset
    data: Mapping[str, Any] = {
        "dataset": dataset.id,
        "split": dataset.split,
        "options": dict(dataset.options),
        "content_sha256": setting.content,
        "vocabulary_sha256": dataset.vocabulary.digest,
        "trained_on": len(setting.train),
        "held_out": len(setting.held_out),
    }
    return {
        "settings": asdict(setting.recipe),
        "clip": {"source": setting.loaded.source, "sha256": setting.loaded.digest},
        "data": data,
    }


def autocast(setting: Setting) -> torch.autocast:
    """The networks' precision; losses are computed outside of it."""
    kind = torch.device(setting.device).type
    return torch.autocast(kind, dtype=torch.bfloat16, enabled=setting.recipe.schedule.precision == "bf16")


def encode(setting: Setting, pixels: torch.Tensor, taps: tuple[int, ...]) -> ImageFeatures:
    """Features of (B, 3, S, S) uint8 pixels from the frozen CLIP."""
    normal = normalise(pixels.to(setting.device), setting.loaded.pixels)
    return setting.loaded.clip.encode_image(normal, taps, norm_patches=setting.recipe.sizes.norm_patches)


def feed_for(setting: Setting, mine: range) -> Feed:
    """The training pictures of a process that computes the parts ``mine``."""

    def places(step: int) -> list[int]:
        return _places(setting, step)[0]

    return Feed(setting.train, places, mine, setting.recipe.schedule.steps)


def draw_squares(setting: Setting, feed: Feed, part: Part) -> Squares:
    """The augmented pictures of one part, on the training's device."""
    # A batch of one part goes on with the generator that drew its pictures, as it did before there were parts.
    rng = _places(setting, part.step)[1] if part.count == 1 else part.rng()
    how = setting.recipe.pictures
    return augmented(feed.squares(part).to(setting.device), rng, how.smallest, how.mirror)


def _places(setting: Setting, step: int) -> tuple[list[int], Any]:
    """The pictures of a step, and the generator after they were drawn."""
    rng = step_rng(setting.seed, step)
    how = setting.recipe
    return batch_places(how.pictures.order, setting.seed, step, how.schedule.batch, len(setting.train), rng), rng
