"""Recipes by name, and how ``--set key=value`` changes one of their fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from cosegbench.errors import RequestError, UnknownNameError
from cosegbench_baselines.config import FilmOrder
from cosegbench_baselines.losses import LossConfig
from cosegbench_baselines.training.loop import Schedule
from cosegbench_baselines.training.pictures import Geometry

_T = TypeVar("_T")


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
    """

    geometry: Geometry = "square-crop"
    smallest: float = 1.0
    mirror: bool = False
    holdout: float = 0.0


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
    """

    schedule: Schedule = field(default_factory=lambda: Schedule(steps=0, batch=32, lr=1e-4, min_lr=1e-6))
    epochs: int = 100
    loss: LossConfig = field(default_factory=LossConfig)
    sizes: Sizes = field(default_factory=Sizes)
    pictures: Pictures = field(default_factory=Pictures)
    warm: Warm = field(default_factory=Warm)


MINIATURE_SIZES = Sizes(
    queries=12, blocks=4, feedforward=512, reduce=64, taps=(2, 4, 6), decoder_feedforward=256, condition="unit"
)
"""On a CLIP of six layers of width 128, in both recipes. Conditions have one length, so that a label token and a text
embedding are interchangeable."""

RECIPES: Mapping[str, Recipe] = {
    "paper": Recipe(),
    "miniature": Recipe(
        schedule=Schedule(steps=700, batch=32, lr=1e-3, min_lr=1e-5, warmup=50, weight_decay=1e-4, clip_norm=1.0),
        loss=LossConfig(language="vocabulary", pairing="matching", language_weight=1.0, dice_weight=0.5),
        sizes=MINIATURE_SIZES,
        pictures=Pictures("squash", 0.7, True, 0.05),
        warm=Warm(decoder="coseg-decoder.safetensors", freeze=True, mask_queries=2, snap=True),
    ),
}
"""``paper`` as written; ``miniature`` what works in minutes on two cores."""

MINIATURE_PAPER_STEPS = 500
"""Optimiser steps of ``paper`` on the miniature, where 100 epochs would take a day."""


def recipe_for(name: str, world: str) -> Recipe:
    """A recipe by name; on the miniature ``paper`` keeps everything but the sizes and the number of steps.

    Raises:
        UnknownNameError: no such recipe.
    """
    if name not in RECIPES:
        raise UnknownNameError("recipe", name, RECIPES)
    recipe = RECIPES[name]
    if name == "paper" and world == "miniature":
        return replace(
            recipe,
            sizes=MINIATURE_SIZES,
            schedule=replace(recipe.schedule, steps=MINIATURE_PAPER_STEPS),
            pictures=replace(recipe.pictures, holdout=0.05),
        )
    return recipe


def override(base: _T, options: Mapping[str, str]) -> _T:
    """``base`` with the named fields replaced.

    Args:
        base: a dataclass of numbers, texts, booleans, tuples of integers, and dataclasses of these.
        options: field, or part.field, to text.

    Raises:
        UnknownNameError: no such field.
        RequestError: a value that does not read as the field's type.
    """
    paths = dict(_paths(base))
    for name, text in options.items():
        if name not in paths:
            raise UnknownNameError("training option", name, paths)
        base = _replaced(base, paths[name], text)
    return base


def _paths(base: Any) -> list[tuple[str, tuple[str, ...]]]:
    """Every name of a field: its own, and for those of a part ``part.field``."""
    found: list[tuple[str, tuple[str, ...]]] = []
    for entry in fields(base):
        value = getattr(base, entry.name)
        if is_dataclass(value):
            for inner in fields(value):
                found += [
                    (inner.name, (entry.name, inner.name)),
                    (f"{entry.name}.{inner.name}", (entry.name, inner.name)),
                ]
        else:
            found.append((entry.name, (entry.name,)))
    return found


def _replaced(base: Any, path: tuple[str, ...], text: str) -> Any:
    name = path[0]
    if len(path) > 1:
        return replace(base, **{name: _replaced(getattr(base, name), path[1:], text)})
    return replace(base, **{name: _read(name, text, get_type_hints(type(base))[name])})


_KINDS = {int: "a whole number", float: "a number"}


def _read(name: str, text: str, kind: Any) -> Any:
    if get_origin(kind) is Literal:
        if text not in get_args(kind):
            raise RequestError(f"training option {name}: expected one of {', '.join(get_args(kind))}, got {text!r}.")
        return text
    if kind is bool:
        if text.lower() not in ("true", "false"):
            raise RequestError(f"training option {name}: expected true or false, got {text!r}.")
        return text.lower() == "true"
    try:
        if get_origin(kind) is tuple:
            return tuple(int(part) for part in text.split(","))
        return kind(text)
    except ValueError as error:
        raise RequestError(f"training option {name}: {text!r} is not {_KINDS.get(kind, kind)}.") from error
