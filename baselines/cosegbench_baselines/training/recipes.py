"""Recipes by name: the paper's, that of the authors' code, and the miniature's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from cosegbench.errors import UnknownNameError
from cosegbench.text import AUTHORS_TEMPLATE, PAPER_TEMPLATE
from cosegbench_baselines.config import FilmOrder, Variant
from cosegbench_baselines.losses import LossConfig
from cosegbench_baselines.training.order import Order
from cosegbench_baselines.training.schedule import Schedule
from cosegbench_baselines.training.squares import Geometry


@dataclass(frozen=True, slots=True)
class Sizes:
    """Sizes of a CoSeg system that its CLIP does not dictate; see :mod:`cosegbench_baselines.config` for each.

    The defaults are the paper's, for ViT-B/16. No taps means a quarter, a half and three quarters of the tower's depth,
    the paper's (3, 6, 9) of 12. ``decoder_`` stands before what the mask decoder has too.
    """

    queries: int = 20
    blocks: int = 8
    heads: int = 4
    feedforward: int = 2048
    dropout: float = 0.1
    query_std: float = 0.02
    norm_patches: bool = True
    final_norm: bool = False
    reduce: int = 128
    taps: tuple[int, ...] = ()
    decoder_heads: int = 4
    decoder_feedforward: int = 2048
    decoder_dropout: float = 0.1
    order: FilmOrder = "block-film"
    shared_film: bool = False
    condition: Literal["raw", "unit"] = "raw"
    keep_cls: bool = False

    def parts(self) -> dict[str, dict[str, Any]]:
        """The fields of the two halves of :class:`cosegbench_baselines.config.CoSegConfig`."""
        mine = ("queries", "blocks", "heads", "feedforward", "dropout", "query_std", "norm_patches", "final_norm")
        label = {name: getattr(self, name) for name in mine}
        masks = ("reduce", "taps", "order", "shared_film", "condition", "keep_cls")
        decoder = {name: getattr(self, name) for name in masks}
        for name in ("heads", "feedforward", "dropout"):
            decoder[name] = getattr(self, f"decoder_{name}")
        return {"label_model": label, "mask_decoder": decoder}


@dataclass(frozen=True, slots=True)
class Pictures:
    """How pictures reach the model; the defaults are the paper's.

    Args:
        geometry: ``square-crop`` or ``squash``.
        smallest: smallest random crop as a share of the side; 1 for none.
        mirror: mirror half of the pictures.
        holdout: share of the training pictures that is kept for validation and never trained on.
        order: ``epochs`` shows all pictures before any of them again; ``draw`` draws every batch anew.
        draft: decode JPEGs at a half, a quarter or an eighth of their size where that is large enough: faster, and
            nearly the same pixels.
    """

    geometry: Geometry = "square-crop"
    smallest: float = 1.0
    mirror: bool = False
    holdout: float = 0.0
    order: Order = "epochs"
    draft: bool = False


@dataclass(frozen=True, slots=True)
class Anchors:
    """The texts whose embeddings the label tokens should meet; the defaults are the paper's.

    Args:
        template: a sentence with one ``{}`` for the name.
        dropped_names: beside the names of the data set those of the ids that COCO-Stuff dropped
            (:data:`DROPPED_NAMES`). No pixel has them, so they count only where a loss compares with all names.
    """

    template: str = PAPER_TEMPLATE
    dropped_names: bool = False


@dataclass(frozen=True, slots=True)
class Warm:
    """How the mask decoder and the label model come together; the defaults are the paper's: all from scratch, at once.

    Args:
        decoder: checkpoint of a mask decoder (``coseg-decoder``) to start from; looked for beside the checkpoint, then
            in the shipped miniature.
        decoder_labels: labels asked of a picture in a step while that decoder is trained.
        freeze: leave that decoder as it is.
        mask_queries: draw the masks of this many random queries a step; 0 draws all. Fewer make a step cheaper. With
            ``matching`` the pairing then goes by labels alone.
        snap: at inference, condition the decoder on the text embedding of the label that is nearest to the token.
    """

    decoder: str = ""
    decoder_labels: int = 6
    freeze: bool = False
    mask_queries: int = 0
    snap: bool = False


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides a CoSeg training but the data, the CLIP and the seed.

    Args:
        epochs: passes over the data; used where ``schedule.steps`` is 0.
        decay_epochs: passes between two steps of the learning rate; used where ``schedule.decay`` is ``step`` and
            ``schedule.decay_every`` is 0.
    """

    schedule: Schedule = field(default_factory=lambda: Schedule(steps=0, batch=32, lr=1e-4, min_lr=1e-6))
    epochs: int = 100
    decay_epochs: int = 10
    loss: LossConfig = field(default_factory=LossConfig)
    sizes: Sizes = field(default_factory=Sizes)
    anchors: Anchors = field(default_factory=Anchors)
    pictures: Pictures = field(default_factory=Pictures)
    warm: Warm = field(default_factory=Warm)


DROPPED_NAMES = (
    "street sign",
    "hat",
    "shoe",
    "eye glasses",
    "plate",
    "mirror",
    "window",
    "desk",
    "door",
    "blender",
    "hair brush",
)
"""The eleven of COCO-Stuff's ids 1..182 that carry no pixels (12, 26, 29, 30, 45, 66, 68, 69, 71, 83, 91), in order."""

MINIATURE_SIZES = Sizes(
    queries=12, blocks=4, feedforward=512, reduce=64, taps=(2, 4, 6), decoder_feedforward=256, condition="unit"
)
"""On a CLIP of six layers of width 128, in all recipes. Conditions have one length, so that a label token and a text
embedding are interchangeable."""

PREFIX_AUTHORS = Recipe(
    schedule=Schedule(steps=0, batch=32, lr=1e-4, decay="step", decay_factor=0.7, weight_decay=1e-4),
    loss=LossConfig(language="vocabulary", dice_weight=0.18),
    sizes=Sizes(order="film-block", shared_film=True, decoder_feedforward=4 * 128, norm_patches=False, keep_cls=True),
    anchors=Anchors(AUTHORS_TEMPLATE, dropped_names=True),
)
"""The authors' script for prefix (v0.4). The rate at which it begins is not among the facts; the paper's is taken."""

XATTEN_AUTHORS = replace(
    PREFIX_AUTHORS,
    sizes=replace(PREFIX_AUTHORS.sizes, blocks=2 + 2, reduce=256, decoder_feedforward=2048, final_norm=True),
)
"""The authors' script for xatten (v0.3): half of the blocks that their evaluation builds, and a wider decoder."""

RECIPES: Mapping[str, Recipe] = {
    "paper": Recipe(),
    "authors": PREFIX_AUTHORS,
    "miniature": Recipe(
        schedule=Schedule(steps=700, batch=32, lr=1e-3, min_lr=1e-5, warmup=50, weight_decay=1e-4, clip_norm=1.0),
        loss=LossConfig(language="vocabulary", pairing="matching", language_weight=1.0, dice_weight=0.5),
        sizes=MINIATURE_SIZES,
        pictures=Pictures("squash", 0.7, True, 0.05, order="draw"),
        warm=Warm(decoder="coseg-decoder.safetensors", freeze=True, mask_queries=2, snap=True),
    ),
}
"""``paper`` as written; ``authors`` as their code trains prefix (:func:`recipe_for` knows xatten's); ``miniature`` what
works in minutes on two cores."""

_STRUCTURE = ("order", "shared_film", "norm_patches", "final_norm", "keep_cls")
"""Fields of :class:`Sizes` that say how a model is built, not how large it is."""

MINIATURE_PAPER_STEPS = 500
"""Optimiser steps of ``paper`` and ``authors`` on the miniature, where 100 epochs would take a day."""


def recipe_for(name: str, world: str, variant: Variant = "prefix") -> Recipe:
    """A recipe by name.

    On the miniature ``paper`` and ``authors`` keep everything but the sizes, the number of steps (in which the rate of
    ``authors`` still steps nine times), names that the miniature does not know, and the order of the pictures.

    Args:
        name: of the recipe.
        world: of the data set's card, ``real`` or ``miniature``.
        variant: of the label model; the authors train the two differently.

    Raises:
        UnknownNameError: no such recipe.
    """
    if name not in RECIPES:
        raise UnknownNameError("recipe", name, RECIPES)
    recipe = XATTEN_AUTHORS if (name, variant) == ("authors", "xatten") else RECIPES[name]
    if name == "miniature" or world != "miniature":
        return recipe
    kept = {name: getattr(recipe.sizes, name) for name in _STRUCTURE}
    return replace(
        recipe,
        sizes=replace(MINIATURE_SIZES, **kept),
        anchors=replace(recipe.anchors, dropped_names=False),
        schedule=replace(
            recipe.schedule,
            steps=MINIATURE_PAPER_STEPS,
            decay_every=MINIATURE_PAPER_STEPS // 10 if recipe.schedule.decay == "step" else 0,
        ),
        pictures=replace(recipe.pictures, holdout=0.05, order="draw"),
    )
